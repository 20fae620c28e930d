// SPDX-License-Identifier: Apache-2.0
// Says which NUMA nodes it was given, then writes and checks all of its memory in rounds, three of them or, with
// "typed" as its command line, until a "q" is typed: whoever moves its pages meanwhile must not lose a value.
#include "acpi.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "cpu.h"
#include "machine.h"
#include "print.h"

#define FIRST (16 * MIB)
#define LINE_STATUS 5
#define HAS_BYTE 1
#define ROUNDS 3
#define STEP 512 /* bytes from one value to the next */

extern u8 guest_image_end[];

static void srat_entry_print(const u8 *e)
{
	if (e[0] == 0)
		print("numa: APIC id %u in domain %u\n", e[3], e[2]);
	else if (e[0] == 1)
		print("numa: memory %llx-%llx in domain %u\n", (unsigned long long)load_u64(e + 8),
		      (unsigned long long)(load_u64(e + 8) + load_u64(e + 16)), load_u32(e + 2));
}

static void srat_print(void)
{
	const struct acpi_table *srat = acpi_find("SRAT");
	const u8 *bytes = (const u8 *)srat;

	if (!srat)
		print("numa: no SRAT\n");
	for (u32 at = 48; srat && at + 2 <= srat->bytes && bytes[at + 1]; at += bytes[at + 1])
		srat_entry_print(bytes + at);
}

static void slit_print(void)
{
	const struct acpi_table *slit = acpi_find("SLIT");
	const u8 *bytes = (const u8 *)slit;
	u32 count = slit ? load_u32(bytes + 36) : 0;

	for (u32 i = 0; i < count; i++) {
		print("numa: distances from %u:", i);
		for (u32 j = 0; j < count; j++)
			print(" %u", bytes[44 + i * count + j]);
		print("\n");
	}
}

static void topology_print(void)
{
	struct cpuid cores = cpuid_count(0xb, 1);

	if (cpuid(0).eax >= 0xb)
		print("numa: %u processors in a package, its number above %u bits\n", cores.ebx & 0xffff,
		      cores.eax & 31);
}

static u64 mark(u64 at, u64 round)
{
	return (at ^ round << 40) * 0x9e3779b97f4a7c15ull;
}

/* Check what the round before left, and leave this one's. Returns how many values were wrong. */
static u64 round_do(u64 end, u64 round)
{
	u64 wrong = 0;

	for (u64 at = FIRST; at + STEP <= end; at += STEP) {
		if (round > 1 && PHYS(u64, at) != mark(at, round - 1))
			wrong++;
		PHYS(u64, at) = mark(at, round);
	}
	return wrong;
}

/* Before it may stand the kernel's name. */
static bool command_line_ends(const char *word)
{
	const char *line = machine_command_line();
	size_t length = strlen(line), wanted = strlen(word);

	return length >= wanted && !strcmp(line + length - wanted, word);
}

static bool is_typed(u8 byte)
{
	return inb(COM1 + LINE_STATUS) & HAS_BYTE && inb(COM1) == byte;
}

void guest_main(void)
{
	u64 end = MIN(MIB + machine_memory_above_1m(), 3 * GIB);
	bool is_typed_at = command_line_ends("typed");
	u64 wrong = 0, round = 0;

	srat_print();
	slit_print();
	topology_print();
	if (!check(end > FIRST && (u64)guest_image_end < FIRST, "memory to %llu MiB", (unsigned long long)(end / MIB)))
		return;
	do {
		wrong += round_do(end, ++round);
		print("numa: round %llu, %llu values lost\n", (unsigned long long)round, (unsigned long long)wrong);
	} while (is_typed_at ? !is_typed('q') : round < ROUNDS);
	check_equal(wrong, 0, "values lost in all");
}
