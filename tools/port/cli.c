// SPDX-License-Identifier: Apache-2.0
// The command line of eterna-port: options.
#include "cli.h"

#include <getopt.h>
#include <stdio.h>

enum { OPT_SOURCE = 256, OPT_TREE, OPT_JSON, OPT_MARKDOWN };

static const struct option options[] = {
	{"source", required_argument, NULL, OPT_SOURCE},
	{"tree", required_argument, NULL, OPT_TREE},
	{"json", no_argument, NULL, OPT_JSON},
	{"markdown", no_argument, NULL, OPT_MARKDOWN},
	{0},
};

static bool take(struct cli *cli, int option)
{
	switch (option) {
	case OPT_SOURCE:
		cli->source = optarg;
		return true;
	case OPT_TREE:
		cli->tree = optarg;
		return true;
	case OPT_JSON:
		cli->json = true;
		return true;
	case OPT_MARKDOWN:
		cli->markdown = true;
		return true;
	default:
		return false;
	}
}

bool cli_parse(struct cli *cli, int argc, char **argv)
{
	int option;

	*cli = (struct cli){.tree = ETERNA_TREE};
	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take(cli, option))
			return false;
	cli->words = (const char **)(argv + optind);
	cli->word_count = argc - optind;
	return true;
}
