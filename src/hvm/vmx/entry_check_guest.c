// SPDX-License-Identifier: Apache-2.0
// Checks on the guest's control registers, debug registers and MSRs (SDM 3C, VM Entries: Checks on the Guest State
// Area). Its segments and the rest are in the files beside this one.
#include "hvm/vmx/entry_check_priv.h"

static void check_control_registers(struct entry_walk *w)
{
	const struct entry_check_caps *caps = w->caps;
	u64 free = CR0_NW | CR0_CD; /* VM entry does not load them */

	if (w->proc2 & PROC2_UNRESTRICTED_GUEST)
		free |= CR0_PE | CR0_PG;
	walk_require_bits(w, ENTRY_RULE_GUEST_CR0, VMCS_guest_cr0, caps->cr0_fixed0 & ~free, ~caps->cr0_fixed1 & ~free);
	if (w->proc2 & PROC2_UNRESTRICTED_GUEST)
		WALK_REQUIRE(w, GUEST_PG_NEEDS_PE, !(w->cr0 & CR0_PG) || w->cr0 & CR0_PE, VMCS_guest_cr0);
	walk_require_bits(w, ENTRY_RULE_GUEST_CR4, VMCS_guest_cr4, caps->cr4_fixed0, ~caps->cr4_fixed1);
	WALK_REQUIRE(w, GUEST_CET_NEEDS_WP, !(w->cr4 & CR4_CET) || w->cr0 & CR0_WP, VMCS_guest_cr4, VMCS_guest_cr0);
	if (w->entry & ENTRYCTL_IA32E_GUEST) {
		WALK_REQUIRE(w, GUEST_LONG_PG, w->cr0 & CR0_PG, VMCS_guest_cr0, VMCS_entry_controls);
		WALK_REQUIRE(w, GUEST_LONG_PAE, w->cr4 & CR4_PAE, VMCS_guest_cr4, VMCS_entry_controls);
	} else {
		WALK_REQUIRE(w, GUEST_LEGACY_PCIDE, !(w->cr4 & CR4_PCIDE), VMCS_guest_cr4, VMCS_entry_controls);
	}
	WALK_REQUIRE(w, GUEST_CR3, walk_is_physical(w, walk_read(w, VMCS_guest_cr3)), VMCS_guest_cr3);
}

static void check_debug_controls(struct entry_walk *w)
{
	if (!(w->entry & ENTRYCTL_LOAD_DEBUG_CONTROLS))
		return;
	walk_require_bits(w, ENTRY_RULE_GUEST_DEBUGCTL, VMCS_guest_debugctl, 0, ~w->caps->debugctl_bits);
	WALK_REQUIRE(w, GUEST_DR7, !(walk_read(w, VMCS_guest_dr7) >> 32), VMCS_guest_dr7);
}

static void check_efer(struct entry_walk *w)
{
	u64 efer = walk_read(w, VMCS_guest_efer);
	bool is_lma = efer & EFER_LMA;

	walk_require_bits(w, ENTRY_RULE_GUEST_EFER_RESERVED, VMCS_guest_efer, 0, ~w->caps->efer_bits);
	WALK_REQUIRE(w, GUEST_EFER_LMA, is_lma == !!(w->entry & ENTRYCTL_IA32E_GUEST), VMCS_guest_efer,
		     VMCS_entry_controls);
	if (w->cr0 & CR0_PG)
		WALK_REQUIRE(w, GUEST_EFER_LME, is_lma == !!(efer & EFER_LME), VMCS_guest_efer, VMCS_guest_cr0);
}

/* MSRs of which only the reserved bits are checked, while the entry control loads them. */
static void check_reserved_bits(struct entry_walk *w)
{
	const struct entry_check_caps *caps = w->caps;
	const struct {
		enum entry_rule rule;
		u32 field;
		u64 control, bits;
	} loads[] = {
		{ENTRY_RULE_GUEST_PERF_GLOBAL_CTRL, VMCS_guest_perf_global_ctrl, ENTRYCTL_LOAD_PERF_GLOBAL_CTRL,
		 caps->perf_global_ctrl_bits},
		{ENTRY_RULE_GUEST_RTIT_CTL, VMCS_guest_rtit_ctl, ENTRYCTL_LOAD_RTIT_CTL, caps->rtit_ctl_bits},
		{ENTRY_RULE_GUEST_LBR_CTL, VMCS_guest_lbr_ctl, ENTRYCTL_LOAD_LBR_CTL, caps->lbr_ctl_bits},
		{ENTRY_RULE_GUEST_PKRS, VMCS_guest_pkrs, ENTRYCTL_LOAD_PKRS, BITS(31, 0)},
		{ENTRY_RULE_GUEST_UINV, VMCS_guest_uinv, ENTRYCTL_LOAD_UINV, BITS(7, 0)},
		{ENTRY_RULE_GUEST_SPEC_CTRL, VMCS_guest_spec_ctrl, ENTRYCTL_LOAD_SPEC_CTRL, caps->spec_ctrl_bits},
	};

	for (size_t i = 0; i < ARRAY_COUNT(loads); i++)
		if (w->entry & loads[i].control)
			walk_require_bits(w, loads[i].rule, loads[i].field, 0, ~loads[i].bits);
}

static void check_msrs(struct entry_walk *w)
{
	u64 bndcfgs;

	walk_require_canonical(w, ENTRY_RULE_GUEST_SYSENTER, VMCS_guest_sysenter_esp);
	walk_require_canonical(w, ENTRY_RULE_GUEST_SYSENTER, VMCS_guest_sysenter_eip);
	if (w->entry & ENTRYCTL_LOAD_PAT)
		WALK_REQUIRE(w, GUEST_PAT, entry_pat_valid(walk_read(w, VMCS_guest_pat)), VMCS_guest_pat);
	if (w->entry & ENTRYCTL_LOAD_EFER)
		check_efer(w);
	if (w->entry & ENTRYCTL_LOAD_BNDCFGS) {
		bndcfgs = walk_read(w, VMCS_guest_bndcfgs);
		WALK_REQUIRE(w, GUEST_BNDCFGS, !(bndcfgs & BITS(11, 2)) && walk_is_canonical(w, bndcfgs),
			     VMCS_guest_bndcfgs);
	}
	if (w->entry & ENTRYCTL_LOAD_CET) {
		WALK_REQUIRE(w, GUEST_S_CET, entry_s_cet_valid(w, walk_read(w, VMCS_guest_s_cet)), VMCS_guest_s_cet);
		walk_require_canonical(w, ENTRY_RULE_GUEST_SSP_TABLE, VMCS_guest_interrupt_ssp_table);
	}
	check_reserved_bits(w);
}

void entry_check_guest_registers(struct entry_walk *w)
{
	w->cr4 = walk_read(w, VMCS_guest_cr4);
	w->rflags = walk_read(w, VMCS_guest_rflags);
	w->cs_access = walk_read(w, VMCS_guest_cs_access_rights);
	w->ss_access = walk_read(w, VMCS_guest_ss_access_rights);
	check_control_registers(w);
	check_debug_controls(w);
	check_msrs(w);
}
