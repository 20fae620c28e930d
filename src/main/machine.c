// SPDX-License-Identifier: Apache-2.0
// Reads and tells what machine this is.
#include "main/machine.h"

#include "base/mem.h"
#include "base/str.h"
#include "boot/info/acpi.h"
#include "boot/info/boot_info.h"
#include "host/apic.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/numa.h"
#include "x86/insn.h"

/* Where BIOSes put the RSDP (ACPI 6.5, Finding the RSDP on IA-PC Systems). */
#define EBDA_SEGMENT_AT 0x40e
#define EBDA_BYTES 1024
#define BIOS_START 0xe0000
#define BIOS_BYTES 0x20000

static const u8 *rsdp_search(struct acpi_memory *memory, u64 start, u64 bytes)
{
	const u8 *area = memory->map(memory, start, bytes);
	u64 at = area ? acpi_find_rsdp(area, bytes) : bytes;

	return at < bytes ? area + at : NULL;
}

static const u8 *rsdp_find(const struct boot_info *boot, struct acpi_memory *memory)
{
	const u8 *segment = memory->map(memory, EBDA_SEGMENT_AT, 2);
	u64 ebda = segment ? (u64)load_u16(segment) << 4 : 0;
	const u8 *rsdp = NULL;

	if (boot->rsdp_bytes)
		return boot->rsdp;
	if (boot->rsdp_address.v)
		return memory->map(memory, boot->rsdp_address.v, ACPI_RSDP_BYTES_V2);
	if (ebda)
		rsdp = rsdp_search(memory, ebda, EBDA_BYTES);
	return rsdp ? rsdp : rsdp_search(memory, BIOS_START, BIOS_BYTES);
}

err_t machine_read_acpi(const struct boot_info *boot, struct acpi_memory *memory, struct acpi_info *acpi)
{
	const u8 *rsdp = rsdp_find(boot, memory);

	if (!rsdp)
		return ERR_NOENT;
	return acpi_parse(memory, rsdp, boot->rsdp_bytes ? boot->rsdp_bytes : ACPI_RSDP_BYTES_V2, acpi);
}

void machine_read_numa(const struct boot_info *boot, struct acpi_memory *memory)
{
	const u8 *rsdp = rsdp_find(boot, memory);

	host_numa_read(memory, rsdp, boot->rsdp_bytes ? boot->rsdp_bytes : ACPI_RSDP_BYTES_V2);
}

static void cpu_name(char name[49])
{
	name[0] = '\0';
	if (cpuid(0x80000000, 0).eax < 0x80000004)
		return;
	for (u32 i = 0; i < 3; i++) {
		struct cpuid_regs r = cpuid(0x80000002 + i, 0);

		memcpy(name + 16 * i, &r, 16);
	}
	name[48] = '\0';
}

void machine_tell(const struct acpi_info *acpi)
{
	struct cpuid_regs id = cpuid(1, 0);
	char name[49];
	const char *start = name;

	cpu_name(name);
	while (*start == ' ')
		start++;
	log_info("CPU: %s (signature %#x), %u in the machine", start, id.eax, acpi->cpu_count);
	log_info("TSC: %lu.%03lu MHz by the %s; %s, %s timer, %u I/O APICs", clock_tsc_khz() / 1000,
		 clock_tsc_khz() % 1000, clock_source_name(), apic_mode_name(), apic_timer_name(), acpi->ioapic_count);
	host_numa_tell(acpi);
}
