// SPDX-License-Identifier: Apache-2.0
// The command `serve`, and what it shares with `port`: the service as the options ask for it.
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "cli_service.h"
#include "http.h"

#define SLOW_SECONDS 15

static void read_model(const struct cli *cli, struct cli_service *c)
{
	if (!cli->llm_url)
		return;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	c->llm = (struct llm){cli->llm_url, cli->llm_model, getenv("ETERNA_LLM_KEY")};
	c->service.llm = &c->llm;
}

bool cli_service_open(const struct cli *cli, struct cli_service *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	*c = (struct cli_service){.service = {.source = {.folder = -1},
					      .tree = cli->tree,
					      .out = cli->out,
					      .workers = cores > 1 ? (u32)MIN(cores, 16) : 2}};
	read_model(cli, c);
	if (cli->out && mkdir(cli->out, 0777) && errno != EEXIST) {
		fprintf(stderr, "eterna-port: cannot make the folder %s: %s\n", cli->out, strerror(errno));
		return false;
	}
	if (cli->source && !source_open(&c->service.source, cli->source)) {
		fprintf(stderr, "eterna-port: cannot open the folder %s: %s\n", cli->source, strerror(errno));
		return false;
	}
	return true;
}

void cli_service_close(struct cli_service *c)
{
	source_close(&c->service.source);
	store_close(c->service.store);
}

/* --state FILE, or port.db in the user's folder for state. */
static const char *state_path(const struct cli *cli, struct arena *a)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path;

	if (cli->state)
		return cli->state;
	path = base && *base ? arena_print(a, "%s/eterna/port.db", base)
			     : arena_print(a, "%s/.local/state/eterna/port.db", home ? home : ".");
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	return path;
}

static void wait_for_signal(void)
{
	sigset_t set;
	int which;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigwait(&set, &which);
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int cli_serve(const struct cli *cli)
{
	struct http_options options = {cli->bind, cli->port, cli->slow_seconds ? cli->slow_seconds : SLOW_SECONDS};
	struct arena a = {0};
	struct cli_service c;
	struct http *http;

	if (!cli->source || cli->word_count) {
		fputs("eterna-port: serve needs --source DIR, and no FILE\n", stderr);
		return CLI_USAGE;
	}
	block_signals();
	if (!cli_service_open(cli, &c))
		return CLI_FAILED;
	c.service.store = store_open(state_path(cli, &a));
	arena_fini(&a);
	http = c.service.store ? http_start(&c.service, &options) : NULL;
	if (http) {
		printf("eterna-port: serving %s at http://%s:%u/eterna/\n", cli->source, cli->bind, http_port(http));
		fflush(stdout);
		wait_for_signal();
		http_stop(http);
	}
	cli_service_close(&c);
	return http ? CLI_OK : CLI_FAILED;
}
