// SPDX-License-Identifier: Apache-2.0
// The VMRUN checker: the rules, section by section.
#include "hvm/svm/entry_check.h"

#include "x86/regs/control.h"

/* Small rather than fast. */
#define COLD __attribute__((cold))

#define PAGE_MASK (~(PAGE_BYTES - 1))
#define IOPM_BYTES (3 * PAGE_BYTES)
#define MSRPM_BYTES (2 * PAGE_BYTES)

/* The second word of a segment. */
#define VMCB_AT_cs_attributes (VMCB_AT_cs + 2)
#define CS_L BIT(9)
#define CS_D BIT(10)
#define CET_SHADOW_STACKS BIT(0)
/* APM 2, Shadow Stacks: S_CET MSR. AMD has no branch tracking. */
#define S_CET_BITS (CET_SHADOW_STACKS | BIT(1))

#define AVIC_POINTER BITS(51, 12)
#define AVIC_MAX_INDEX BITS(11, 0)

/* 9, 15, 20, 22 to 27 and 31 are reserved (APM 2, Vectors). */
#define EXCEPTIONS                                                                                                     \
	(BIT(VECTOR_DE) | BIT(VECTOR_DB) | BITS(VECTOR_DF, VECTOR_BP) | BITS(VECTOR_PF, VECTOR_TS) |                   \
	 BITS(VECTOR_XM, VECTOR_MF) | BITS(30, 28))

/* One walk. */
struct svm_walk {
	const struct vmcb *b;
	const struct svm_check_caps *caps;
	svm_report_fn *report;
	void *report_ctx;
	unsigned findings;
	u64 efer, cr0, cr4;
};

static COLD void walk_report(struct svm_walk *w, enum svm_rule rule, u64 must_be_0, const u16 *fields, unsigned count)
{
	struct svm_finding finding = {.rule = rule, .field_count = count, .must_be_0 = must_be_0};

	for (unsigned i = 0; i < count; i++)
		finding.field[i].name = vmcb_field_at(w->b, fields[i], &finding.field[i].value);
	w->findings++;
	w->report(w->report_ctx, &finding);
}

/* Require `ok`; the fields at the offsets named after it are shown when it does not hold. */
#define REQUIRE(w, rule, ok, ...)                                                                                      \
	do {                                                                                                           \
		static const u16 fields_[] = {__VA_ARGS__};                                                            \
		_Static_assert(ARRAY_COUNT(fields_) <= SVM_FINDING_FIELDS, #rule);                                     \
		if (!(ok))                                                                                             \
			walk_report(w, SVM_RULE_##rule, 0, fields_, ARRAY_COUNT(fields_));                             \
	} while (0)

/* Require that the bits `zeros` of a field, whose value this is, are 0. */
static COLD void require_zeros(struct svm_walk *w, enum svm_rule rule, u16 field, u64 value, u64 zeros)
{
	if (value & zeros)
		walk_report(w, rule, value & zeros, &field, 1);
}
#define REQUIRE_ZEROS(w, rule, name, zeros)                                                                            \
	require_zeros(w, SVM_RULE_##rule, VMCB_AT_##name, vmcb_##name((w)->b), zeros)

static COLD u64 beyond_physical(const struct svm_walk *w)
{
	return ~(BIT(w->caps->physical_bits) - 1);
}

/* Does the table end within the physical addresses? Bits 11:0 of its base are not looked at. */
static COLD bool is_physical(const struct svm_walk *w, u64 base, u64 bytes)
{
	return (base & PAGE_MASK) <= BIT(w->caps->physical_bits) - bytes;
}

static COLD void check_registers(struct svm_walk *w)
{
	REQUIRE(w, EFER_SVME, w->efer & EFER_SVME, VMCB_AT_efer);
	REQUIRE_ZEROS(w, EFER_RESERVED, efer, ~w->caps->efer_bits);
	if (!w->caps->has_long_mode)
		REQUIRE_ZEROS(w, EFER_LONG, efer, EFER_LME | EFER_LMA);
	REQUIRE(w, CR0_NW, w->cr0 & CR0_CD || !(w->cr0 & CR0_NW), VMCB_AT_cr0);
	REQUIRE_ZEROS(w, CR0_HIGH, cr0, BITS(63, 32));
	REQUIRE_ZEROS(w, CR3_RESERVED, cr3, beyond_physical(w));
	REQUIRE_ZEROS(w, CR4_RESERVED, cr4, ~w->caps->cr4_bits);
	REQUIRE_ZEROS(w, DR6_HIGH, dr6, BITS(63, 32));
	REQUIRE_ZEROS(w, DR7_HIGH, dr7, BITS(63, 32));
}

static COLD void check_long_mode(struct svm_walk *w)
{
	u16 cs = vmcb_cs_attributes(w->b);

	if (!(w->efer & EFER_LME) || !(w->cr0 & CR0_PG))
		return;
	REQUIRE(w, LONG_PAE, w->cr4 & CR4_PAE, VMCB_AT_cr4, VMCB_AT_efer, VMCB_AT_cr0);
	REQUIRE(w, LONG_PE, w->cr0 & CR0_PE, VMCB_AT_cr0, VMCB_AT_efer);
	REQUIRE(w, CS_L_AND_D, !(w->cr4 & CR4_PAE) || !(cs & CS_L) || !(cs & CS_D), VMCB_AT_cs_attributes, VMCB_AT_efer,
		VMCB_AT_cr0, VMCB_AT_cr4);
}

static COLD void check_controls(struct svm_walk *w)
{
	u32 flush = vmcb_tlb_control(w->b) & 0xff;
	bool is_by_asid = flush == TLB_FLUSH_ASID || flush == TLB_FLUSH_ASID_LOCAL;

	REQUIRE(w, VMRUN_INTERCEPT, vmcb_intercepts2(w->b) & INTERCEPT_VMRUN, VMCB_AT_intercepts2);
	REQUIRE(w, IOPM_RANGE, is_physical(w, vmcb_iopm_base(w->b), IOPM_BYTES), VMCB_AT_iopm_base);
	REQUIRE(w, MSRPM_RANGE, is_physical(w, vmcb_msrpm_base(w->b), MSRPM_BYTES), VMCB_AT_msrpm_base);
	REQUIRE(w, ASID, vmcb_asid(w->b), VMCB_AT_asid);
	REQUIRE(w, TLB_CONTROL, flush <= TLB_FLUSH_ALL || (is_by_asid && w->caps->features & SVM_CPUID_FLUSH_BY_ASID),
		VMCB_AT_tlb_control);
}

/* A processor without CET does not look at its fields. */
static COLD void check_cet(struct svm_walk *w)
{
	if (!(w->caps->cr4_bits & CR4_CET))
		return;
	REQUIRE_ZEROS(w, S_CET_RESERVED, s_cet, ~S_CET_BITS);
	if (!(w->cr4 & CR4_CET))
		return;
	REQUIRE(w, CET_WP, w->cr0 & CR0_WP, VMCB_AT_cr0, VMCB_AT_cr4);
	REQUIRE(w, CET_VM86, !(vmcb_rflags(w->b) & RFLAGS_VM) || !(w->caps->u_cet & CET_SHADOW_STACKS), VMCB_AT_cr4,
		VMCB_AT_rflags);
}

static COLD bool is_event_type(u64 type)
{
	return type == EVENT_INFO_INTR || (type >= EVENT_INFO_NMI && type <= EVENT_INFO_SOFT_INTERRUPT);
}

static COLD bool is_exception(const struct svm_walk *w, u64 vector)
{
	if (vector == VECTOR_CP)
		return w->caps->cr4_bits & CR4_CET;
	return vector < 32 && EXCEPTIONS & BIT(vector);
}

static COLD bool is_64bit_mode(const struct svm_walk *w)
{
	return w->efer & EFER_LME && w->cr0 & CR0_PG && vmcb_cs_attributes(w->b) & CS_L;
}

static COLD void check_event(struct svm_walk *w)
{
	u64 event = vmcb_event_injection(w->b);
	u64 type = GET(EVENT_INFO_TYPE, event);
	u64 vector = GET(EVENT_INFO_VECTOR, event);

	if (!(event & EVENT_INFO_VALID))
		return;
	REQUIRE(w, EVENT_TYPE, is_event_type(type), VMCB_AT_event_injection);
	if (type != EVENT_INFO_EXCEPTION)
		return;
	REQUIRE(w, EVENT_VECTOR, is_exception(w, vector), VMCB_AT_event_injection);
	REQUIRE(w, EVENT_MODE, (vector != VECTOR_OF && vector != VECTOR_BR) || !is_64bit_mode(w),
		VMCB_AT_event_injection, VMCB_AT_efer, VMCB_AT_cs_attributes);
}

static COLD bool is_pat(u64 pat)
{
	for (unsigned i = 0; i < 8; i++) {
		u64 type = pat >> 8 * i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

static COLD void check_nested(struct svm_walk *w)
{
	if (!(vmcb_nested_control(w->b) & NESTED_PAGING) || !(w->caps->features & SVM_CPUID_NPT))
		return;
	REQUIRE(w, NESTED_HOST, w->caps->host_cr0 & CR0_PG, VMCB_AT_nested_control);
	REQUIRE_ZEROS(w, NESTED_CR3, nested_cr3, beyond_physical(w));
	REQUIRE(w, NESTED_PAT, is_pat(vmcb_g_pat(w->b)), VMCB_AT_g_pat);
}

static COLD void check_avic(struct svm_walk *w, u64 control)
{
	bool is_x2 = w->caps->features & SVM_CPUID_X2AVIC && control & VINTR_X2AVIC_ENABLE;
	u64 index = vmcb_avic_physical_table(w->b) & AVIC_MAX_INDEX;

	REQUIRE(w, X2AVIC, !is_x2 || control & VINTR_AVIC_ENABLE, VMCB_AT_virtual_interrupt);
	if (!(control & VINTR_AVIC_ENABLE))
		return;
	REQUIRE_ZEROS(w, AVIC_POINTER, avic_backing_page, AVIC_POINTER & beyond_physical(w));
	REQUIRE_ZEROS(w, AVIC_POINTER, avic_logical_table, AVIC_POINTER & beyond_physical(w));
	REQUIRE_ZEROS(w, AVIC_POINTER, avic_physical_table, AVIC_POINTER & beyond_physical(w));
	REQUIRE(w, AVIC_MAX_INDEX, index <= 255 || (is_x2 && (index <= 511 || w->caps->has_x2avic_ext)),
		VMCB_AT_avic_physical_table, VMCB_AT_virtual_interrupt);
}

static COLD void check_interrupts(struct svm_walk *w)
{
	u64 control = vmcb_virtual_interrupt(w->b);

	if (w->caps->features & SVM_CPUID_VNMI && control & VINTR_NMI_ENABLE)
		REQUIRE(w, VNMI_INTERCEPT, vmcb_intercepts1(w->b) & INTERCEPT_NMI, VMCB_AT_intercepts1,
			VMCB_AT_virtual_interrupt);
	if (w->caps->features & SVM_CPUID_AVIC)
		check_avic(w, control);
}

COLD unsigned svm_entry_check(const struct vmcb *b, const struct svm_check_caps *caps, svm_report_fn *report,
			      void *report_ctx)
{
	struct svm_walk w = {
		.b = b,
		.caps = caps,
		.report = report,
		.report_ctx = report_ctx,
		.efer = vmcb_efer(b),
		.cr0 = vmcb_cr0(b),
		.cr4 = vmcb_cr4(b),
	};

	check_registers(&w);
	check_long_mode(&w);
	check_controls(&w);
	check_cet(&w);
	check_event(&w);
	check_nested(&w);
	check_interrupts(&w);
	return w.findings;
}
