// SPDX-License-Identifier: Apache-2.0
// The commands `analyze` and `map`.
#include <stdio.h>

#include "analysis.h"
#include "cli.h"
#include "map_document.h"
#include "source.h"

static bool analyze_file(const struct cli *cli, const struct source *source, const char *path)
{
	struct arena arena = {0};
	struct syntax syntax;
	struct analysis analysis;
	const char *text;
	size_t length;
	enum source_result result = source_read(source, &arena, path, &text, &length);
	bool fine = false;

	if (result != SOURCE_OK) {
		fprintf(stderr, "eterna-port: %s %s\n", path, source_result_text(result));
	} else if (!syntax_parse(&syntax, &arena, text, length)) {
		fprintf(stderr, "eterna-port: %s takes too long to parse\n", path);
	} else {
		analysis_make(&analysis, &syntax);
		if (cli->json) {
			json_t *answer = analysis_json(&analysis, path);

			json_dumpf(answer, stdout, JSON_INDENT(2));
			putchar('\n');
			json_decref(answer);
		} else {
			analysis_print(&analysis, path);
		}
		syntax_fini(&syntax);
		fine = true;
	}
	arena_fini(&arena);
	return fine;
}

int cli_analyze(const struct cli *cli)
{
	struct source source = {.folder = -1};
	bool fine = true;

	if (cli->word_count < 1) {
		fputs("eterna-port: analyze needs a FILE\n", stderr);
		return CLI_USAGE;
	}
	if (cli->source && !source_open(&source, cli->source)) {
		fprintf(stderr, "eterna-port: cannot open the folder %s\n", cli->source);
		return CLI_FAILED;
	}
	for (int i = 0; i < cli->word_count; i++)
		fine &= analyze_file(cli, &source, cli->words[i]);
	source_close(&source);
	return fine ? CLI_OK : CLI_FAILED;
}

int cli_map(const struct cli *cli)
{
	if (!map_document_check(cli->tree))
		return CLI_FAILED;
	if (cli->markdown)
		map_document_print(stdout);
	return CLI_OK;
}
