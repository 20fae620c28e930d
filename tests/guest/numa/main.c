// SPDX-License-Identifier: Apache-2.0
// Says which NUMA nodes it was given, then writes and checks all of its memory in rounds, three of them or, with
// "typed" as its command line, until a "q" is typed: whoever moves its pages meanwhile must not lose a value.
//
// Other processors, where there are any, write into each large page in turn all that time, so that no page can be moved
// without somebody writing to it: each its own counter, and by a locked addition one that all share; every second of
// them by instructions that the hypervisor carries out (the forced-emulation prefix), where it does.
#include "acpi.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "cpu.h"
#include "machine.h"
#include "print.h"
#include "smp.h"
#include "trap.h"

#define FIRST (16 * MIB)
#define LINE_STATUS 5
#define HAS_BYTE 1
#define ROUNDS 3
#define STEP 1024 /* bytes from one value to the next */

/* In each large page: the writers' counters, between the values of the rounds. */
#define LARGE (2 * MIB)
#define OWN_COUNTER 8 /* times the writer's number */
#define SHARED_COUNTER 512
_Static_assert(OWN_COUNTER *SMP_MAX <= SHARED_COUNTER && SHARED_COUNTER < STEP, "nobody writes to another's place");

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

/* --- the writers ---------------------------------------------------------------------------------------------------
 */

static struct {
	u64 end;
	bool has_emulation;
	volatile bool is_over;
	volatile u32 finished;
	volatile u64 rounds[SMP_MAX], wrong[SMP_MAX];
} writers;

static void store_emulated(volatile u64 *at, u64 value)
{
	__asm__ volatile("ud2; .ascii \"kvm\"; mov %1, (%0)" : : "r"(at), "r"(value) : "memory");
}

static void add_emulated(volatile u64 *at)
{
	__asm__ volatile("ud2; .ascii \"kvm\"; lock incq (%0)" : : "r"(at) : "memory", "cc");
}

/* One of the writers at one large page, for the time after `round` others. */
static void page_write(unsigned index, u64 page, u64 round)
{
	volatile u64 *own = &PHYS(u64, page + OWN_COUNTER * index);
	volatile u64 *shared = &PHYS(u64, page + SHARED_COUNTER);

	if (*own != round)
		writers.wrong[index]++;
	if (writers.has_emulation && index % 2) {
		store_emulated(own, round + 1);
		add_emulated(shared);
	} else {
		*own = round + 1;
		__atomic_fetch_add(shared, 1, __ATOMIC_SEQ_CST);
	}
}

static void write_on(unsigned index)
{
	u64 round;

	for (round = 0; !writers.is_over; round++)
		for (u64 page = FIRST; page + LARGE <= writers.end; page += LARGE)
			page_write(index, page, round);
	writers.rounds[index] = round;
	__atomic_fetch_add(&writers.finished, 1, __ATOMIC_SEQ_CST);
}

static unsigned writers_start(u64 end)
{
	u32 ids[SMP_MAX];
	unsigned count = smp_find(ids);

	writers.end = end;
	writers.has_emulation = count > 1 && TRY_ASM("ud2; .ascii \"kvm\"; nop") == TRAP_NONE;
	for (unsigned i = 1; i < count; i++)
		check(smp_start(ids[i], i, write_on), "processor with APIC ID %u starts", ids[i]);
	return count - 1;
}

static void writers_end(unsigned count)
{
	u64 rounds = 0, wrong = 0, shared_wrong = 0;

	writers.is_over = true;
	while (writers.finished < count)
		pause();
	for (unsigned i = 1; i <= count; i++) {
		rounds += writers.rounds[i];
		wrong += writers.wrong[i];
	}
	for (u64 page = FIRST; page + LARGE <= writers.end; page += LARGE)
		if (PHYS(u64, page + SHARED_COUNTER) != rounds && !shared_wrong++)
			print("numa: at %llx all have added %lld too many\n", (unsigned long long)page,
			      (long long)(PHYS(u64, page + SHARED_COUNTER) - rounds));
	if (!count)
		return;
	print("numa: %u writers, %llu rounds of theirs%s\n", count, (unsigned long long)rounds,
	      writers.has_emulation ? ", some emulated" : "");
	check(rounds > count, "the writers write all the time");
	check_equal(wrong, 0, "counters lost by their writers");
	check_equal(shared_wrong, 0, "additions lost in what all share");
}

/* -------------------------------------------------------------------------------------------------------------------
 */

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
	unsigned writer_count;

	srat_print();
	slit_print();
	topology_print();
	if (!check(end > FIRST && (u64)guest_image_end < FIRST, "memory to %llu MiB", (unsigned long long)(end / MIB)))
		return;
	writer_count = writers_start(end);
	do {
		wrong += round_do(end, ++round);
		print("numa: round %llu, %llu values lost\n", (unsigned long long)round, (unsigned long long)wrong);
	} while (is_typed_at ? !is_typed('q') : round < ROUNDS);
	writers_end(writer_count);
	check_equal(wrong, 0, "values lost in all");
}
