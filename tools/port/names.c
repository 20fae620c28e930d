// SPDX-License-Identifier: Apache-2.0
// Names: CamelCase to snake_case, clear of C's keywords and this tree's macros, without ARM64's words.
#include <ctype.h>
#include <string.h>

#include "port.h"

static const char *const reserved[] = {
#define RESERVED(name) #name,
#include "reserved.def"
#undef RESERVED
	NULL,
};

static const struct {
	const char *arm, *x86;
} words[] = {
#define WORD(arm, x86) {arm, x86},
#include "words.def"
#undef WORD
};

const char *name_snake(struct arena *a, const char *name)
{
	struct text t = {.arena = a};

	for (size_t i = 0; name[i]; i++) {
		char c = (char)tolower((unsigned char)name[i]);
		bool starts = isupper((unsigned char)name[i]) && i &&
			      (islower((unsigned char)name[i - 1]) || isdigit((unsigned char)name[i - 1]) ||
			       (isupper((unsigned char)name[i - 1]) && islower((unsigned char)name[i + 1])));

		if (starts)
			text_put(&t, "_");
		text_add(&t, &c, 1);
	}
	return text_get(&t);
}

const char *name_upper(struct arena *a, const char *name)
{
	char *upper = arena_copy(a, name, strlen(name));

	for (char *c = upper; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return upper;
}

static bool is_word_at(const char *name, size_t at, size_t length)
{
	return (at == 0 || name[at - 1] == '_') && (name[at + length] == 0 || name[at + length] == '_');
}

static const char *replace_words(struct arena *a, const char *name)
{
	for (u32 i = 0; i < ARRAY_COUNT(words); i++) {
		size_t length = strlen(words[i].arm);
		const char *found = strstr(name, words[i].arm);

		if (found && is_word_at(name, (size_t)(found - name), length))
			name = arena_print(a, "%.*s%s%s", (int)(found - name), name, words[i].x86, found + length);
	}
	return name;
}

const char *name_c(struct port *p, const char *name)
{
	bool has_lower = false;

	if (!strncmp(name, "r#", 2))
		name += 2;
	for (const char *c = name; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			port_fail(p, "the name %s is not ASCII", name);
		has_lower |= islower((unsigned char)*c) != 0;
	}
	if (has_lower)
		name = replace_words(p->arena, name_snake(p->arena, name));
	if (text_is_one_of(name, reserved))
		return arena_print(p->arena, "%s_", name);
	return name;
}

const char *name_type(struct port *p, const char *name)
{
	return name_c(p, name_snake(p->arena, name));
}

const char *name_temporary(struct port *p, const char *stem)
{
	return arena_print(p->arena, "%s_%u", stem, ++p->temporaries);
}
