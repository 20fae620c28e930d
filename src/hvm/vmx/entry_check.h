/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why did VM entry fail? Walks the manual's checks on VM entry (SDM 3C, VM Entries: Checks on VMX Controls and
 * Host-State Area; Checking and Loading Guest State) over a VMCS and names each rule that does not hold.
 *
 * Pure: the VMCS, memory and the processor's capabilities come as arguments. The checks assume entry from outside
 * SMM. What the processor finds later, while it loads MSRs from the entry area, is not examined.
 */
#ifndef ETERNA_HVM_VMX_ENTRY_CHECK_H
#define ETERNA_HVM_VMX_ENTRY_CHECK_H

#include "base/types.h"

/* ENTRY_RULE_NAME for each rule of entry_check.def. */
enum entry_rule {
#define S(name, title)
#define R(name, text) ENTRY_RULE_##name,
#include "hvm/vmx/entry_check.def"
#undef R
#undef S
	ENTRY_RULE_COUNT
};

/* What the processor allows, as its MSRs and CPUID say. */
struct entry_check_caps {
	u64 basic; /* IA32_VMX_BASIC */
	u64 misc;  /* IA32_VMX_MISC */

	/* Capability MSRs, allowed 0-settings low, allowed 1-settings high: the TRUE ones where there are such. */
	u64 pin, proc, exit, entry;
	u64 proc2; /* IA32_VMX_PROCBASED_CTLS2; 0 where there is none */

	/* Allowed 1-settings; 0 where the processor has no such MSR. */
	u64 proc3, exit2, vmfunc;

	u64 ept_vpid; /* IA32_VMX_EPT_VPID_CAP; 0 where there is none */
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;

	/* Bits that these MSRs may have set; all ones where not known. */
	u64 efer_bits, debugctl_bits, perf_global_ctrl_bits, rtit_ctl_bits, lbr_ctl_bits, spec_ctrl_bits;

	unsigned physical_bits; /* MAXPHYADDR, 32 to 52 */
	unsigned linear_bits;   /* 48 or 57 */
	bool is_long_mode;      /* is VM entry done from IA-32e mode? */
	bool is_pt_tracing;     /* IA32_RTIT_CTL.TraceEn at VM entry */
	u64 current_vmcs;       /* physical address of the VMCS under check */
};

/* Where the VMCS is read from. */
struct entry_check_source {
	void *ctx;

	/* The value of a field. Asked only for fields that the controls read so far bring to life; 0 if it fails. */
	u64 (*read)(void *ctx, u32 field);

	/*
	 * Copy `bytes` of host-physical memory; false if it cannot be had. NULL: the rules that look into memory
	 * (VTPR, linked VMCS, PDPTEs without EPT) are skipped.
	 */
	bool (*read_memory)(void *ctx, u64 physical, void *buf, size_t bytes);
};

#define ENTRY_FINDING_FIELDS 3

/* A rule that does not hold, with the fields it speaks of; the first is the one to blame. */
struct entry_finding {
	enum entry_rule rule;
	unsigned field_count;
	u32 field[ENTRY_FINDING_FIELDS];
	u64 value[ENTRY_FINDING_FIELDS];
	u64 must_be_1; /* bits of the first field that are 0 but must be 1; 0 where the rule is none about bits */
	u64 must_be_0; /* bits of the first field that are 1 but must be 0 */
};

/* Called for each rule broken, in the manual's order. */
typedef void entry_report_fn(void *ctx, const struct entry_finding *finding);

/*
 * Check everything. Returns the number of findings; 0 means that VM entry should succeed.
 * `report_ctx` is handed to `report`.
 */
unsigned entry_check(const struct entry_check_source *source, const struct entry_check_caps *caps,
		     entry_report_fn *report, void *report_ctx);

/* The words of a rule, and the title of its section in the manual; never NULL. */
const char *entry_rule_text(enum entry_rule rule);
const char *entry_rule_section(enum entry_rule rule);

/*
 * One line: "guest ss access rights 0x10093: DPL must equal ..., guest ss selector 0x13 (Checks on ...)".
 * Always ended by a NUL when size is not 0; 320 bytes hold the longest. Returns its full length.
 */
size_t entry_finding_format(char *buf, size_t size, const struct entry_finding *finding);

#endif
