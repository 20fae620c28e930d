// SPDX-License-Identifier: Apache-2.0
// Checks on the guest's RIP, RFLAGS and SSP, its non-register state and its PDPTEs (SDM 3C, VM Entries: Checks on the
// Guest State Area).
#include "hvm/vmx/entry_check_priv.h"

#include "base/mem.h"

#define RFLAGS_RESERVED (BITS(63, 22) | BIT(15) | BIT(5) | BIT(3))

static bool is_64bit_code(const struct entry_walk *w)
{
	return w->entry & ENTRYCTL_IA32E_GUEST && w->cs_access & SEG_L;
}

/* Are the bits above the linear-address width all the same? (Weaker than canonical.) */
static bool high_bits_equal(const struct entry_walk *w, u64 address)
{
	u64 high = address >> w->caps->linear_bits;

	return high == 0 || high == ~0ull >> w->caps->linear_bits;
}

static void check_rip_rflags_ssp(struct entry_walk *w)
{
	u64 rip = walk_read(w, VMCS_guest_rip);
	u64 ssp;

	if (is_64bit_code(w))
		WALK_REQUIRE(w, RIP_64, high_bits_equal(w, rip), VMCS_guest_rip);
	else
		WALK_REQUIRE(w, RIP_32, !(rip >> 32), VMCS_guest_rip, VMCS_guest_cs_access_rights, VMCS_entry_controls);
	walk_require_bits(w, ENTRY_RULE_RFLAGS_RESERVED, VMCS_guest_rflags, RFLAGS_FIXED, RFLAGS_RESERVED);
	if (w->rflags & RFLAGS_VM)
		WALK_REQUIRE(w, RFLAGS_VM, !(w->entry & ENTRYCTL_IA32E_GUEST) && w->cr0 & CR0_PE, VMCS_guest_rflags,
			     VMCS_entry_controls, VMCS_guest_cr0);
	if (walk_is_event(w, INTR_TYPE_EXTERNAL))
		WALK_REQUIRE(w, RFLAGS_IF, w->rflags & RFLAGS_IF, VMCS_guest_rflags, VMCS_entry_interruption_info);
	if (!(w->entry & ENTRYCTL_LOAD_CET))
		return;
	ssp = walk_read(w, VMCS_guest_ssp);
	WALK_REQUIRE(w, SSP_ALIGNED, !(ssp & BITS(1, 0)), VMCS_guest_ssp);
	if (is_64bit_code(w))
		WALK_REQUIRE(w, SSP_64, high_bits_equal(w, ssp), VMCS_guest_ssp);
	else
		WALK_REQUIRE(w, SSP_32, !(ssp >> 32), VMCS_guest_ssp);
}

/* May the event be injected into a vcpu that is halted, in shutdown, or waits for a SIPI? */
static void check_activity_event(struct entry_walk *w, u64 activity)
{
	u64 vector = GET(INTR_INFO_VECTOR, w->event);
	bool is_nmi = walk_is_event(w, INTR_TYPE_NMI);
	bool is_exception = walk_is_event(w, INTR_TYPE_HARDWARE_EXCEPTION);
	bool is_mc = is_exception && vector == VECTOR_MC;

	if (activity == VMCS_ACTIVITY_HLT)
		WALK_REQUIRE(w, ACTIVITY_HLT_EVENT,
			     walk_is_event(w, INTR_TYPE_EXTERNAL) || is_nmi || is_mc ||
				     (is_exception && vector == VECTOR_DB) || walk_is_event(w, INTR_TYPE_OTHER_EVENT),
			     VMCS_guest_activity_state, VMCS_entry_interruption_info);
	if (activity == VMCS_ACTIVITY_SHUTDOWN)
		WALK_REQUIRE(w, ACTIVITY_SHUTDOWN_EVENT, is_nmi || is_mc, VMCS_guest_activity_state,
			     VMCS_entry_interruption_info);
	if (activity == VMCS_ACTIVITY_WAIT_SIPI)
		WALK_REQUIRE(w, ACTIVITY_SIPI_EVENT, false, VMCS_guest_activity_state, VMCS_entry_interruption_info);
}

static void check_activity(struct entry_walk *w, u64 activity, u64 blocking)
{
	bool is_offered = activity == VMCS_ACTIVITY_ACTIVE ||
			  (activity <= VMCS_ACTIVITY_WAIT_SIPI &&
			   w->caps->misc & VMX_MISC_ACTIVITY_HLT << (activity - VMCS_ACTIVITY_HLT));

	WALK_REQUIRE(w, ACTIVITY, is_offered, VMCS_guest_activity_state);
	if (activity == VMCS_ACTIVITY_HLT)
		WALK_REQUIRE(w, ACTIVITY_HLT_DPL, GET(SEG_DPL, w->ss_access) == 0, VMCS_guest_activity_state,
			     VMCS_guest_ss_access_rights);
	if (blocking & (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS))
		WALK_REQUIRE(w, ACTIVITY_BLOCKING, activity == VMCS_ACTIVITY_ACTIVE, VMCS_guest_activity_state,
			     VMCS_guest_interruptibility_state);
	if (w->event)
		check_activity_event(w, activity);
}

static void check_blocking(struct entry_walk *w, u64 blocking)
{
	u64 both = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;

	walk_require_bits(w, ENTRY_RULE_BLOCKING_RESERVED, VMCS_guest_interruptibility_state, 0, BITS(31, 5));
	WALK_REQUIRE(w, BLOCKING_BOTH, (blocking & both) != both, VMCS_guest_interruptibility_state);
	WALK_REQUIRE(w, BLOCKING_STI_IF, !(blocking & INTERRUPTIBILITY_STI) || w->rflags & RFLAGS_IF,
		     VMCS_guest_interruptibility_state, VMCS_guest_rflags);
	if (walk_is_event(w, INTR_TYPE_EXTERNAL))
		WALK_REQUIRE(w, BLOCKING_EXTERNAL, !(blocking & both), VMCS_guest_interruptibility_state,
			     VMCS_entry_interruption_info);
	if (walk_is_event(w, INTR_TYPE_NMI)) {
		WALK_REQUIRE(w, BLOCKING_NMI_EVENT, !(blocking & both), VMCS_guest_interruptibility_state,
			     VMCS_entry_interruption_info);
		WALK_REQUIRE(w, BLOCKING_VIRTUAL_NMI,
			     !(w->pin & PIN_VIRTUAL_NMIS) || !(blocking & INTERRUPTIBILITY_NMI),
			     VMCS_guest_interruptibility_state, VMCS_entry_interruption_info);
	}
	WALK_REQUIRE(w, BLOCKING_SMI, !(blocking & INTERRUPTIBILITY_SMI), VMCS_guest_interruptibility_state);
	if (blocking & INTERRUPTIBILITY_ENCLAVE)
		WALK_REQUIRE(w, BLOCKING_ENCLAVE, !(blocking & INTERRUPTIBILITY_MOV_SS),
			     VMCS_guest_interruptibility_state);
}

static void check_pending_debug(struct entry_walk *w, u64 activity, u64 blocking)
{
	u64 pending = walk_read(w, VMCS_guest_pending_debug_exceptions);
	bool is_stepping = w->rflags & RFLAGS_TF && !(walk_read(w, VMCS_guest_debugctl) & DEBUGCTL_BTF);

	walk_require_bits(w, ENTRY_RULE_PENDING_RESERVED, VMCS_guest_pending_debug_exceptions, 0,
			  BITS(63, 17) | BIT(15) | BIT(13) | BITS(11, 4));
	if (pending & QUAL_DB_RTM)
		WALK_REQUIRE(w, PENDING_RTM,
			     pending & PENDING_DEBUG_ENABLED_BREAKPOINT && !(pending & (QUAL_DB_B | QUAL_DB_BS)) &&
				     !(blocking & INTERRUPTIBILITY_MOV_SS),
			     VMCS_guest_pending_debug_exceptions, VMCS_guest_interruptibility_state);
	if (activity != VMCS_ACTIVITY_HLT && !(blocking & (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)))
		return;
	if (is_stepping)
		WALK_REQUIRE(w, PENDING_BS_DUE, pending & QUAL_DB_BS, VMCS_guest_pending_debug_exceptions,
			     VMCS_guest_rflags, VMCS_guest_debugctl);
	else
		WALK_REQUIRE(w, PENDING_BS_ALIEN, !(pending & QUAL_DB_BS), VMCS_guest_pending_debug_exceptions,
			     VMCS_guest_rflags, VMCS_guest_debugctl);
}

static void check_link_pointer(struct entry_walk *w)
{
	u64 link = walk_read(w, VMCS_vmcs_link_pointer);
	u8 bytes[4];
	u32 revision;

	if (link == VMCS_LINK_NONE)
		return;
	walk_require_page(w, ENTRY_RULE_LINK_ADDRESS, VMCS_vmcs_link_pointer);
	WALK_REQUIRE(w, LINK_CURRENT, link != w->caps->current_vmcs, VMCS_vmcs_link_pointer);
	if (!w->source->read_memory || !w->source->read_memory(w->source->ctx, link, bytes, sizeof(bytes)))
		return;
	revision = load_u32(bytes);
	WALK_REQUIRE(w, LINK_REVISION, GET(VMCS_REGION_REVISION, revision) == GET(VMX_BASIC_REVISION, w->caps->basic),
		     VMCS_vmcs_link_pointer);
	WALK_REQUIRE(w, LINK_SHADOW, !(revision & VMCS_REGION_SHADOW) == !(w->proc2 & PROC2_VMCS_SHADOWING),
		     VMCS_vmcs_link_pointer, VMCS_proc2_controls);
}

static bool is_pdpte_valid(const struct entry_walk *w, u64 pdpte)
{
	return !(pdpte & 1) || (!(pdpte & (BITS(8, 5) | BITS(2, 1))) && walk_is_physical(w, pdpte));
}

static void check_pdptes(struct entry_walk *w)
{
	u64 table = walk_read(w, VMCS_guest_cr3) & BITS(31, 5);
	u8 entries[32];

	if (!(w->cr0 & CR0_PG) || !(w->cr4 & CR4_PAE) || w->entry & ENTRYCTL_IA32E_GUEST)
		return;
	if (w->proc2 & PROC2_ENABLE_EPT) {
		for (u32 field = VMCS_guest_pdpte0; field <= VMCS_guest_pdpte3; field += 2)
			walk_require_1(w, ENTRY_RULE_PDPTE_FIELD, is_pdpte_valid(w, walk_read(w, field)), field);
		return;
	}
	if (!w->source->read_memory || !w->source->read_memory(w->source->ctx, table, entries, sizeof(entries)))
		return;
	for (unsigned i = 0; i < 4; i++)
		walk_require_1(w, ENTRY_RULE_PDPTE_MEMORY, is_pdpte_valid(w, load_u64(entries + 8 * i)),
			       VMCS_guest_cr3);
}

void entry_check_guest_rest(struct entry_walk *w)
{
	u64 activity = walk_read(w, VMCS_guest_activity_state);
	u64 blocking = walk_read(w, VMCS_guest_interruptibility_state);

	check_rip_rflags_ssp(w);
	check_activity(w, activity, blocking);
	check_blocking(w, blocking);
	check_pending_debug(w, activity, blocking);
	check_link_pointer(w);
	check_pdptes(w);
}
