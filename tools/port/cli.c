// SPDX-License-Identifier: Apache-2.0
// The command line of eterna-port: options.
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OPT_SOURCE = 256,
	OPT_TREE,
	OPT_OUT,
	OPT_BIND,
	OPT_PORT,
	OPT_STATE,
	OPT_SLOW,
	OPT_LLM_URL,
	OPT_LLM_MODEL,
	OPT_JSON,
	OPT_MARKDOWN
};

static const struct option options[] = {
	{"source", required_argument, NULL, OPT_SOURCE},
	{"tree", required_argument, NULL, OPT_TREE},
	{"out", required_argument, NULL, OPT_OUT},
	{"bind", required_argument, NULL, OPT_BIND},
	{"port", required_argument, NULL, OPT_PORT},
	{"state", required_argument, NULL, OPT_STATE},
	{"slow-timeout", required_argument, NULL, OPT_SLOW},
	{"llm-url", required_argument, NULL, OPT_LLM_URL},
	{"llm-model", required_argument, NULL, OPT_LLM_MODEL},
	{"json", no_argument, NULL, OPT_JSON},
	{"markdown", no_argument, NULL, OPT_MARKDOWN},
	{0},
};

static bool take_number(const char *what, unsigned long most, unsigned long *out)
{
	char *end;

	*out = strtoul(optarg, &end, 10);
	if (*optarg >= '0' && *optarg <= '9' && !*end && *out <= most)
		return true;
	fprintf(stderr, "eterna-port: --%s: %s is no number up to %lu\n", what, optarg, most);
	return false;
}

static bool take_text(struct cli *cli, int option)
{
	const char **place[] = {
		[OPT_SOURCE - OPT_SOURCE] = &cli->source,
		[OPT_TREE - OPT_SOURCE] = &cli->tree,
		[OPT_OUT - OPT_SOURCE] = &cli->out,
		[OPT_BIND - OPT_SOURCE] = &cli->bind,
		[OPT_STATE - OPT_SOURCE] = &cli->state,
		[OPT_LLM_URL - OPT_SOURCE] = &cli->llm_url,
		[OPT_LLM_MODEL - OPT_SOURCE] = &cli->llm_model,
	};

	*place[option - OPT_SOURCE] = optarg;
	return true;
}

static bool take(struct cli *cli, int option)
{
	unsigned long number = 0;
	bool fine;

	switch (option) {
	case OPT_PORT:
		fine = take_number("port", 65535, &number);
		cli->port = (u16)number;
		return fine;
	case OPT_SLOW:
		fine = take_number("slow-timeout", 3600, &number);
		cli->slow_seconds = (u32)number;
		return fine;
	case OPT_JSON:
		cli->json = true;
		return true;
	case OPT_MARKDOWN:
		cli->markdown = true;
		return true;
	case '?':
		return false;
	default:
		return take_text(cli, option);
	}
}

bool cli_parse(struct cli *cli, int argc, char **argv)
{
	int option;

	*cli = (struct cli){.tree = ETERNA_TREE, .bind = "127.0.0.1", .port = 8000};
	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take(cli, option))
			return false;
	if (!cli->llm_url != !cli->llm_model) {
		fputs("eterna-port: --llm-url and --llm-model go together\n", stderr);
		return false;
	}
	cli->words = (const char **)(argv + optind);
	cli->word_count = argc - optind;
	return true;
}
