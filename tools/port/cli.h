/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of eterna-port: what was asked for, and one function for each command. */
#ifndef ETERNA_PORT_CLI_H
#define ETERNA_PORT_CLI_H

#include "base/types.h"

/* Exit status. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli {
	const char *source; /* --source: folder of the Rust tree; NULL: paths as they are */
	const char *tree;   /* --tree: this project's sources, for the check of a port */
	const char *out;    /* --out: folder that ports are written to */
	const char *bind;   /* --bind */
	const char *state;  /* --state: where conversations are kept */
	const char *llm_url, *llm_model;
	u32 slow_seconds;   /* --slow-timeout; 0: the default */
	u16 port;           /* --port */
	bool json;          /* --json */
	bool markdown;      /* --markdown */
	const char **words; /* what follows the command */
	int word_count;
};

/* Fill `cli` from the words behind the command's name; false after a message when they are wrong. */
bool cli_parse(struct cli *cli, int argc, char **argv) MUST_CHECK;
void cli_help(void);

int cli_analyze(const struct cli *cli);
int cli_port(const struct cli *cli);
int cli_serve(const struct cli *cli);
int cli_map(const struct cli *cli);

#endif
