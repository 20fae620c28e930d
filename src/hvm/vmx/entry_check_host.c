// SPDX-License-Identifier: Apache-2.0
// Checks on the host-state area (SDM 3C, VM Entries: Checks on Host-State Area).
#include "hvm/vmx/entry_check_priv.h"

static void check_control_registers(struct entry_walk *w)
{
	const struct entry_check_caps *caps = w->caps;
	u64 cr0 = walk_read(w, VMCS_host_cr0);
	u64 cr4 = walk_read(w, VMCS_host_cr4);

	walk_require_bits(w, ENTRY_RULE_HOST_CR0, VMCS_host_cr0, caps->cr0_fixed0, ~caps->cr0_fixed1);
	walk_require_bits(w, ENTRY_RULE_HOST_CR4, VMCS_host_cr4, caps->cr4_fixed0, ~caps->cr4_fixed1);
	WALK_REQUIRE(w, HOST_CET_NEEDS_WP, !(cr4 & CR4_CET) || cr0 & CR0_WP, VMCS_host_cr4, VMCS_host_cr0);
	WALK_REQUIRE(w, HOST_CR3, walk_is_physical(w, walk_read(w, VMCS_host_cr3)), VMCS_host_cr3);
	walk_require_canonical(w, ENTRY_RULE_HOST_SYSENTER, VMCS_host_sysenter_esp);
	walk_require_canonical(w, ENTRY_RULE_HOST_SYSENTER, VMCS_host_sysenter_eip);
}

static void check_cet(struct entry_walk *w)
{
	u64 ssp = walk_read(w, VMCS_host_ssp);

	WALK_REQUIRE(w, HOST_S_CET, entry_s_cet_valid(w, walk_read(w, VMCS_host_s_cet)), VMCS_host_s_cet);
	WALK_REQUIRE(w, HOST_SSP, walk_is_canonical(w, ssp) && !(ssp & BITS(1, 0)), VMCS_host_ssp);
	walk_require_canonical(w, ENTRY_RULE_HOST_SSP_TABLE, VMCS_host_interrupt_ssp_table);
}

static void check_msrs(struct entry_walk *w)
{
	const struct entry_check_caps *caps = w->caps;
	u64 is_64bit = w->exit & EXITCTL_HOST_64BIT;
	u64 efer;

	if (w->exit & EXITCTL_LOAD_PERF_GLOBAL_CTRL)
		walk_require_bits(w, ENTRY_RULE_HOST_PERF_GLOBAL_CTRL, VMCS_host_perf_global_ctrl, 0,
				  ~caps->perf_global_ctrl_bits);
	if (w->exit & EXITCTL_LOAD_PAT)
		WALK_REQUIRE(w, HOST_PAT, entry_pat_valid(walk_read(w, VMCS_host_pat)), VMCS_host_pat);
	if (w->exit & EXITCTL_LOAD_EFER) {
		efer = walk_read(w, VMCS_host_efer);
		walk_require_bits(w, ENTRY_RULE_HOST_EFER_RESERVED, VMCS_host_efer, 0, ~caps->efer_bits);
		WALK_REQUIRE(w, HOST_EFER_LONG, (efer & (EFER_LMA | EFER_LME)) == (is_64bit ? EFER_LMA | EFER_LME : 0),
			     VMCS_host_efer, VMCS_exit_controls);
	}
	if (w->exit & EXITCTL_LOAD_CET)
		check_cet(w);
	if (w->exit & EXITCTL_LOAD_PKRS)
		WALK_REQUIRE(w, HOST_PKRS, !(walk_read(w, VMCS_host_pkrs) >> 32), VMCS_host_pkrs);
	if (w->exit2 & EXITCTL2_LOAD_SPEC_CTRL)
		walk_require_bits(w, ENTRY_RULE_HOST_SPEC_CTRL, VMCS_host_spec_ctrl, 0, ~caps->spec_ctrl_bits);
}

static void check_segments(struct entry_walk *w)
{
	static const u32 bases[] = {VMCS_host_fs_base, VMCS_host_gs_base, VMCS_host_gdtr_base, VMCS_host_idtr_base,
				    VMCS_host_tr_base};

	for (u32 field = VMCS_host_es_selector; field <= VMCS_host_tr_selector; field += 2)
		walk_require_1(w, ENTRY_RULE_HOST_SELECTOR_BITS, !(walk_read(w, field) & BITS(2, 0)), field);
	WALK_REQUIRE(w, HOST_SELECTOR_NULL, walk_read(w, VMCS_host_cs_selector) != 0, VMCS_host_cs_selector);
	WALK_REQUIRE(w, HOST_SELECTOR_NULL, walk_read(w, VMCS_host_tr_selector) != 0, VMCS_host_tr_selector);
	if (!(w->exit & EXITCTL_HOST_64BIT))
		WALK_REQUIRE(w, HOST_SS_NULL, walk_read(w, VMCS_host_ss_selector) != 0, VMCS_host_ss_selector);
	for (size_t i = 0; i < ARRAY_COUNT(bases); i++)
		walk_require_canonical(w, ENTRY_RULE_HOST_BASE, bases[i]);
}

static void check_address_space(struct entry_walk *w)
{
	u64 cr4 = walk_read(w, VMCS_host_cr4);
	u64 rip = walk_read(w, VMCS_host_rip);

	if (w->caps->is_long_mode)
		WALK_REQUIRE(w, HOST_SIZE_LONG, w->exit & EXITCTL_HOST_64BIT, VMCS_exit_controls);
	else
		WALK_REQUIRE(w, HOST_SIZE_LEGACY, !(w->exit & EXITCTL_HOST_64BIT) && !(w->entry & ENTRYCTL_IA32E_GUEST),
			     VMCS_exit_controls, VMCS_entry_controls);
	if (w->exit & EXITCTL_HOST_64BIT) {
		WALK_REQUIRE(w, HOST_LONG_PAE, cr4 & CR4_PAE, VMCS_host_cr4);
		WALK_REQUIRE(w, HOST_LONG_RIP, walk_is_canonical(w, rip), VMCS_host_rip);
	} else {
		WALK_REQUIRE(w, HOST_LEGACY_PCIDE, !(cr4 & CR4_PCIDE), VMCS_host_cr4);
		WALK_REQUIRE(w, HOST_LEGACY_RIP, !(rip >> 32), VMCS_host_rip);
	}
}

void entry_check_host(struct entry_walk *w)
{
	check_control_registers(w);
	check_msrs(w);
	check_segments(w);
	check_address_space(w);
}
