// SPDX-License-Identifier: Apache-2.0
// VMCALL on Intel's processors, VMMCALL on AMD's, with a number that nobody knows: it returns an error in RAX and
// changes nothing else. The other vendor's instruction is #UD.
#include "base/str.h"
#include "check.h"
#include "machine.h"
#include "trap.h"

static u64 rax, rbx, rcx, rdx, rsi, rdi;

#define CALL(insn)                                                                                                     \
	__asm__ volatile(TRY_BEGIN insn TRY_END                                                                        \
			 : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx), "+S"(rsi), "+D"(rdi)                            \
			 :                                                                                             \
			 : "memory", "cc")

static u32 call(u64 number)
{
	rax = number;
	rbx = 0x1111;
	rcx = 0x2222;
	rdx = 0x3333;
	rsi = 0x4444;
	rdi = 0x5555;
	if (machine_is_intel())
		CALL("vmcall");
	else
		CALL("vmmcall");
	return trap_vector();
}

static void user_vmcall(void)
{
	__asm__ volatile("vmcall; ud2" : : "a"(~0ull) : "memory");
}

static void user_vmmcall(void)
{
	__asm__ volatile("vmmcall; ud2" : : "a"(~0ull) : "memory");
}

void guest_main(void)
{
	static const u64 numbers[] = {~0ull, 0x7fffffff, 0xdeadbeefcafe, 0x8000000000000000};
	bool intel = machine_is_intel();

	if (!has_feature_1c(FEATURE_1C_HYPERVISOR) || machine_is_tcg()) {
		check_equal(TRY_ASM("vmcall"), VECTOR_UD, "without a hypervisor VMCALL is #UD");
		return;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(numbers); i++) {
		check_equal(call(numbers[i]), TRAP_NONE, "%s %#llx does not fault", intel ? "VMCALL" : "VMMCALL",
			    (unsigned long long)numbers[i]);
		check((s64)rax < 0 || (s32)rax < 0, "it returns an error: %lld", (long long)rax);
		check(rbx == 0x1111 && rcx == 0x2222 && rdx == 0x3333 && rsi == 0x4444 && rdi == 0x5555,
		      "other registers are as before");
	}
	if (intel)
		check_equal(TRY_ASM("vmmcall"), VECTOR_UD, "VMMCALL is #UD");
	else
		check_equal(TRY_ASM("vmcall"), VECTOR_UD, "VMCALL is #UD");
	user_run(intel ? user_vmcall : user_vmmcall);
	check(trap_vector() == VECTOR_UD || trap_vector() == VECTOR_GP,
	      "the call in ring 3 ends in an exception at most");
}
