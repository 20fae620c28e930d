// SPDX-License-Identifier: Apache-2.0
// The command `port`.
#include <stdio.h>

#include "cli.h"
#include "imports.h"
#include "port_file.h"
#include "source.h"

static bool port_one(const struct cli *cli, const struct source *source, const char *path)
{
	struct arena arena = {0};
	struct syntax syntax;
	struct port_result port = {.status = PORT_FAILED};
	const char *text;
	size_t length;
	enum source_result result = source_read(source, &arena, path, &text, &length);

	if (result != SOURCE_OK) {
		fprintf(stderr, "eterna-port: %s %s\n", path, source_result_text(result));
	} else if (!syntax_parse(&syntax, &arena, text, length)) {
		fprintf(stderr, "eterna-port: %s takes too long to parse\n", path);
	} else {
		port = port_file(&arena, &syntax, path, cli->tree, &(struct imports){source, path});
		fputs(port.text, stdout);
		fprintf(stderr, "eterna-port: %s: %s, %u to do, %u rounds%s%s\n", path, port_status_word(port.status),
			port.todo_count, port.rounds, port.why ? ": " : "", port.why ? port.why : "");
		for (const struct todo *t = port.todos; t; t = t->next)
			fprintf(stderr, "  %s:%u: %s: %s\n", path, t->line, t->item, t->reason);
		syntax_fini(&syntax);
	}
	arena_fini(&arena);
	return port.status != PORT_FAILED;
}

int cli_port(const struct cli *cli)
{
	struct source source = {.folder = -1};
	bool fine = true;

	if (cli->word_count < 1) {
		fputs("eterna-port: port needs a FILE\n", stderr);
		return CLI_USAGE;
	}
	if (cli->source && !source_open(&source, cli->source)) {
		fprintf(stderr, "eterna-port: cannot open the folder %s\n", cli->source);
		return CLI_FAILED;
	}
	for (int i = 0; i < cli->word_count; i++)
		fine &= port_one(cli, &source, cli->words[i]);
	source_close(&source);
	return fine ? CLI_OK : CLI_FAILED;
}
