// SPDX-License-Identifier: Apache-2.0
// VMCALL with a number that nobody knows returns an error in RAX and changes nothing else.
#include "base/str.h"
#include "check.h"
#include "machine.h"
#include "trap.h"

static u64 rax, rbx, rcx, rdx, rsi, rdi;

static u32 vmcall(u64 number)
{
	rax = number;
	rbx = 0x1111;
	rcx = 0x2222;
	rdx = 0x3333;
	rsi = 0x4444;
	rdi = 0x5555;
	__asm__ volatile(TRY_BEGIN "vmcall" TRY_END
			 : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx), "+S"(rsi), "+D"(rdi)
			 :
			 : "memory", "cc");
	return trap_vector();
}

static void user_vmcall(void)
{
	__asm__ volatile("vmcall; ud2" : : "a"(~0ull) : "memory");
}

void guest_main(void)
{
	static const u64 numbers[] = {~0ull, 0x7fffffff, 0xdeadbeefcafe, 0x8000000000000000};

	if (!has_feature_1c(FEATURE_1C_HYPERVISOR) || machine_is_tcg()) {
		check_equal(TRY_ASM("vmcall"), VECTOR_UD, "without a hypervisor VMCALL is #UD");
		return;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(numbers); i++) {
		check_equal(vmcall(numbers[i]), TRAP_NONE, "VMCALL %#llx does not fault",
			    (unsigned long long)numbers[i]);
		check((s64)rax < 0 || (s32)rax < 0, "it returns an error: %lld", (long long)rax);
		check(rbx == 0x1111 && rcx == 0x2222 && rdx == 0x3333 && rsi == 0x4444 && rdi == 0x5555,
		      "other registers are as before");
	}
	user_run(user_vmcall);
	check(trap_vector() == VECTOR_UD || trap_vector() == VECTOR_GP,
	      "VMCALL in ring 3 ends in an exception at most");
}
