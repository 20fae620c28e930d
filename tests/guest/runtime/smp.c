// SPDX-License-Identifier: Apache-2.0
// Starting the other processors.
#include "smp.h"

#include "acpi.h"
#include "apic.h"
#include "base/assert.h"
#include "base/mem.h"
#include "trap.h"

#define TRAMPOLINE 0x6000u
#define MADT_ENTRIES 44
#define MADT_LOCAL_APIC 0
#define MADT_X2APIC 9
#define STACK_BYTES 8192

extern const u8 smp_trampoline[], smp_trampoline_end[];
extern u64 smp_stack;
void smp_entered(void);

static u8 stacks[SMP_MAX][STACK_BYTES] ALIGNED(16);
static void (*volatile next_code)(unsigned);
static volatile unsigned next_index;
static volatile bool arrived;

/* The id that an entry of the MADT says, if it is one of an enabled processor's. */
static bool entry_id(const u8 *e, u32 *id)
{
	if (e[0] == MADT_LOCAL_APIC)
		*id = e[3];
	else if (e[0] == MADT_X2APIC)
		*id = load_u32(e + 4);
	else
		return false;
	return load_u32(e + (e[0] == MADT_X2APIC ? 8 : 4)) & 1;
}

unsigned smp_find(u32 ids[SMP_MAX])
{
	const struct acpi_table *madt = acpi_find("APIC");
	const u8 *end, *p;
	unsigned count = 0;
	u32 id;

	ids[count++] = lapic_id();
	if (!madt)
		return count;
	end = (const u8 *)madt + madt->bytes;
	for (p = (const u8 *)madt + MADT_ENTRIES; p + 8 <= end && p[1] >= 2; p += p[1])
		if (entry_id(p, &id) && id != ids[0] && count < SMP_MAX)
			ids[count++] = id;
	return count;
}

/* On the new processor, called by smp_enter.S. */
void smp_entered(void)
{
	void (*code)(unsigned) = next_code;
	unsigned index = next_index;

	trap_idt_load();
	lapic_init();
	arrived = true;
	code(index);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void wait(long turns)
{
	while (turns--)
		pause();
}

bool smp_start(u32 apic_id, unsigned index, void (*code)(unsigned index))
{
	ASSERT(index < SMP_MAX);
	memcpy(phys_pointer(TRAMPOLINE), smp_trampoline, (size_t)(smp_trampoline_end - smp_trampoline));
	smp_stack = (u64)(stacks[index] + STACK_BYTES);
	next_code = code;
	next_index = index;
	arrived = false;
	lapic_ipi(apic_id, ICR_INIT);
	wait(100000);
	for (int attempt = 0; attempt < 2 && !arrived; attempt++) {
		lapic_ipi(apic_id, ICR_STARTUP | TRAMPOLINE >> 12);
		for (long i = 0; i < 20000000 && !arrived; i++)
			pause();
	}
	return arrived;
}
