// SPDX-License-Identifier: Apache-2.0
// The VM-entry checker: the walk over its parts, and the words of its findings.
#include "hvm/vmx/entry_check_priv.h"

#include "hvm/finding.h"

static const char *const rule_text[ENTRY_RULE_COUNT] = {
#define S(name, title)
#define R(name, text) [ENTRY_RULE_##name] = (text),
#include "hvm/vmx/entry_check.def"
#undef R
#undef S
};

/* START_SECTION is the number of the section's first rule; the rules are counted as in enum entry_rule. */
enum {
#define S(name, title) START_##name, BACK_##name = START_##name - 1,
#define R(name, text) COUNTED_##name,
#include "hvm/vmx/entry_check.def"
#undef R
#undef S
};

static const struct finding_section sections[] = {
#define S(name, title) {START_##name, (title)},
#define R(name, text)
#include "hvm/vmx/entry_check.def"
#undef R
#undef S
};

const char *entry_rule_text(enum entry_rule rule)
{
	return rule < ENTRY_RULE_COUNT ? rule_text[rule] : "unknown rule";
}

const char *entry_rule_section(enum entry_rule rule)
{
	return finding_section_of(sections, ARRAY_COUNT(sections), rule);
}

void walk_report(struct entry_walk *w, enum entry_rule rule, const u32 *fields, unsigned count)
{
	struct entry_finding finding = {.rule = rule, .field_count = MIN(count, ENTRY_FINDING_FIELDS)};

	for (unsigned i = 0; i < finding.field_count; i++) {
		finding.field[i] = fields[i];
		finding.value[i] = walk_read(w, fields[i]);
	}
	w->findings++;
	w->report(w->report_ctx, &finding);
}

void walk_require_bits(struct entry_walk *w, enum entry_rule rule, u32 field, u64 ones, u64 zeros)
{
	u64 value = walk_read(w, field);
	struct entry_finding finding = {
		.rule = rule,
		.field_count = 1,
		.field = {field},
		.value = {value},
		.must_be_1 = ones & ~value,
		.must_be_0 = zeros & value,
	};

	if (!finding.must_be_1 && !finding.must_be_0)
		return;
	w->findings++;
	w->report(w->report_ctx, &finding);
}

bool entry_pat_valid(u64 pat)
{
	for (unsigned i = 0; i < 8; i++) {
		u64 type = pat >> 8 * i & 0xff;

		if (type > MEMORY_TYPE_UC_MINUS || type == 2 || type == 3)
			return false;
	}
	return true;
}

bool entry_s_cet_valid(const struct entry_walk *w, u64 s_cet)
{
	return walk_is_canonical(w, s_cet) && !(s_cet & BITS(9, 6)) && (s_cet & BITS(11, 10)) != BITS(11, 10);
}

unsigned entry_check(const struct entry_check_source *source, const struct entry_check_caps *caps,
		     entry_report_fn *report, void *report_ctx)
{
	struct entry_walk w = {
		.source = source,
		.caps = caps,
		.report = report,
		.report_ctx = report_ctx,
	};

	entry_check_controls(&w);
	entry_check_host(&w);
	entry_check_guest_registers(&w);
	entry_check_guest_segments(&w);
	entry_check_guest_rest(&w);
	return w.findings;
}

size_t entry_finding_format(char *buf, size_t size, const struct entry_finding *finding)
{
	struct finding words = {
		.rule = entry_rule_text(finding->rule),
		.section = entry_rule_section(finding->rule),
		.field_count = finding->field_count,
		.must_be_1 = finding->must_be_1,
		.must_be_0 = finding->must_be_0,
	};

	for (unsigned i = 0; i < ENTRY_FINDING_FIELDS; i++)
		words.field[i] = (struct finding_field){vmcs_field_name(finding->field[i]), finding->value[i]};
	return finding_format(buf, size, &words);
}
_Static_assert(ENTRY_FINDING_FIELDS <= FINDING_FIELDS_MAX, "all fields of a finding are shown");
