// SPDX-License-Identifier: Apache-2.0
// Not linked: compiled to assembly, from which mk/image.mk takes the offsets that the entry code needs.
#include "hvm/hvm.h"

#define OFFSET(name, type, member) __asm__ volatile("\n.ascii \"->" #name " %c0\"" : : "i"(offsetof(type, member)))

void asm_offsets(void);
void asm_offsets(void)
{
	OFFSET(VCPU_HOST_RSP, struct hvm_vcpu, host_rsp);
	OFFSET(VCPU_IS_LAUNCHED, struct hvm_vcpu, is_launched);
	OFFSET(VCPU_RAX, struct hvm_vcpu, state.gpr[GPR_RAX]);
	OFFSET(VCPU_RCX, struct hvm_vcpu, state.gpr[GPR_RCX]);
	OFFSET(VCPU_RDX, struct hvm_vcpu, state.gpr[GPR_RDX]);
	OFFSET(VCPU_RBX, struct hvm_vcpu, state.gpr[GPR_RBX]);
	OFFSET(VCPU_RBP, struct hvm_vcpu, state.gpr[GPR_RBP]);
	OFFSET(VCPU_RSI, struct hvm_vcpu, state.gpr[GPR_RSI]);
	OFFSET(VCPU_RDI, struct hvm_vcpu, state.gpr[GPR_RDI]);
	OFFSET(VCPU_R8, struct hvm_vcpu, state.gpr[GPR_R8]);
	OFFSET(VCPU_R9, struct hvm_vcpu, state.gpr[GPR_R9]);
	OFFSET(VCPU_R10, struct hvm_vcpu, state.gpr[GPR_R10]);
	OFFSET(VCPU_R11, struct hvm_vcpu, state.gpr[GPR_R11]);
	OFFSET(VCPU_R12, struct hvm_vcpu, state.gpr[GPR_R12]);
	OFFSET(VCPU_R13, struct hvm_vcpu, state.gpr[GPR_R13]);
	OFFSET(VCPU_R14, struct hvm_vcpu, state.gpr[GPR_R14]);
	OFFSET(VCPU_R15, struct hvm_vcpu, state.gpr[GPR_R15]);
}
