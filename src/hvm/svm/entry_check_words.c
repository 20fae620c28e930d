// SPDX-License-Identifier: Apache-2.0
// The VMRUN checker: the words of its findings.
#include "hvm/finding.h"
#include "hvm/svm/entry_check.h"

static const char *const rule_text[SVM_RULE_COUNT] = {
#define S(name, title)
#define R(name, text) [SVM_RULE_##name] = (text),
#include "hvm/svm/entry_check.def"
#undef R
#undef S
};

/* START_SECTION is the number of the section's first rule; the rules are counted as in enum svm_rule. */
enum {
#define S(name, title) START_##name, BACK_##name = START_##name - 1,
#define R(name, text) COUNTED_##name,
#include "hvm/svm/entry_check.def"
#undef R
#undef S
};

static const struct finding_section sections[] = {
#define S(name, title) {START_##name, (title)},
#define R(name, text)
#include "hvm/svm/entry_check.def"
#undef R
#undef S
};

const char *svm_rule_text(enum svm_rule rule)
{
	return rule < SVM_RULE_COUNT ? rule_text[rule] : "unknown rule";
}

const char *svm_rule_section(enum svm_rule rule)
{
	return finding_section_of(sections, ARRAY_COUNT(sections), rule);
}

size_t svm_finding_format(char *buf, size_t size, const struct svm_finding *finding)
{
	struct finding words = {
		.rule = svm_rule_text(finding->rule),
		.section = svm_rule_section(finding->rule),
		.field_count = finding->field_count,
		.must_be_0 = finding->must_be_0,
	};

	for (unsigned i = 0; i < SVM_FINDING_FIELDS; i++)
		words.field[i] = finding->field[i];
	return finding_format(buf, size, &words);
}
