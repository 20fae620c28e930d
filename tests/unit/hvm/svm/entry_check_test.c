// SPDX-License-Identifier: Apache-2.0
// The VMRUN checker: valid VMCBs pass in every mode, and for each rule a VMCB that breaks only that one is found out.
#include "hvm/svm/entry_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/vmcb.h"

#define BEYOND BIT(46)
#define TOP (BIT(46) - PAGE_BYTES) /* the last page */
#define EVENT(type, vector) (EVENT_INFO_VALID | PUT(EVENT_INFO_TYPE, type) | (vector))
#define ALL (~0ull)
#define CHANGES 4

/* One change of a field: the bits `clear` go, the bits `set` come. */
struct change {
	u16 offset;
	u8 bytes;
	u64 clear, set;
};

struct mutation {
	enum svm_rule rule; /* SVM_RULE_COUNT: none is broken */
	enum fake_mode mode;
	struct change change[CHANGES];
};

#define CHANGE(name, clear, set)                                                                                       \
	{                                                                                                              \
		VMCB_AT_##name, sizeof(vmcb_##name(NULL)), clear, set                                                  \
	}
#define SET(name, bits) CHANGE(name, 0, bits)
#define CLEAR(name, bits) CHANGE(name, bits, 0)
#define VALUE(name, value) CHANGE(name, ALL, value)
/* The attributes of CS are the second word of its entry. */
#define CS_SET(bits)                                                                                                   \
	{                                                                                                              \
		VMCB_AT_cs + 2, 2, 0, bits                                                                             \
	}
#define BREAKS(rule, mode, ...)                                                                                        \
	{                                                                                                              \
		SVM_RULE_##rule, FAKE_##mode,                                                                          \
		{                                                                                                      \
			__VA_ARGS__                                                                                    \
		}                                                                                                      \
	}
#define ALLOWED(mode, ...) BREAKS(COUNT, mode, __VA_ARGS__)
#define CS_L 0x200
#define CS_D 0x400

/* clang-format off */
static const struct mutation mutations[] = {
	BREAKS(EFER_SVME, LONG, CLEAR(efer, EFER_SVME)),
	BREAKS(EFER_SVME, REAL, VALUE(efer, 0)),
	BREAKS(EFER_RESERVED, LONG, SET(efer, BIT(1))),
	BREAKS(EFER_RESERVED, PROTECTED, SET(efer, BIT(63))),
	BREAKS(CR0_NW, LONG, SET(cr0, CR0_NW)),
	BREAKS(CR0_HIGH, PROTECTED, SET(cr0, BIT(32))),
	BREAKS(CR3_RESERVED, LONG, SET(cr3, BEYOND)),
	BREAKS(CR3_RESERVED, LONG, SET(cr3, BIT(63))),
	BREAKS(CR4_RESERVED, LONG, SET(cr4, BIT(15))),
	BREAKS(CR4_RESERVED, LONG, SET(cr4, CR4_VMXE)),
	BREAKS(CR4_RESERVED, REAL, SET(cr4, BIT(32))),
	BREAKS(DR6_HIGH, LONG, SET(dr6, BIT(32))),
	BREAKS(DR7_HIGH, LONG, SET(dr7, BIT(63))),
	BREAKS(LONG_PAE, LONG, CLEAR(cr4, CR4_PAE)),
	BREAKS(LONG_PAE, COMPATIBILITY, CLEAR(cr4, CR4_PAE), CLEAR(efer, EFER_LMA)),
	BREAKS(LONG_PE, COMPATIBILITY, CLEAR(cr0, CR0_PE)),
	BREAKS(CS_L_AND_D, LONG, CS_SET(CS_D)),
	BREAKS(CS_L_AND_D, COMPATIBILITY, CS_SET(CS_L)),
	BREAKS(VMRUN_INTERCEPT, LONG, CLEAR(intercepts2, INTERCEPT_VMRUN)),
	BREAKS(IOPM_RANGE, LONG, VALUE(iopm_base, TOP - PAGE_BYTES)),
	BREAKS(IOPM_RANGE, LONG, VALUE(iopm_base, ALL)),
	BREAKS(MSRPM_RANGE, LONG, VALUE(msrpm_base, TOP)),
	BREAKS(MSRPM_RANGE, LONG, VALUE(msrpm_base, BEYOND)),
	BREAKS(ASID, LONG, VALUE(asid, 0)),
	BREAKS(S_CET_RESERVED, LONG, VALUE(s_cet, BIT(2))),
	BREAKS(CET_WP, LONG, SET(cr4, CR4_CET), CLEAR(cr0, CR0_WP)),
	BREAKS(CET_VM86, PAE, SET(cr4, CR4_CET), SET(rflags, RFLAGS_VM)),

	BREAKS(TLB_CONTROL, LONG, VALUE(tlb_control, 2)),
	BREAKS(TLB_CONTROL, LONG, VALUE(tlb_control, 4)),
	BREAKS(TLB_CONTROL, LONG, VALUE(tlb_control, 8)),

	BREAKS(EVENT_TYPE, LONG, VALUE(event_injection, EVENT(1, 32))),
	BREAKS(EVENT_TYPE, LONG, VALUE(event_injection, EVENT(5, 32))),
	BREAKS(EVENT_TYPE, LONG, VALUE(event_injection, EVENT(6, 32))),
	BREAKS(EVENT_TYPE, LONG, VALUE(event_injection, EVENT(7, 32))),
	BREAKS(EVENT_VECTOR, LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_NMI))),
	BREAKS(EVENT_VECTOR, LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, 9))),
	BREAKS(EVENT_VECTOR, LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, 15))),
	BREAKS(EVENT_VECTOR, LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, 31))),
	BREAKS(EVENT_VECTOR, LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, 32))),
	BREAKS(EVENT_VECTOR, REAL, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, 255))),
	BREAKS(EVENT_MODE, LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_BR))),
	BREAKS(EVENT_MODE, LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_OF))),

	BREAKS(NESTED_CR3, LONG, SET(nested_cr3, BEYOND)),
	BREAKS(NESTED_PAT, LONG, VALUE(g_pat, 0x0007040600070402)),
	BREAKS(NESTED_PAT, REAL, VALUE(g_pat, 0x0307040600070406)),
	BREAKS(NESTED_PAT, REAL, VALUE(g_pat, 0x0007040e00070406)),

	BREAKS(VNMI_INTERCEPT, LONG, SET(virtual_interrupt, VINTR_NMI_ENABLE), CLEAR(intercepts1, INTERCEPT_NMI)),

	BREAKS(X2AVIC, LONG, SET(virtual_interrupt, VINTR_X2AVIC_ENABLE)),
	BREAKS(AVIC_POINTER, LONG, SET(virtual_interrupt, VINTR_AVIC_ENABLE), VALUE(avic_backing_page, BEYOND)),
	BREAKS(AVIC_POINTER, LONG, SET(virtual_interrupt, VINTR_AVIC_ENABLE), VALUE(avic_logical_table, BEYOND)),
	BREAKS(AVIC_POINTER, LONG, SET(virtual_interrupt, VINTR_AVIC_ENABLE), VALUE(avic_physical_table, BEYOND)),
	BREAKS(AVIC_MAX_INDEX, LONG, SET(virtual_interrupt, VINTR_AVIC_ENABLE), VALUE(avic_physical_table, 256)),
	BREAKS(AVIC_MAX_INDEX, LONG, SET(virtual_interrupt, VINTR_AVIC_ENABLE | VINTR_X2AVIC_ENABLE),
	       VALUE(avic_physical_table, 512)),
};

/* What no rule forbids, though it comes close. */
static const struct mutation allowed[] = {
	ALLOWED(REAL, SET(cr0, CR0_PG)), /* paged real mode */
	ALLOWED(LONG, SET(cr0, CR0_NW | CR0_CD)),
	ALLOWED(LONG, CLEAR(efer, EFER_LMA)), /* VMRUN makes it of LME and PG */
	ALLOWED(PROTECTED, SET(efer, EFER_LMA)),
	ALLOWED(REAL, SET(efer, EFER_LME)), /* without paging */
	ALLOWED(PAE, CS_SET(CS_L)), /* has no meaning outside long mode */
	ALLOWED(LONG, VALUE(iopm_base, TOP - 2 * PAGE_BYTES + 0xfff)), /* bits 11:0 are not looked at */
	ALLOWED(LONG, VALUE(msrpm_base, TOP - PAGE_BYTES)),
	ALLOWED(LONG, VALUE(rip, BIT(50)), VALUE(rflags, 0)),
	ALLOWED(LONG, SET(cr4, CR4_CET), SET(s_cet, 3)),
	ALLOWED(LONG, CLEAR(cr0, CR0_WP)),
	ALLOWED(PAE, SET(cr4, CR4_CET)),
	ALLOWED(PAE, SET(rflags, RFLAGS_VM)),
	ALLOWED(LONG, VALUE(tlb_control, TLB_FLUSH_ALL)),
	ALLOWED(LONG, VALUE(tlb_control, TLB_FLUSH_ASID)),
	ALLOWED(LONG, VALUE(tlb_control, TLB_FLUSH_ASID_LOCAL)),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_INTR, 2))),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_NMI, 200))),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_SOFT_INTERRUPT, 4))),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_DE))),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_BP))),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_DF))),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_PF) | EVENT_INFO_HAS_ERROR)),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_XM))),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_CP))),
	ALLOWED(LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, 30))),
	ALLOWED(COMPATIBILITY, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_BR))),
	ALLOWED(PAE, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_OF)), CS_SET(CS_L)),
	ALLOWED(LONG, VALUE(event_injection, 0x7fffffff)), /* not valid, so not looked at */
	ALLOWED(LONG, VALUE(nested_control, 0), VALUE(nested_cr3, ALL), VALUE(g_pat, ALL)),
	ALLOWED(LONG, SET(virtual_interrupt, VINTR_NMI_ENABLE)),
	ALLOWED(LONG, VALUE(avic_backing_page, ALL), VALUE(avic_physical_table, ALL)),
	ALLOWED(LONG, SET(virtual_interrupt, VINTR_AVIC_ENABLE), VALUE(avic_physical_table, 255)),
	ALLOWED(LONG, SET(virtual_interrupt, VINTR_AVIC_ENABLE | VINTR_X2AVIC_ENABLE), VALUE(avic_physical_table, 511)),
};
/* clang-format on */

/* What a walk found. */
struct findings {
	unsigned count;
	struct svm_finding first;
};

static void note(void *ctx, const struct svm_finding *finding)
{
	struct findings *findings = ctx;

	if (!findings->count++)
		findings->first = *finding;
}

static struct vmcb vmcb;

static void make(const struct mutation *m)
{
	fake_vmcb_init(&vmcb, m->mode);
	for (unsigned i = 0; i < CHANGES; i++) {
		const struct change *c = &m->change[i];
		u64 value = 0;

		memcpy(&value, vmcb.bytes + c->offset, c->bytes);
		value = (value & ~c->clear) | c->set;
		memcpy(vmcb.bytes + c->offset, &value, c->bytes);
	}
}

static void expect_with(const struct mutation *m, const struct svm_check_caps *caps, unsigned row)
{
	struct findings found = {0};
	unsigned total, expected = m->rule == SVM_RULE_COUNT ? 0 : 1;
	char line[320] = "";

	make(m);
	total = svm_entry_check(&vmcb, caps, note, &found);
	assert_int_equal(total, found.count);
	if (found.count == expected && (!expected || found.first.rule == m->rule))
		return;
	if (found.count)
		svm_finding_format(line, sizeof(line), &found.first);
	fail_msg("row %u, rule \"%s\": %u findings, first: %s", row, svm_rule_text(m->rule), found.count, line);
}

static void expect(const struct mutation *m, unsigned row)
{
	struct svm_check_caps caps = fake_svm_caps();

	expect_with(m, &caps, row);
}

static void valid_vmcb_passes(void **state)
{
	(void)state;
	for (enum fake_mode mode = 0; mode < FAKE_MODE_COUNT; mode++)
		expect(&(struct mutation){SVM_RULE_COUNT, mode, {{0}}}, mode);
	for (unsigned i = 0; i < ARRAY_COUNT(allowed); i++)
		expect(&allowed[i], i);
}

static void each_mutation_breaks_its_rule_only(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(mutations); i++)
		expect(&mutations[i], i);
}

/* Rules that hold or not by what the processor or the host is. */
static void processor_and_host_count(void **state)
{
	static const struct mutation plain = ALLOWED(LONG, {0});
	static const struct mutation by_asid = BREAKS(TLB_CONTROL, LONG, VALUE(tlb_control, TLB_FLUSH_ASID));
	static const struct mutation cet = ALLOWED(LONG, VALUE(s_cet, ALL));
	static const struct mutation cp =
		BREAKS(EVENT_VECTOR, LONG, VALUE(event_injection, EVENT(EVENT_INFO_EXCEPTION, VECTOR_CP)));
	static const struct mutation avic =
		ALLOWED(LONG, SET(virtual_interrupt, VINTR_AVIC_ENABLE | VINTR_X2AVIC_ENABLE),
			VALUE(avic_physical_table, 0xfff));
	static const struct mutation none =
		ALLOWED(LONG, SET(virtual_interrupt, VINTR_X2AVIC_ENABLE | VINTR_NMI_ENABLE),
			CLEAR(intercepts1, INTERCEPT_NMI), VALUE(g_pat, ALL));
	static const struct mutation vm86 = ALLOWED(PAE, SET(cr4, CR4_CET), SET(rflags, RFLAGS_VM));
	struct svm_check_caps caps = fake_svm_caps();

	(void)state;
	caps.host_cr0 &= ~CR0_PG;
	expect_with(&(struct mutation){SVM_RULE_NESTED_HOST, FAKE_LONG, {{0}}}, &caps, 0);
	caps = fake_svm_caps();
	caps.has_long_mode = false;
	expect_with(&(struct mutation){SVM_RULE_EFER_LONG, FAKE_LONG, {{0}}}, &caps, 1);
	expect_with(&(struct mutation){SVM_RULE_COUNT, FAKE_PAE, {{0}}}, &caps, 2);
	caps = fake_svm_caps();
	caps.has_x2avic_ext = true;
	expect_with(&avic, &caps, 3);
	caps.u_cet = 0;
	expect_with(&vm86, &caps, 4);
	/* QEMU 7.2. */
	caps.features = SVM_CPUID_NPT | SVM_CPUID_VGIF;
	caps.cr4_bits &= ~CR4_CET;
	expect_with(&by_asid, &caps, 5);
	expect_with(&cet, &caps, 6);
	expect_with(&cp, &caps, 7);
	caps.features = 0;
	expect_with(&none, &caps, 8);
	caps.physical_bits = 52;
	expect_with(&plain, &caps, 9);
}

/* None of the rules goes without a VMCB that breaks it; two are broken by the processor, above. */
static void every_rule_has_a_mutation(void **state)
{
	(void)state;
	for (enum svm_rule rule = 0; rule < SVM_RULE_COUNT; rule++) {
		bool is_there = rule == SVM_RULE_EFER_LONG || rule == SVM_RULE_NESTED_HOST;

		for (unsigned i = 0; i < ARRAY_COUNT(mutations); i++)
			is_there |= mutations[i].rule == rule;
		if (!is_there)
			fail_msg("no VMCB breaks \"%s\"", svm_rule_text(rule));
	}
}

static void several_faults_are_all_reported(void **state)
{
	static const struct mutation two = ALLOWED(LONG, CLEAR(cr4, CR4_PAE), VALUE(asid, 0), CLEAR(efer, EFER_SVME));
	struct svm_check_caps caps = fake_svm_caps();
	struct findings found = {0};

	(void)state;
	make(&two);
	assert_int_equal(svm_entry_check(&vmcb, &caps, note, &found), 3);
	assert_int_equal(found.first.rule, SVM_RULE_EFER_SVME);
}

static void words_name_the_rule_and_its_fields(void **state)
{
	static const struct mutation pae = ALLOWED(LONG, CLEAR(cr4, CR4_PAE));
	static const struct mutation dr6 = ALLOWED(LONG, SET(dr6, BIT(40)));
	struct svm_check_caps caps = fake_svm_caps();
	struct findings found = {0};
	char line[320], part[20];

	(void)state;
	make(&pae);
	svm_entry_check(&vmcb, &caps, note, &found);
	svm_finding_format(line, sizeof(line), &found.first);
	assert_string_equal(line, "cr4 0x0: PAE (bit 5) must be 1 with EFER.LME and CR0.PG 1; efer 0x1501, "
				  "cr0 0x80010011 (Canonicalization and Consistency Checks)");
	assert_int_equal(svm_finding_format(part, sizeof(part), &found.first), strlen(line));
	assert_string_equal(part, "cr4 0x0: PAE (bit 5");
	assert_int_equal(svm_finding_format(NULL, 0, &found.first), strlen(line));
	found.count = 0;
	make(&dr6);
	svm_entry_check(&vmcb, &caps, note, &found);
	svm_finding_format(line, sizeof(line), &found.first);
	assert_string_equal(line, "dr6 0x100ffff0ff0: bits 63:32 must be 0; 0x10000000000 must be 0 "
				  "(Canonicalization and Consistency Checks)");
	assert_string_equal(svm_rule_section(SVM_RULE_AVIC_POINTER),
			    "Advanced Virtual Interrupt Controller: VMCB changes");
	assert_string_equal(svm_rule_section(SVM_RULE_TLB_CONTROL), "TLB Flush");
	assert_string_equal(svm_rule_text(SVM_RULE_COUNT), "unknown rule");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_vmcb_passes),
		cmocka_unit_test(each_mutation_breaks_its_rule_only),
		cmocka_unit_test(processor_and_host_count),
		cmocka_unit_test(every_rule_has_a_mutation),
		cmocka_unit_test(several_faults_are_all_reported),
		cmocka_unit_test(words_name_the_rule_and_its_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
