// SPDX-License-Identifier: Apache-2.0
// Cuts a line into words and finds its command.
#include "ctl/command.h"

#include "base/str.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Words of the line; what is beyond COMMAND_WORDS_MAX is counted, not kept. */
static u32 words_cut(char *line, const char *words[COMMAND_WORDS_MAX])
{
	u32 count = 0;

	while (*line) {
		while (is_blank(*line))
			*line++ = '\0';
		if (!*line)
			break;
		if (count < COMMAND_WORDS_MAX)
			words[count] = line;
		count++;
		while (*line && !is_blank(*line))
			line++;
	}
	return count;
}

static void help_print(const struct command_table *table, struct fmt_sink *out)
{
	fmt_print(out, "  %-22s %s\n", "help", "this list");
	for (u32 i = 0; i < table->count; i++) {
		const struct command *c = &table->commands[i];
		char usage[40];

		(void)fmt_string(usage, sizeof(usage), "%s %s", c->name, c->arguments);
		fmt_print(out, "  %-22s %s\n", usage, c->help);
	}
}

static const struct command *command_find(const struct command_table *table, const char *name)
{
	for (u32 i = 0; i < table->count; i++)
		if (!strcmp(table->commands[i].name, name))
			return &table->commands[i];
	return NULL;
}

void command_execute(const struct command_table *table, char *line, struct fmt_sink *out)
{
	struct command_call call = {.out = out, .context = table->context};
	const struct command *c;
	u32 arguments;

	call.word_count = words_cut(line, call.words);
	if (!call.word_count)
		return;
	if (!strcmp(call.words[0], "help")) {
		help_print(table, out);
		return;
	}
	c = command_find(table, call.words[0]);
	if (!c) {
		fmt_print(out, "no command \"%s\"; \"help\" lists them\n", call.words[0]);
		return;
	}
	arguments = call.word_count - 1;
	if (arguments < c->argument_min || arguments > c->argument_max) {
		fmt_print(out, "usage: %s %s\n", c->name, c->arguments);
		return;
	}
	c->run(&call);
}
