// SPDX-License-Identifier: Apache-2.0
// Sets of CPUs: combining, reading and writing them.
#include "base/cpu_set.h"

#include "base/fmt.h"

#define WORDS (CPU_SET_MAX / 64)

struct cpu_set cpu_set_first(u32 count)
{
	struct cpu_set set = {{0}};

	for (u32 cpu = 0; cpu < count; cpu++)
		cpu_set_add(&set, cpu);
	return set;
}

struct cpu_set cpu_set_and(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set set;

	for (u32 i = 0; i < WORDS; i++)
		set.word[i] = a->word[i] & b->word[i];
	return set;
}

struct cpu_set cpu_set_without(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set set;

	for (u32 i = 0; i < WORDS; i++)
		set.word[i] = a->word[i] & ~b->word[i];
	return set;
}

u32 cpu_set_count(const struct cpu_set *set)
{
	u32 count = 0;

	for (u32 cpu = cpu_set_next(set, 0); cpu != CPU_SET_NONE; cpu = cpu_set_next(set, cpu + 1))
		count++;
	return count;
}

static const char *blanks_skip(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

/* The number at `*text`, which moves behind it and the blanks after it. */
static err_t number_read(const char **text, u32 *number)
{
	const char *c = blanks_skip(*text);

	if (*c < '0' || *c > '9')
		return ERR_FORMAT;
	for (*number = 0; *c >= '0' && *c <= '9'; c++) {
		*number = *number * 10 + (u32)(*c - '0');
		if (*number >= CPU_SET_MAX)
			return ERR_RANGE;
	}
	*text = blanks_skip(c);
	return OK;
}

static err_t range_read(const char **text, struct cpu_set *set)
{
	u32 first = 0;
	u32 last;
	err_t err = number_read(text, &first);

	last = first;
	if (!err && **text == '-') {
		(*text)++;
		err = number_read(text, &last);
	}
	if (!err && last < first)
		err = ERR_FORMAT;
	for (u32 cpu = first; !err && cpu <= last; cpu++)
		cpu_set_add(set, cpu);
	return err;
}

err_t cpu_set_read(const char *text, struct cpu_set *set)
{
	struct cpu_set read = {{0}};
	err_t err = range_read(&text, &read);

	while (!err && *text == ',') {
		text++;
		err = range_read(&text, &read);
	}
	if (!err && *text)
		err = ERR_FORMAT;
	if (!err)
		*set = read;
	return err;
}

/* Behind the last of the members that follow `first` without a hole. */
static u32 run_end(const struct cpu_set *set, u32 first)
{
	while (cpu_set_has(set, first))
		first++;
	return first;
}

size_t cpu_set_text(const struct cpu_set *set, char *buf, size_t size)
{
	u32 first = cpu_set_next(set, 0);
	size_t used = 0;

	if (first == CPU_SET_NONE)
		return MIN(fmt_string(buf, size, "none"), size - 1);
	while (first != CPU_SET_NONE) {
		u32 end = run_end(set, first);
		char part[16];
		size_t length = end - first > 1
					? fmt_string(part, sizeof(part), "%s%u-%u", used ? "," : "", first, end - 1)
					: fmt_string(part, sizeof(part), "%s%u", used ? "," : "", first);

		if (used + length + sizeof("...") > size)
			return MIN(used + fmt_string(buf + used, size - used, "..."), size - 1);
		used += fmt_string(buf + used, size - used, "%s", part);
		first = cpu_set_next(set, end);
	}
	return used;
}
