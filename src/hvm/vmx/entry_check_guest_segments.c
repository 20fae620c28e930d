// SPDX-License-Identifier: Apache-2.0
// Checks on the guest's segment and descriptor-table registers (SDM 3C, VM Entries: Checks on Guest Segment Registers,
// Checks on Guest Descriptor-Table Registers).
#include "hvm/vmx/entry_check_priv.h"

#define SELECTOR_RPL BITS(1, 0)
#define SELECTOR_TI BIT(2)
#define ACCESS_RESERVED (BITS(31, 17) | BITS(11, 8))

#define TYPE_DATA_WRITE_ACCESSED 3
#define TYPE_LDT 2
#define TYPE_BUSY_TSS16 3
#define TYPE_BUSY_TSS 11

/* The fields of a segment register lie two apart in each group, in the order of enum seg. */
struct seg_fields {
	u32 selector, base, limit, access;
};

static struct seg_fields seg_fields(enum seg seg)
{
	return (struct seg_fields){
		.selector = VMCS_guest_es_selector + 2 * (u32)seg,
		.base = VMCS_guest_es_base + 2 * (u32)seg,
		.limit = VMCS_guest_es_limit + 2 * (u32)seg,
		.access = VMCS_guest_es_access_rights + 2 * (u32)seg,
	};
}

static bool is_usable(const struct entry_walk *w, enum seg seg)
{
	return !(walk_read(w, seg_fields(seg).access) & SEG_UNUSABLE);
}

static bool is_unrestricted(const struct entry_walk *w)
{
	return w->proc2 & PROC2_UNRESTRICTED_GUEST;
}

/* What virtual-8086 mode asks of CS, SS, DS, ES, FS and GS. */
static void check_v86(struct entry_walk *w)
{
	for (enum seg seg = SEG_ES; seg <= SEG_GS; seg++) {
		struct seg_fields f = seg_fields(seg);

		walk_require_2(w, ENTRY_RULE_V86_BASE, walk_read(w, f.base) == walk_read(w, f.selector) << 4, f.base,
			       f.selector);
		walk_require_1(w, ENTRY_RULE_V86_LIMIT, walk_read(w, f.limit) == 0xffff, f.limit);
		walk_require_1(w, ENTRY_RULE_V86_ACCESS, walk_read(w, f.access) == 0xf3, f.access);
	}
}

static void check_limit(struct entry_walk *w, struct seg_fields f)
{
	u64 limit = walk_read(w, f.limit);
	u64 access = walk_read(w, f.access);

	if ((limit & BITS(11, 0)) != BITS(11, 0))
		walk_require_2(w, ENTRY_RULE_LIMIT_LOW, !(access & SEG_G), f.access, f.limit);
	if (limit & BITS(31, 20))
		walk_require_2(w, ENTRY_RULE_LIMIT_HIGH, access & SEG_G, f.access, f.limit);
}

/* What CS, and the usable ones of SS, DS, ES, FS, GS, have in common. */
static void check_code_or_data(struct entry_walk *w, enum seg seg)
{
	struct seg_fields f = seg_fields(seg);
	u64 access = walk_read(w, f.access);

	if (seg < SEG_FS)
		walk_require_1(w, ENTRY_RULE_BASE_32, !(walk_read(w, f.base) >> 32), f.base);
	walk_require_1(w, ENTRY_RULE_SEGMENT_S, access & SEG_S, f.access);
	walk_require_1(w, ENTRY_RULE_SEGMENT_P, access & SEG_P, f.access);
	walk_require_bits(w, ENTRY_RULE_SEGMENT_RESERVED, f.access, 0, ACCESS_RESERVED);
	check_limit(w, f);
}

static void check_cs(struct entry_walk *w)
{
	u64 type = GET(SEG_TYPE, w->cs_access);
	u64 dpl = GET(SEG_DPL, w->cs_access);
	u64 ss_dpl = GET(SEG_DPL, w->ss_access);

	check_code_or_data(w, SEG_CS);
	WALK_REQUIRE(w, CS_TYPE, (type & 9) == 9 || (is_unrestricted(w) && type == TYPE_DATA_WRITE_ACCESSED),
		     VMCS_guest_cs_access_rights);
	if (type == TYPE_DATA_WRITE_ACCESSED)
		WALK_REQUIRE(w, CS_TYPE3_DPL, dpl == 0, VMCS_guest_cs_access_rights);
	if ((type & 0xd) == 9)
		WALK_REQUIRE(w, CS_DPL_EQUAL, dpl == ss_dpl, VMCS_guest_cs_access_rights, VMCS_guest_ss_access_rights);
	if ((type & 0xd) == 0xd)
		WALK_REQUIRE(w, CS_DPL_CONFORMING, dpl <= ss_dpl, VMCS_guest_cs_access_rights,
			     VMCS_guest_ss_access_rights);
	if (w->entry & ENTRYCTL_IA32E_GUEST && w->cs_access & SEG_L)
		WALK_REQUIRE(w, CS_L_AND_DB, !(w->cs_access & SEG_DB), VMCS_guest_cs_access_rights);
}

static void check_ss(struct entry_walk *w)
{
	u64 rpl = walk_read(w, VMCS_guest_ss_selector) & SELECTOR_RPL;
	u64 dpl = GET(SEG_DPL, w->ss_access);
	u64 type = GET(SEG_TYPE, w->ss_access);
	bool is_cs_type3 = GET(SEG_TYPE, w->cs_access) == TYPE_DATA_WRITE_ACCESSED;

	if (is_usable(w, SEG_SS)) {
		check_code_or_data(w, SEG_SS);
		WALK_REQUIRE(w, SS_TYPE, type == 3 || type == 7, VMCS_guest_ss_access_rights);
	}
	if (!is_unrestricted(w)) {
		WALK_REQUIRE(w, SS_RPL, rpl == (walk_read(w, VMCS_guest_cs_selector) & SELECTOR_RPL),
			     VMCS_guest_ss_selector, VMCS_guest_cs_selector);
		WALK_REQUIRE(w, SS_DPL, dpl == rpl, VMCS_guest_ss_access_rights, VMCS_guest_ss_selector);
	}
	if (is_cs_type3 || !(w->cr0 & CR0_PE))
		WALK_REQUIRE(w, SS_DPL_REAL, dpl == 0, VMCS_guest_ss_access_rights, VMCS_guest_cs_access_rights,
			     VMCS_guest_cr0);
}

/* DS, ES, FS or GS. */
static void check_data(struct entry_walk *w, enum seg seg)
{
	struct seg_fields f = seg_fields(seg);
	u64 access = walk_read(w, f.access);
	u64 type = GET(SEG_TYPE, access);

	if (!is_usable(w, seg))
		return;
	check_code_or_data(w, seg);
	walk_require_1(w, ENTRY_RULE_DATA_ACCESSED, type & 1, f.access);
	walk_require_1(w, ENTRY_RULE_DATA_READABLE, !(type & 8) || type & 2, f.access);
	if (!is_unrestricted(w) && type <= 11)
		walk_require_2(w, ENTRY_RULE_DATA_DPL,
			       GET(SEG_DPL, access) >= (walk_read(w, f.selector) & SELECTOR_RPL), f.access, f.selector);
}

/* What TR, and LDTR while usable, have in common. */
static void check_system(struct entry_walk *w, enum seg seg)
{
	struct seg_fields f = seg_fields(seg);
	u64 access = walk_read(w, f.access);

	walk_require_canonical(w, ENTRY_RULE_BASE_CANONICAL, f.base);
	walk_require_1(w, ENTRY_RULE_SYSTEM_S, !(access & SEG_S), f.access);
	walk_require_1(w, ENTRY_RULE_SYSTEM_P, access & SEG_P, f.access);
	walk_require_bits(w, ENTRY_RULE_SYSTEM_RESERVED, f.access, 0, ACCESS_RESERVED);
	check_limit(w, f);
}

static void check_tr(struct entry_walk *w)
{
	u64 access = walk_read(w, VMCS_guest_tr_access_rights);
	u64 type = GET(SEG_TYPE, access);

	check_system(w, SEG_TR);
	WALK_REQUIRE(w, TR_TI, !(walk_read(w, VMCS_guest_tr_selector) & SELECTOR_TI), VMCS_guest_tr_selector);
	WALK_REQUIRE(w, TR_USABLE, !(access & SEG_UNUSABLE), VMCS_guest_tr_access_rights);
	WALK_REQUIRE(w, TR_TYPE,
		     type == TYPE_BUSY_TSS || (type == TYPE_BUSY_TSS16 && !(w->entry & ENTRYCTL_IA32E_GUEST)),
		     VMCS_guest_tr_access_rights, VMCS_entry_controls);
}

static void check_ldtr(struct entry_walk *w)
{
	if (!is_usable(w, SEG_LDTR))
		return;
	check_system(w, SEG_LDTR);
	WALK_REQUIRE(w, LDTR_TI, !(walk_read(w, VMCS_guest_ldtr_selector) & SELECTOR_TI), VMCS_guest_ldtr_selector);
	WALK_REQUIRE(w, LDTR_TYPE, GET(SEG_TYPE, walk_read(w, VMCS_guest_ldtr_access_rights)) == TYPE_LDT,
		     VMCS_guest_ldtr_access_rights);
}

static void check_tables(struct entry_walk *w)
{
	walk_require_canonical(w, ENTRY_RULE_TABLE_BASE, VMCS_guest_gdtr_base);
	walk_require_canonical(w, ENTRY_RULE_TABLE_BASE, VMCS_guest_idtr_base);
	walk_require_1(w, ENTRY_RULE_TABLE_LIMIT, walk_read(w, VMCS_guest_gdtr_limit) <= 0xffff, VMCS_guest_gdtr_limit);
	walk_require_1(w, ENTRY_RULE_TABLE_LIMIT, walk_read(w, VMCS_guest_idtr_limit) <= 0xffff, VMCS_guest_idtr_limit);
}

void entry_check_guest_segments(struct entry_walk *w)
{
	if (w->rflags & RFLAGS_VM) {
		check_v86(w);
	} else {
		check_cs(w);
		check_ss(w);
		check_data(w, SEG_DS);
		check_data(w, SEG_ES);
		check_data(w, SEG_FS);
		check_data(w, SEG_GS);
	}
	walk_require_canonical(w, ENTRY_RULE_BASE_CANONICAL, VMCS_guest_fs_base);
	walk_require_canonical(w, ENTRY_RULE_BASE_CANONICAL, VMCS_guest_gs_base);
	check_tr(w);
	check_ldtr(w);
	check_tables(w);
}
