/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What neither vendor's entry and exit switches: FPU and extended state, DR0-3, and two MSRs. The host uses none of
 * it, so the loaded vcpu's values stay in the CPU until another vcpu is loaded.
 */
#ifndef ETERNA_HVM_SWITCH_H
#define ETERNA_HVM_SWITCH_H

#include "hvm/hvm.h"

/* XCR0 with every feature of the CPU that can be switched; 0 without XSAVE. */
u64 switch_xfeatures(void);

/* Does the CPU have IA32_SPEC_CTRL and IA32_PRED_CMD? RDTSCP and with it IA32_TSC_AUX? */
bool switch_has_spec_ctrl(void);
bool switch_has_rdtscp(void);

/* Pages that a vcpu's FPU and extended state need, and their contents after reset. The area is zeroed. */
u32 switch_area_pages(void);
void switch_area_reset(void *area);

/* v->xsave and state.xcr0 to and from the CPU. Context: interrupts off. */
void switch_fpu_load(const struct hvm_vcpu *v);
void switch_fpu_save(struct hvm_vcpu *v);

/* TSC_AUX and SPEC_CTRL, where the CPU has them. */
void switch_msrs_load(const struct cpu_state *s);
void switch_msrs_save(struct cpu_state *s);

/* DR0 to DR3. */
void switch_breakpoints_load(const struct cpu_state *s);
void switch_breakpoints_save(struct cpu_state *s);

#endif
