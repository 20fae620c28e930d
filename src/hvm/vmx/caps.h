/* SPDX-License-Identifier: Apache-2.0 */
/* What this CPU's VMX can do, read once at boot (SDM 3D, VMX Capability Reporting Facility), and what is used of it. */
#ifndef ETERNA_HVM_VMX_CAPS_H
#define ETERNA_HVM_VMX_CAPS_H

#include "base/err.h"
#include "hvm/hvm.h"
#include "x86/regs/msr.h"
#include "x86/regs/vmcs.h"

/* The registers of controls, as in features.def. */
enum vmx_control_register {
	CONTROLS_PIN,
	CONTROLS_PROC,
	CONTROLS_PROC2,
	CONTROLS_PROC3,
	CONTROLS_EXITS,
	CONTROLS_ENTRY,
	CONTROLS_COUNT
};

struct vmx_caps {
	u64 basic;
	u64 misc;
	u64 ept_vpid;
	u64 cr0_fixed0, cr0_fixed1;
	u64 cr4_fixed0, cr4_fixed1;
	u64 allowed[CONTROLS_COUNT];  /* VMX_ALLOWED_0 and _1 */
	u32 controls[CONTROLS_COUNT]; /* what ETERNA sets */
	/* Secondary controls that a vcpu has besides while the processor works its local APIC, by enum hvm_apic; 0: the
	 * CPU can't. And, with either, pin-based and tertiary ones. */
	u32 apic_proc2[HVM_APIC_MODES];
	u32 apic_pin;
	u32 apic_proc3;
};

/* Read-only after vmx_caps_read(). */
extern struct vmx_caps vmx_caps;

/*
 * Read the capabilities, choose the controls and log each feature by name.
 *
 * @return OK; ERR_UNSUPPORTED when a needed one is missing: each is logged as "VMX lacks: NAME"
 */
err_t vmx_caps_read(void) MUST_CHECK;

/* Can the running CPU do what was chosen? For all but the boot CPU. */
bool vmx_caps_match(void);

static inline bool vmx_uses(enum vmx_control_register reg, u64 control)
{
	return vmx_caps.controls[reg] & control;
}

#endif
