/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the VM-entry checker: the state of one walk, and the words its rules are written in. */
#ifndef ETERNA_HVM_VMX_ENTRY_CHECK_PRIV_H
#define ETERNA_HVM_VMX_ENTRY_CHECK_PRIV_H

#include "hvm/vmx/entry_check.h"
#include "x86/cpu_state.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"
#include "x86/regs/vmcs.h"

/* One walk. The controls are read once; those that are not activated count as 0. */
struct entry_walk {
	const struct entry_check_source *source;
	const struct entry_check_caps *caps;
	entry_report_fn *report;
	void *report_ctx;
	unsigned findings;

	u64 pin, proc, proc2, proc3, exit, exit2, entry;
	u64 event; /* entry interruption information; 0 unless valid */
	u64 cr0, cr4, rflags;
	u64 cs_access, ss_access;
};

static inline u64 walk_read(const struct entry_walk *w, u32 field)
{
	return w->source->read(w->source->ctx, field);
}

/* Report `rule` about these fields (the first is to blame). */
void walk_report(struct entry_walk *w, enum entry_rule rule, const u32 *fields, unsigned count);

/* Require that the bits `ones` of a field are 1 and the bits `zeros` are 0. */
void walk_require_bits(struct entry_walk *w, enum entry_rule rule, u32 field, u64 ones, u64 zeros);

/* Require `ok`; the fields named after it are shown when it does not hold. */
#define WALK_REQUIRE(w, rule, ok, ...)                                                                                 \
	do {                                                                                                           \
		static const u32 fields_[] = {__VA_ARGS__};                                                            \
		if (!(ok))                                                                                             \
			walk_report(w, ENTRY_RULE_##rule, fields_, ARRAY_COUNT(fields_));                              \
	} while (0)

/* The same where the fields are not constants: one field, or two. */
static inline void walk_require_1(struct entry_walk *w, enum entry_rule rule, bool ok, u32 field)
{
	if (!ok)
		walk_report(w, rule, &field, 1);
}

static inline void walk_require_2(struct entry_walk *w, enum entry_rule rule, bool ok, u32 field, u32 other)
{
	if (!ok)
		walk_report(w, rule, (const u32[]){field, other}, 2);
}

/* Is it within the physical-address width? */
static inline bool walk_is_physical(const struct entry_walk *w, u64 address)
{
	return address >> w->caps->physical_bits == 0;
}

/* The same for what VMX structures point to, which some processors keep below 4 GiB. */
static inline bool walk_is_vmx_physical(const struct entry_walk *w, u64 address)
{
	return walk_is_physical(w, address) && !(w->caps->basic & VMX_BASIC_32BIT_ADDRESSES && address >> 32);
}

static inline bool walk_is_canonical(const struct entry_walk *w, u64 address)
{
	unsigned shift = 64 - w->caps->linear_bits;

	return (u64)((s64)(address << shift) >> shift) == address;
}

/* Require that a field holds the physical address of a page. */
static inline void walk_require_page(struct entry_walk *w, enum entry_rule rule, u32 field)
{
	u64 address = walk_read(w, field);

	walk_require_1(w, rule, IS_ALIGNED(address, PAGE_BYTES) && walk_is_vmx_physical(w, address), field);
}

static inline void walk_require_canonical(struct entry_walk *w, enum entry_rule rule, u32 field)
{
	walk_require_1(w, rule, walk_is_canonical(w, walk_read(w, field)), field);
}

static inline bool walk_is_event(const struct entry_walk *w, enum intr_type type)
{
	return w->event && GET(INTR_INFO_TYPE, w->event) == type;
}

/* Is each byte a memory type that IA32_PAT may hold? (SDM 3A, IA32_PAT MSR) */
bool entry_pat_valid(u64 pat);

/* May IA32_S_CET hold this? (SDM 1, Control-flow Enforcement Technology: MSRs) */
bool entry_s_cet_valid(const struct entry_walk *w, u64 s_cet);

/* The parts, in the manual's order. */
void entry_check_controls(struct entry_walk *w);
void entry_check_host(struct entry_walk *w);
void entry_check_guest_registers(struct entry_walk *w);
void entry_check_guest_segments(struct entry_walk *w);
void entry_check_guest_rest(struct entry_walk *w);

#endif
