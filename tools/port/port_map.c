// SPDX-License-Identifier: Apache-2.0
// Looking a name up in the table from ARM64 to x86_64.
#include "port_map.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const struct map_row map_rows[] = {
#define ROW(kind, name, fit, counterpart, file, read, write)                                                           \
	{MAP_##kind, name, MAP_##fit, counterpart, file, read, write},
#include "port_map.def"
#undef ROW
};
const u32 map_row_count = ARRAY_COUNT(map_rows);

#define MAP_WORD(name, word, title) word,
#define MAP_TITLE(name, word, title) title,

const char *map_kind_word(enum map_kind kind)
{
	static const char *const words[] = {MAP_KIND_LIST(MAP_WORD)};

	return words[kind];
}

const char *map_kind_title(enum map_kind kind)
{
	static const char *const titles[] = {MAP_KIND_LIST(MAP_TITLE)};

	return titles[kind];
}

const char *map_fit_word(enum map_fit fit)
{
	static const char *const words[] = {"same", "near", "gone"};

	return words[fit];
}

bool map_is_instruction(const struct map_row *row)
{
	return row->kind >= MAP_INSN && row->kind <= MAP_IC;
}

/* Does a word begin at `at`: the start, behind '_', or at a capital or digit-to-capital change? */
static bool is_start(const char *name, size_t at)
{
	if (at == 0 || name[at - 1] == '_')
		return true;
	return isupper((unsigned char)name[at]) && !isupper((unsigned char)name[at - 1]);
}

static bool is_end(const char *name, size_t length, size_t at)
{
	return at == length || name[at] == '_' ||
	       (isupper((unsigned char)name[at]) && !isupper((unsigned char)name[at - 1]));
}

/* Match the row's name at name[at...], underscores in either free; returns the end, 0 when it does not match. */
static size_t match_at(const char *row, const char *name, size_t length, size_t at)
{
	while (*row) {
		if (*row == '_') {
			row++;
		} else if (at < length && name[at] == '_') {
			at++;
		} else if (!strncmp(row, "<n>", 3)) {
			size_t from = at;

			while (at < length && isdigit((unsigned char)name[at]))
				at++;
			if (at == from)
				return 0;
			row += 3;
		} else {
			if (at >= length || toupper((unsigned char)name[at]) != toupper((unsigned char)*row))
				return 0;
			at++;
			row++;
		}
	}
	return at;
}

static bool may_begin(const struct map_row *row, char c)
{
	return toupper((unsigned char)row->name[0]) == toupper((unsigned char)c);
}

const struct map_row *map_find_in_name(const char *name, size_t length)
{
	const struct map_row *best = NULL;
	size_t longest = 0;

	for (size_t at = 0; at < length; at++) {
		if (name[at] == '_' || !is_start(name, at))
			continue;
		for (u32 i = 0; i < map_row_count; i++) {
			size_t end;

			if (map_is_instruction(&map_rows[i]) || !may_begin(&map_rows[i], name[at]))
				continue;
			end = match_at(map_rows[i].name, name, length, at);
			if (end && is_end(name, length, end) && end - at > longest) {
				longest = end - at;
				best = &map_rows[i];
			}
		}
	}
	return best;
}

const struct map_row *map_find(const char *name)
{
	size_t length = strlen(name);

	for (u32 i = 0; i < map_row_count && length; i++)
		if (may_begin(&map_rows[i], name[0]) && match_at(map_rows[i].name, name, length, 0) == length)
			return &map_rows[i];
	return NULL;
}
