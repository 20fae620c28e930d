// SPDX-License-Identifier: Apache-2.0
// The command `port`: what `serve` does, without a server and without keeping conversations.
#include <stdio.h>

#include "cli.h"
#include "cli_service.h"

/* The C text to stdout, the plan to stderr. */
static void print_answer(const json_t *answer, const char *path)
{
	const json_t *data = json_object_get(answer, "ui_data");
	const json_t *steps = json_object_get(json_object_get(data, "planner"), "subtasks");
	const char *error = json_string_value(json_object_get(answer, "error"));
	json_t *step;
	size_t i;

	fputs(json_string_value(json_object_get(json_object_get(data, "code_window"), "content")), stdout);
	fprintf(stderr, "eterna-port: %s: %s%s%s\n", path, json_string_value(json_object_get(answer, "status")),
		error ? ": " : "", error ? error : "");
	json_array_foreach(steps, i, step)
	{
		fprintf(stderr, "  line %lld: %s: %s\n", (long long)json_integer_value(json_object_get(step, "line")),
			json_string_value(json_object_get(step, "item")),
			json_string_value(json_object_get(step, "task")));
	}
}

int cli_port(const struct cli *cli)
{
	struct cli_service c;
	bool fine = true;

	if (cli->word_count < 1) {
		fputs("eterna-port: port needs a FILE\n", stderr);
		return CLI_USAGE;
	}
	if (!cli_service_open(cli, &c))
		return CLI_FAILED;
	for (int i = 0; i < cli->word_count; i++) {
		struct task task = {.file_path = cli->words[i]};
		enum port_status status;
		json_t *answer = service_port(&c.service, &task, &status);

		fine &= status != PORT_FAILED;
		if (cli->json) {
			json_dumpf(answer, stdout, JSON_INDENT(2));
			putchar('\n');
		} else {
			print_answer(answer, cli->words[i]);
		}
		json_decref(answer);
	}
	cli_service_close(&c);
	return fine ? CLI_OK : CLI_FAILED;
}
