/* SPDX-License-Identifier: Apache-2.0 */
/* A VMCB with valid contents for each mode of a guest, for tests and fuzzers of the VMRUN checker. */
#ifndef ETERNA_TESTS_FAKE_VMCB_H
#define ETERNA_TESTS_FAKE_VMCB_H

#include "hvm/svm/entry_check.h"
#include "x86/regs/control.h"

enum fake_mode { FAKE_REAL, FAKE_PROTECTED, FAKE_PAE, FAKE_COMPATIBILITY, FAKE_LONG, FAKE_MODE_COUNT };

/* A processor with everything, except what the rules need absent to be broken: 46 bits of physical addresses. */
static inline struct svm_check_caps fake_svm_caps(void)
{
	return (struct svm_check_caps){
		.features = SVM_CPUID_NPT | SVM_CPUID_NRIPS | SVM_CPUID_FLUSH_BY_ASID | SVM_CPUID_AVIC |
			    SVM_CPUID_X2AVIC | SVM_CPUID_VNMI,
		.efer_bits = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME,
		.cr4_bits = CR4_PAE | CR4_PSE | CR4_PGE | CR4_OSFXSR | CR4_SMEP | CR4_SMAP | CR4_CET,
		.physical_bits = 46,
		.has_long_mode = true,
		.host_cr0 = CR0_PE | CR0_NE | CR0_WP | CR0_PG,
		.u_cet = BIT(0),
	};
}

static inline void fake_vmcb_controls(struct vmcb *b)
{
	vmcb_intercepts1_set(b, INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_IOIO | INTERCEPT_MSR);
	vmcb_intercepts2_set(b, INTERCEPT_VMRUN | INTERCEPT_VMMCALL);
	vmcb_iopm_base_set(b, 0x11000);
	vmcb_msrpm_base_set(b, 0x15000);
	vmcb_asid_set(b, 1);
	vmcb_virtual_interrupt_set(b, VINTR_MASKING);
	vmcb_nested_control_set(b, NESTED_PAGING);
	vmcb_nested_cr3_set(b, 0x20000);
}

/* Make a VMCB that breaks no rule with fake_svm_caps(). */
static inline void fake_vmcb_init(struct vmcb *b, enum fake_mode mode)
{
	bool is_long = mode >= FAKE_COMPATIBILITY, is_paged = mode != FAKE_REAL;
	u16 code = mode == FAKE_REAL ? 0x9b : mode == FAKE_LONG ? 0xa9b : 0xc9b;

	*b = (struct vmcb){{0}};
	fake_vmcb_controls(b);
	vmcb_cs_set(b, (struct vmcb_segment){.selector = 8, .attributes = code, .limit = UINT32_MAX});
	vmcb_ss_set(b, (struct vmcb_segment){.selector = 16, .attributes = 0xc93, .limit = UINT32_MAX});
	vmcb_efer_set(b, EFER_SVME | (is_long ? EFER_LME | EFER_LMA | EFER_SCE : 0));
	vmcb_cr0_set(b, CR0_ET | (is_paged ? CR0_PE | CR0_WP | CR0_PG : 0));
	vmcb_cr3_set(b, 0x4000);
	vmcb_cr4_set(b, mode >= FAKE_PAE ? CR4_PAE : 0);
	vmcb_dr6_set(b, DR6_FIXED);
	vmcb_dr7_set(b, DR7_FIXED);
	vmcb_rflags_set(b, RFLAGS_FIXED | RFLAGS_IF);
	vmcb_rip_set(b, mode == FAKE_LONG ? 0xffffffff81000000 : 0x7c00);
	vmcb_g_pat_set(b, 0x0007040600070406);
}

#endif
