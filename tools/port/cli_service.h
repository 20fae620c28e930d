/* SPDX-License-Identifier: Apache-2.0 */
/* The service as the command line asks for it. */
#ifndef ETERNA_PORT_CLI_SERVICE_H
#define ETERNA_PORT_CLI_SERVICE_H

#include "cli.h"
#include "service.h"

struct cli_service {
	struct service service;
	struct llm llm;
};

/* False after a message. Without a store: the caller opens one. */
bool cli_service_open(const struct cli *cli, struct cli_service *c) MUST_CHECK;
void cli_service_close(struct cli_service *c);

#endif
