// SPDX-License-Identifier: Apache-2.0
// Findings of the checkers as lines.
#include "hvm/finding.h"

#include "base/fmt.h"

const char *finding_section_of(const struct finding_section *sections, size_t count, u32 rule)
{
	size_t i = count - 1;

	while (i && sections[i].first > rule)
		i--;
	return sections[i].title;
}

/* What is left of a buffer of `size` after `used` characters of text. */
static size_t room(size_t size, size_t used)
{
	return used < size ? size - used : 0;
}

static size_t format_field(char *buf, size_t size, const struct finding_field *field)
{
	size_t length = fmt_string(buf, size, "%s 0x%llx", field->name, (unsigned long long)field->value);

	for (char *p = buf; room(size, (size_t)(p - buf)) && *p; p++)
		if (*p == '_')
			*p = ' ';
	return length;
}

size_t finding_format(char *buf, size_t size, const struct finding *finding)
{
	size_t used = format_field(buf, size, &finding->field[0]);

#define APPEND(...) (used += fmt_string(buf + MIN(used, size), room(size, used), __VA_ARGS__))
	APPEND(": %s", finding->rule);
	if (finding->must_be_1)
		APPEND("; 0x%llx must be 1", (unsigned long long)finding->must_be_1);
	if (finding->must_be_0)
		APPEND("; 0x%llx must be 0", (unsigned long long)finding->must_be_0);
	for (unsigned i = 1; i < finding->field_count; i++) {
		APPEND(i == 1 ? "; " : ", ");
		used += format_field(buf + MIN(used, size), room(size, used), &finding->field[i]);
	}
	APPEND(" (%s)", finding->section);
#undef APPEND
	return used;
}
