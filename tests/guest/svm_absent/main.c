// SPDX-License-Identifier: Apache-2.0
// A guest without nested virtualisation on AMD's side: CPUID does not offer SVM, EFER.SVME stays out of reach and every
// SVM instruction is #UD, though a hypervisor of AMD-V runs its guests with EFER.SVME set (APM 2, Enabling SVM).
#include "check.h"
#include "machine.h"
#include "trap.h"
#include "x86/regs/control.h"

#define FEATURE_80000001_ECX_SVM 2
#define MSR_VM_CR 0xc0010114u
#define VM_CR_SVMDIS BIT(4)
#define MSR_VM_HSAVE_PA 0xc0010117u

void guest_main(void)
{
	u64 v;

	if (feature_80000001().ecx >> FEATURE_80000001_ECX_SVM & 1) {
		check(true, "nothing to try: this machine has SVM");
		return;
	}
	if (cpuid(0x80000000).eax >= 0x8000000a) {
		struct cpuid a = cpuid(0x8000000a);

		check((a.eax | a.ebx | a.ecx | a.edx) == 0, "leaf 0x8000000a is empty");
	}
	check(!(rdmsr(MSR_EFER) & EFER_SVME), "EFER.SVME reads as 0");
	check_equal(try_wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME), VECTOR_GP, "EFER.SVME is #GP");
	check_equal(try_wrmsr(MSR_EFER, rdmsr(MSR_EFER)), TRAP_NONE, "EFER takes what it reads as");
	check(!(rdmsr(MSR_EFER) & EFER_SVME), "EFER.SVME still reads as 0");
	check_equal(TRY_ASM("xor %%eax, %%eax; vmrun"), VECTOR_UD, "VMRUN is #UD");
	check_equal(TRY_ASM("xor %%eax, %%eax; vmload"), VECTOR_UD, "VMLOAD is #UD");
	check_equal(TRY_ASM("xor %%eax, %%eax; vmsave"), VECTOR_UD, "VMSAVE is #UD");
	check_equal(TRY_ASM("stgi"), VECTOR_UD, "STGI is #UD");
	check_equal(TRY_ASM("clgi"), VECTOR_UD, "CLGI is #UD");
	check_equal(TRY_ASM("xor %%eax, %%eax; skinit"), VECTOR_UD, "SKINIT is #UD");
	check_equal(TRY_ASM("xor %%eax, %%eax; xor %%ecx, %%ecx; invlpga"), VECTOR_UD, "INVLPGA is #UD");
	check(try_rdmsr(MSR_VM_CR, &v) == VECTOR_GP || (v & VM_CR_SVMDIS),
	      "MSR VM_CR is #GP or says that SVM is disabled");
	check_equal(try_rdmsr(MSR_VM_HSAVE_PA, &v), VECTOR_GP, "MSR VM_HSAVE_PA is #GP");
}
