// SPDX-License-Identifier: Apache-2.0
// Hostile: calls of the hypervisor, and instructions of the hypervisor's own.
#include "hostile.h"
#include "random.h"
#include "trap.h"

#define NUMBERS 0x1000
#define GARBAGE_ROUNDS 0x2000

static const u64 operand[2] __attribute__((used));

#define TRY_CALL(instruction, a, b, c, d)                                                                              \
	__asm__ volatile(TRY_BEGIN instruction TRY_END                                                                 \
			 : "+a"(a)                                                                                     \
			 : "b"(b), "c"(c), "d"(d), "S"(a), "D"(b)                                                      \
			 : "memory", "cc", "r8", "r9", "r10", "r11")

static void call(u64 a, u64 b, u64 c, u64 d)
{
	u64 again = a;

	TRY_CALL("vmcall", a, b, c, d);
	TRY_CALL("vmmcall", again, b, c, d);
}

static u64 instructions(void)
{
	u64 done = 0;

#define TRY_ONE(text) (void)TRY_ASM("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; " text), done++
	TRY_ONE("vmxoff");
	TRY_ONE("vmlaunch");
	TRY_ONE("vmresume");
	TRY_ONE("vmfunc");
	TRY_ONE("vmread %%rax, %%rcx");
	TRY_ONE("vmwrite %%rax, %%rcx");
	TRY_ONE("vmxon operand(%%rip)");
	TRY_ONE("vmptrld operand(%%rip)");
	TRY_ONE("vmclear operand(%%rip)");
	TRY_ONE("invept operand(%%rip), %%rax");
	TRY_ONE("invvpid operand(%%rip), %%rax");
	TRY_ONE("vmrun");
	TRY_ONE("vmload");
	TRY_ONE("vmsave");
	TRY_ONE("stgi");
	TRY_ONE("clgi");
	TRY_ONE("skinit");
	TRY_ONE("invlpga");
	TRY_ONE("rsm");
	TRY_ONE("wbinvd");
	TRY_ONE("invd");
	TRY_ONE("rdpmc");
	TRY_ONE("getsec");
	TRY_ONE("xsetbv");
	TRY_ONE("monitor");
	TRY_ONE("mwait");
	TRY_ONE("mov $0xff, %%cl; rdpmc");
	TRY_ONE("dec %%ecx; xsetbv");
	TRY_ONE("int1");
	TRY_ONE("int3");
	TRY_ONE("lock; nop");
	TRY_ONE(".byte 0x0f, 0x0b, 0x6b, 0x76, 0x6d, 0x90"); /* the forced-emulation prefix */
	TRY_ONE(".byte 0x0f, 0xff");
#undef TRY_ONE
	return done;
}

u64 hostile_calls(void)
{
	u64 seed = 0x63616c6c73;

	for (u64 n = 0; n < NUMBERS; n++)
		call(n, 0, 0, 0);
	for (unsigned i = 0; i < GARBAGE_ROUNDS; i++) {
		u64 a = random_next(&seed), b = random_next(&seed), c = random_next(&seed);

		call(a, b, c, ~a);
		call(a & 0xff, b, c, ~0ull);
	}
	return 2 * (NUMBERS + 2 * GARBAGE_ROUNDS) + instructions();
}
