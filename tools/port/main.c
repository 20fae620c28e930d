// SPDX-License-Identifier: Apache-2.0
// eterna-port: the command is looked up and run.
#include <stdio.h>
#include <string.h>

#include "cli.h"

static int cli_show_help(const struct cli *cli)
{
	(void)cli;
	cli_help();
	return CLI_OK;
}

static const struct {
	const char *name;
	int (*run)(const struct cli *cli);
} commands[] = {
	{"analyze", cli_analyze}, {"port", cli_port},        {"serve", cli_serve},  {"map", cli_map},
	{"help", cli_show_help},  {"--help", cli_show_help}, {"-h", cli_show_help},
};

int main(int argc, char **argv)
{
	struct cli cli;

	for (unsigned i = 0; argc > 1 && i < ARRAY_COUNT(commands); i++) {
		if (strcmp(commands[i].name, argv[1]) != 0)
			continue;
		if (argc > 2 && !strcmp(argv[2], "--help"))
			return cli_show_help(&cli);
		if (!cli_parse(&cli, argc - 1, argv + 1))
			return CLI_USAGE;
		return commands[i].run(&cli);
	}
	fprintf(stderr, "eterna-port: %s; try eterna-port help\n",
		argc > 1 ? "there is no such command" : "what to do?");
	return CLI_USAGE;
}
