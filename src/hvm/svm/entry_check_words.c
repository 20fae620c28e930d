// SPDX-License-Identifier: Apache-2.0
// The VMRUN checker: the words of its findings.
#include "base/fmt.h"
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

static const struct {
	enum svm_rule first;
	const char *title;
} sections[] = {
#define S(name, title) {(enum svm_rule)START_##name, (title)},
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
	size_t i = ARRAY_COUNT(sections) - 1;

	while (i && sections[i].first > rule)
		i--;
	return sections[i].title;
}

/* What is left of a buffer of `size` after `used` characters of text. */
static size_t room(size_t size, size_t used)
{
	return used < size ? size - used : 0;
}

static size_t format_field(char *buf, size_t size, const struct svm_finding_field *field)
{
	size_t length = fmt_string(buf, size, "%s 0x%lx", field->name, field->value);

	for (char *p = buf; room(size, (size_t)(p - buf)) && *p; p++)
		if (*p == '_')
			*p = ' ';
	return length;
}

size_t svm_finding_format(char *buf, size_t size, const struct svm_finding *finding)
{
	size_t used = format_field(buf, size, &finding->field[0]);

#define APPEND(...) (used += fmt_string(buf + MIN(used, size), room(size, used), __VA_ARGS__))
	APPEND(": %s", svm_rule_text(finding->rule));
	if (finding->must_be_0)
		APPEND("; 0x%lx must be 0", finding->must_be_0);
	for (unsigned i = 1; i < finding->field_count; i++) {
		APPEND(i == 1 ? "; " : ", ");
		used += format_field(buf + MIN(used, size), room(size, used), &finding->field[i]);
	}
	APPEND(" (%s)", svm_rule_section(finding->rule));
#undef APPEND
	return used;
}
