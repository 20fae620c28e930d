/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why did VMRUN end with VMEXIT_INVALID? Walks the manual's rules on guest state, event injection, nested paging and
 * interrupt virtualization over a VMCB and names each that does not hold (APM 2, VMRUN Instruction: Canonicalization
 * and Consistency Checks).
 *
 * Pure: the VMCB and what the processor can do come as arguments. Not examined: the page-directory pointers of a PAE
 * guest without nested paging, and SEV; ETERNA uses neither. The rest of a segment's attributes, RFLAGS and canonical
 * addresses are no rules: VMRUN takes what it needs of them and corrects it.
 */
#ifndef ETERNA_HVM_SVM_ENTRY_CHECK_H
#define ETERNA_HVM_SVM_ENTRY_CHECK_H

#include "hvm/finding.h"
#include "x86/regs/vmcb.h"

/* SVM_RULE_NAME for each rule of entry_check.def. */
enum svm_rule {
#define S(name, title)
#define R(name, text) SVM_RULE_##name,
#include "hvm/svm/entry_check.def"
#undef R
#undef S
	SVM_RULE_COUNT
};

/* The processor, and what of the host counts at VMRUN. */
struct svm_check_caps {
	u32 features;           /* SVM_CPUID_ bits that it has */
	u64 efer_bits;          /* that may be 1 */
	u64 cr4_bits;           /* that may be 1 */
	unsigned physical_bits; /* 32 to 52 */
	bool has_long_mode;
	bool has_x2avic_ext; /* CPUID Fn8000_000A_ECX bit 6: more than 512 processors */
	u64 host_cr0;
	u64 u_cet; /* the MSR, which VMRUN does not load */
};

#define SVM_FINDING_FIELDS FINDING_FIELDS_MAX

/* A rule that does not hold, with the fields it speaks of; the first is the one to blame. */
struct svm_finding {
	enum svm_rule rule;
	unsigned field_count;
	struct finding_field field[SVM_FINDING_FIELDS];
	u64 must_be_0; /* bits of the first field that are 1 but must be 0; 0 where the rule is none about bits */
};

/* Called for each rule broken. */
typedef void svm_report_fn(void *ctx, const struct svm_finding *finding);

/*
 * Check everything. Returns the number of findings; 0 means that VMRUN should enter the guest.
 * `report_ctx` is handed to `report`. The VMCB is as it was before VMRUN: event injection not cleared.
 */
unsigned svm_entry_check(const struct vmcb *b, const struct svm_check_caps *caps, svm_report_fn *report,
			 void *report_ctx);

/* The words of a rule, and the title of its section in the manual; never NULL. */
const char *svm_rule_text(enum svm_rule rule);
const char *svm_rule_section(enum svm_rule rule);

/*
 * One line: "cr4 0x0: PAE (bit 5) must be 1 with ...; efer 0x1100, cr0 0x80000011 (Canonicalization and ...)".
 * Always ended by a NUL when size is not 0; 320 bytes hold the longest. Returns its full length.
 */
size_t svm_finding_format(char *buf, size_t size, const struct svm_finding *finding);

#endif
