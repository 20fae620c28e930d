/* SPDX-License-Identifier: Apache-2.0 */
/* Management commands: one table, for whichever front door a line comes in by. */
#ifndef ETERNA_CTL_COMMAND_H
#define ETERNA_CTL_COMMAND_H

#include "base/fmt.h"

#define COMMAND_WORDS_MAX 16

/* What a command gets: words[0] is its own name. */
struct command_call {
	struct fmt_sink *out;
	void *context;
	u32 word_count;
	const char *words[COMMAND_WORDS_MAX];
};

struct command {
	const char *name;
	const char *arguments; /* for `help`, e.g. "VM"; "" if there are none */
	const char *help;      /* one line */
	u32 argument_min;
	u32 argument_max;
	void (*run)(const struct command_call *call);
};

struct command_table {
	const struct command *commands;
	u32 count;
	void *context;
};

/*
 * Carry out `line`, which is cut into words at blanks in place. An empty line does nothing; "help" lists the table; an
 * unknown or wrongly used command is answered with what is wrong.
 */
void command_execute(const struct command_table *table, char *line, struct fmt_sink *out);

#endif
