// SPDX-License-Identifier: Apache-2.0
// Any bytes as a request: "METHOD URL\nBODY". Every answer is a status with a JSON object.
#include "service.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct service service = {.tree = ETERNA_TREE, .workers = 2};

static void open_source(void)
{
	char folder[] = "/tmp/eterna-port-fuzz-XXXXXX";

	if (!mkdtemp(folder) || !source_open(&service.source, folder))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	char *text = arena_copy(&arena, (const char *)data, size);
	char *body = memchr(text, '\n', size), *url = memchr(text, ' ', size);
	struct reply reply;

	if (!service.source.folder)
		open_source();
	if (body && url && url < body) {
		*body++ = 0;
		*url++ = 0;
		reply = service_handle(&service, text, url, body, size - (size_t)(body - text));
		if (reply.status < 200 || reply.status > 499 || !json_is_object(reply.body))
			abort();
		json_decref(reply.body);
	}
	arena_fini(&arena);
	return 0;
}
