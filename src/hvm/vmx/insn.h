/* SPDX-License-Identifier: Apache-2.0 */
/* The VMX instructions (SDM 3C, VMX Instruction Reference). A failure of VMREAD or VMWRITE is our bug and panics. */
#ifndef ETERNA_HVM_VMX_INSN_H
#define ETERNA_HVM_VMX_INSN_H

#include "x86/regs/msr.h"
#include "x86/regs/vmcs.h"

/* VMfailInvalid (no current VMCS) or VMfailValid (the error is in the VMCS). */
enum vmx_result { VMX_OK, VMX_FAIL_INVALID, VMX_FAIL_VALID };

/* Names the instruction, the field and the VM-instruction error; does not return. */
void vmx_insn_failed(const char *insn, u32 field, u64 value) __attribute__((noreturn, cold));

/*
 * The failures jump to enter.S, which finds the field in EAX and the value in RDX: a function of no other call stays
 * one without a stack frame.
 */
static inline u64 vmread(u32 field)
{
	u64 value;

	__asm__ volatile("vmread %1, %0; jbe vmx_vmread_failed" : "=r"(value) : "a"((u64)field) : "cc");
	return value;
}

static inline void vmwrite(u32 field, u64 value)
{
	__asm__ volatile("vmwrite %1, %0; jbe vmx_vmwrite_failed" : : "a"((u64)field), "d"(value) : "cc");
}

#define DEF_VMX_REGION_INSN(insn)                                                                                      \
	static inline enum vmx_result insn(u64 hpa)                                                                    \
	{                                                                                                              \
		bool invalid, valid;                                                                                   \
                                                                                                                       \
		__asm__ volatile(#insn " %2" : "=@ccc"(invalid), "=@ccz"(valid) : "m"(hpa) : "memory");                \
		return invalid ? VMX_FAIL_INVALID : valid ? VMX_FAIL_VALID : VMX_OK;                                   \
	}
DEF_VMX_REGION_INSN(vmxon)
DEF_VMX_REGION_INSN(vmclear)
DEF_VMX_REGION_INSN(vmptrld)

static inline void vmxoff(void)
{
	__asm__ volatile("vmxoff" : : : "cc", "memory");
}

static inline void invept(enum invept_type type, u64 eptp)
{
	struct {
		u64 eptp, zero;
	} descriptor = {eptp, 0};
	bool failed;

	__asm__ volatile("invept %1, %2" : "=@ccbe"(failed) : "m"(descriptor), "r"((u64)type) : "memory");
	if (failed)
		vmx_insn_failed("INVEPT", (u32)type, eptp);
}

static inline void invvpid(enum invvpid_type type, u16 vpid, u64 address)
{
	struct {
		u64 vpid, address;
	} descriptor = {vpid, address};
	bool failed;

	__asm__ volatile("invvpid %1, %2" : "=@ccbe"(failed) : "m"(descriptor), "r"((u64)type) : "memory");
	if (failed)
		vmx_insn_failed("INVVPID", (u32)type, vpid);
}

#endif
