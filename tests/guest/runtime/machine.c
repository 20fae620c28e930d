// SPDX-License-Identifier: Apache-2.0
// What the machine under the test guest is.
#include "machine.h"

#include "base/mem.h"
#include "base/str.h"

/* Multiboot 0.6.96, Boot information format. */
#define INFO_FLAG_MEMORY BIT(0)
#define INFO_FLAG_COMMAND_LINE BIT(2)
#define INFO_MEM_UPPER_KIB 8
#define INFO_COMMAND_LINE 16
#define MULTIBOOT_MAGIC 0x2badb002u

static bool tcg_named;

extern u32 multiboot_magic, multiboot_info;

const char *machine_hypervisor(void)
{
	static char name[13];
	struct cpuid c;

	if (!has_feature_1c(FEATURE_1C_HYPERVISOR))
		return "";
	c = cpuid(0x40000000);
	memcpy(name, &c.ebx, 4);
	memcpy(name + 4, &c.ecx, 4);
	memcpy(name + 8, &c.edx, 4);
	return name;
}

bool machine_is_tcg(void)
{
	return strcmp(machine_hypervisor(), "TCGTCGTCGTCG") == 0;
}

bool processor_is_tcg(void)
{
	return tcg_named || machine_is_tcg();
}

void machine_init(void)
{
	static const char word[] = "processor=tcg";
	const char *line = machine_command_line();
	size_t length = strlen(line), wanted = sizeof(word) - 1;

	/* Before it may stand the kernel's name. */
	tcg_named = length >= wanted && strcmp(line + length - wanted, word) == 0;
}

bool machine_is_intel(void)
{
	struct cpuid c = cpuid(0);

	return c.ebx == 0x756e6547 && c.edx == 0x49656e69 && c.ecx == 0x6c65746e;
}

static u32 info_field(u32 flag, u32 offset)
{
	if (multiboot_magic != MULTIBOOT_MAGIC || !(PHYS(u32, multiboot_info) & flag))
		return 0;
	return PHYS(u32, multiboot_info + offset);
}

u64 machine_memory_above_1m(void)
{
	return (u64)info_field(INFO_FLAG_MEMORY, INFO_MEM_UPPER_KIB) * KIB;
}

const char *machine_command_line(void)
{
	u32 at = info_field(INFO_FLAG_COMMAND_LINE, INFO_COMMAND_LINE);

	return at ? phys_pointer(at) : "";
}
