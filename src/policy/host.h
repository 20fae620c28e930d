/* SPDX-License-Identifier: Apache-2.0 */
/* What the policies need to know about the machine below and the VM they are for. */
#ifndef ETERNA_POLICY_HOST_H
#define ETERNA_POLICY_HOST_H

#include "base/bits.h"
#include "iface/vnuma.h"

/* What the backend makes possible for guests; rows of the policies ask for them as IF_x. */
enum policy_feature {
	/* The backend says these: a VM-execution control is on, or an MSR is switched with the vcpu. */
	POLICY_RDTSCP = 1 << 0,
	POLICY_INVPCID = 1 << 1,
	POLICY_XSAVES = 1 << 2,
	POLICY_USER_WAIT = 1 << 3, /* UMWAIT, TPAUSE, UMONITOR; IA32_UMWAIT_CONTROL */
	POLICY_SPEC_CTRL = 1 << 4, /* IA32_SPEC_CTRL is switched, IA32_PRED_CMD can be written by guests */

	/* These follow from the rest of struct policy_host: policy_features(). */
	POLICY_ARCH_CAPABILITIES = 1 << 5,
	POLICY_XSAVE = 1 << 6,
	POLICY_AVX = 1 << 7,
	POLICY_AVX512 = 1 << 8,
	POLICY_PKRU = 1 << 9,
	POLICY_AMX = 1 << 10,
};

struct policy_host {
	/* CPUID of the host, executed in 64-bit mode. */
	void *ctx;
	void (*cpuid)(void *ctx, u32 leaf, u32 subleaf, u32 out[4]);

	u32 backend;           /* enum policy_feature, the first group */
	u64 xfeatures;         /* features of XCR0 whose state is switched; 0 without XSAVE */
	u64 arch_capabilities; /* IA32_ARCH_CAPABILITIES; 0 where there is none */
};

struct policy_vm {
	u32 vcpu_count; /* 1 to 255 */
	const struct vnuma
		*numa; /* NULL: one node, APIC ids from 0; each of several is a package, ids by vnuma_apic_id() */
	u32 tsc_khz;   /* of the guest's TSC */
	u8 phys_bits;  /* MAXPHYADDR of the guest, 32 to 52; 0: the host's */
};

/* Registers of a CPUID result, as indices. */
enum cpuid_reg { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/*
 * The crystal of the virtual machine: CPUID leaf 0x15 derives the TSC from it, and the APIC timer counts it. An
 * operating system that knows the crystal takes the timer's frequency from it without measuring, so both must agree.
 */
#define POLICY_CRYSTAL_HZ 25000000u

/* All features of enum policy_feature that guests of this host can have. */
u32 policy_features(const struct policy_host *host);

/* The features of XCR0 that guests can have: those switched, in complete groups. */
u64 policy_xfeatures(const struct policy_host *host);

/* MAXPHYADDR of the VM. */
u8 policy_phys_bits(const struct policy_host *host, const struct policy_vm *vm);

/*
 * May a guest with these features load `xcr0`? (SDM 1, Enabling the XSAVE Feature Set and XSAVE-Enabled Features.)
 * If not, XSETBV gives #GP(0). `offered` is policy_xfeatures().
 */
bool policy_xcr0_valid(u64 offered, u64 xcr0);

#endif
