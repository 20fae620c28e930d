// SPDX-License-Identifier: Apache-2.0
// A guest without nested virtualisation: CPUID does not offer VMX, CR4.VMXE is #GP and every VMX instruction is #UD.
#include "check.h"
#include "machine.h"
#include "trap.h"

void guest_main(void)
{
	static u8 region[PAGE_BYTES] ALIGNED(4096);
	u64 v;

	if (has_feature_1c(FEATURE_1C_VMX)) {
		check(true, "nothing to try: this machine has VMX");
		return;
	}
	if (!machine_is_tcg())
		check_equal(try_write_cr4(read_cr4() | CR4_VMXE), VECTOR_GP, "CR4.VMXE is #GP");
	check_equal(TRY_ASM("vmxoff"), VECTOR_UD, "VMXOFF is #UD");
	check_equal(TRY_ASM("vmlaunch"), VECTOR_UD, "VMLAUNCH is #UD");
	check_equal(TRY_ASM("vmresume"), VECTOR_UD, "VMRESUME is #UD");
	check_equal(TRY_ASM("vmread %%rax, %%rcx"), VECTOR_UD, "VMREAD is #UD");
	check_equal(TRY_ASM("vmwrite %%rax, %%rcx"), VECTOR_UD, "VMWRITE is #UD");
	check_equal(TRY_ASM("lea -64(%%rsp), %%rax; vmptrld (%%rax)"), VECTOR_UD, "VMPTRLD is #UD");
	__asm__ volatile(TRY_BEGIN "vmxon %0" TRY_END : : "m"(region) : "memory", "cc");
	check_equal(trap_vector(), VECTOR_UD, "VMXON is #UD");
	__asm__ volatile(TRY_BEGIN "vmclear %0" TRY_END : : "m"(region) : "memory", "cc");
	check_equal(trap_vector(), VECTOR_UD, "VMCLEAR is #UD");
	__asm__ volatile(TRY_BEGIN "invept %0, %1" TRY_END : : "m"(region), "r"(1ull) : "memory", "cc");
	check_equal(trap_vector(), VECTOR_UD, "INVEPT is #UD");
	__asm__ volatile(TRY_BEGIN "invvpid %0, %1" TRY_END : : "m"(region), "r"(1ull) : "memory", "cc");
	check_equal(trap_vector(), VECTOR_UD, "INVVPID is #UD");
	check_equal(TRY_ASM("xor %%eax, %%eax; vmfunc"), VECTOR_UD, "VMFUNC is #UD");
	if (!machine_is_tcg())
		check_equal(try_rdmsr(0x480, &v), VECTOR_GP, "IA32_VMX_BASIC is #GP");
	if (!has_feature_1c(FEATURE_1C_SMX))
		check_equal(TRY_ASM("xor %%eax, %%eax; getsec"), VECTOR_UD, "GETSEC is #UD");
}
