// SPDX-License-Identifier: Apache-2.0
/*
 * The hypervisor's emulator against the processor: each instruction of cases.S runs natively on ordinary memory, then
 * behind the forced-emulation prefix, and then on memory that lies behind device emulation (pc-testdev, 0xff000000).
 * Registers, defined flags and memory must be the same. On a machine without these two there is nothing to compare.
 */
#include "base/mem.h"
#include "check.h"
#include "machine.h"
#include "print.h"
#include "random.h"
#include "trap.h"

#define DEVICE_MEMORY 0xff000000ull
#define BUFFER_BYTES 96
#define AT_RSI 32
#define AT_RDI 56
#define ROUNDS 8
#define KIND_MEMORY 1
#define KIND_SMALL_RCX 2
#define KIND_ALIGNED16 4

struct registers {
	u64 rax, rcx, rdx, rbx, rsi, rdi, rflags, r9, r10;
};

struct instruction {
	const void *native;
	const void *forced;
	const char *text;
	u32 kind, flags;
};

extern const struct instruction cases[], cases_end[];
void run_case(const void *code, struct registers *r);

static u64 seed = 1;
static u8 memory[BUFFER_BYTES + 16] ALIGNED(64);
static u64 compared;

static void input_make(const struct instruction *c, struct registers *r, u8 *bytes)
{
	u64 *values = &r->rax;

	for (unsigned i = 0; i < 9; i++)
		values[i] = random_next(&seed);
	for (unsigned i = 0; i < BUFFER_BYTES; i++)
		bytes[i] = (u8)(random_next(&seed) >> 32);
	if (c->kind & KIND_SMALL_RCX)
		r->rcx = random_next(&seed) % 9;
	/* Half of the time what a comparison looks for is there. */
	if (random_next(&seed) & 1)
		memcpy(bytes + AT_RSI, &r->rax, 8);
	if (random_next(&seed) & 1 && c->kind & KIND_ALIGNED16) {
		memcpy(bytes + AT_RSI, &r->rax, 4 + 4 * (random_next(&seed) & 1));
		memcpy(bytes + AT_RSI + (random_next(&seed) & 1 ? 4 : 8), &r->rdx, 8);
	}
	r->rflags = (r->rflags & (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF | RFLAGS_DF)) |
		    RFLAGS_FIXED;
}

/* The copies need nothing of the emulator but MOV of 8 bytes. */
static void copy_to(u64 to, const u8 *from)
{
	for (unsigned i = 0; i < BUFFER_BYTES; i += 8)
		PHYS(u64, to + i) = load_u64(from + i);
}

static void copy_from(u8 *to, u64 from)
{
	for (unsigned i = 0; i < BUFFER_BYTES; i += 8)
		store_u64(to + i, PHYS(u64, from + i));
}

static void run_at(const void *code, u64 buffer, struct registers *r, u8 *bytes)
{
	copy_to(buffer, bytes);
	r->rsi = buffer + AT_RSI;
	r->rdi = buffer + AT_RDI;
	run_case(code, r);
	r->rsi -= buffer;
	r->rdi -= buffer;
	copy_from(bytes, buffer);
}

static bool same(const struct instruction *c, const struct registers *a, const struct registers *b)
{
	return a->rax == b->rax && a->rcx == b->rcx && a->rdx == b->rdx && a->rbx == b->rbx && a->rsi == b->rsi &&
	       a->rdi == b->rdi && a->r9 == b->r9 && a->r10 == b->r10 && !((a->rflags ^ b->rflags) & c->flags);
}

static void difference_print(const struct registers *n, const struct registers *e)
{
	print("  native:   rax %016llx rcx %llx rdx %llx rbx %llx rsi %llx rdi %llx flags %llx\n",
	      (unsigned long long)n->rax, (unsigned long long)n->rcx, (unsigned long long)n->rdx,
	      (unsigned long long)n->rbx, (unsigned long long)n->rsi, (unsigned long long)n->rdi,
	      (unsigned long long)n->rflags);
	print("  emulated: rax %016llx rcx %llx rdx %llx rbx %llx rsi %llx rdi %llx flags %llx\n",
	      (unsigned long long)e->rax, (unsigned long long)e->rcx, (unsigned long long)e->rdx,
	      (unsigned long long)e->rbx, (unsigned long long)e->rsi, (unsigned long long)e->rdi,
	      (unsigned long long)e->rflags);
}

/* Run `c` by the processor on memory and by `code` at `buffer`; are they the same? */
static bool compare(const struct instruction *c, const void *code, u64 buffer)
{
	struct registers input, native, emulated;
	u8 bytes[BUFFER_BYTES], native_bytes[BUFFER_BYTES], emulated_bytes[BUFFER_BYTES];

	input_make(c, &input, bytes);
	native = emulated = input;
	memcpy(native_bytes, bytes, sizeof(bytes));
	memcpy(emulated_bytes, bytes, sizeof(bytes));
	run_at(c->native, (u64)memory, &native, native_bytes);
	run_at(code, buffer, &emulated, emulated_bytes);
	compared++;
	if (same(c, &native, &emulated) && memcmp(native_bytes, emulated_bytes, BUFFER_BYTES) == 0)
		return true;
	difference_print(&native, &emulated);
	return false;
}

static void all_cases(bool device)
{
	unsigned wrong = 0;

	for (const struct instruction *c = cases; c < cases_end; c++) {
		if (device && !(c->kind & KIND_MEMORY))
			continue;
		for (unsigned round = 0; round < ROUNDS; round++) {
			/* Unaligned places too, but not for what must be aligned. */
			u64 shift = c->kind & KIND_ALIGNED16 ? 0 : round & 3;
			bool good = device ? compare(c, c->native, DEVICE_MEMORY + 0x100 + shift)
					   : compare(c, c->forced, (u64)memory + shift);

			if (!good) {
				check(false, "%s, %s", c->text, device ? "on device memory" : "forced");
				wrong++;
				break;
			}
		}
	}
	check_equal(wrong, 0, "instructions that differ, %s", device ? "on device memory" : "forced");
}

static void across_pages(void)
{
	unsigned wrong = 0;

	for (const struct instruction *c = cases; c < cases_end; c++)
		if (c->kind & KIND_MEMORY && !(c->kind & KIND_ALIGNED16))
			wrong += !compare(c, c->native, DEVICE_MEMORY + PAGE_BYTES - AT_RSI - 1);
	check_equal(wrong, 0, "instructions that differ across a page end of device memory");
}

static bool forced_emulation_is_there(void)
{
	return TRY_ASM("ud2; .ascii \"kvm\"; nop") == TRAP_NONE;
}

static bool device_memory_is_there(void)
{
	PHYS(u32, DEVICE_MEMORY) = 0x12345678;
	PHYS(u32, DEVICE_MEMORY + 4) = 0;
	return PHYS(u32, DEVICE_MEMORY) == 0x12345678 && machine_hypervisor()[0];
}

void guest_main(void)
{
	print("%u instructions\n", (unsigned)(cases_end - cases));
	if (forced_emulation_is_there())
		all_cases(false);
	else
		skip("no forced emulation");
	if (device_memory_is_there()) {
		all_cases(true);
		across_pages();
	} else {
		skip("no device memory");
	}
	check(true, "%llu runs compared", (unsigned long long)compared);
}
