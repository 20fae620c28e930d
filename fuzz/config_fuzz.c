// SPDX-License-Identifier: Apache-2.0
// Arbitrary text as eterna.conf: the structs stay within their bounds, and every error is one line of bounded length.
#include "config/config.h"

#include "base/assert.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

static struct config config;
static u32 errors;

static void take_error(struct config_sink *sink, u32 line, const char *text)
{
	(void)sink;
	(void)line;
	errors++;
	ASSERT(str_starts_with(text, CONFIG_FILE_NAME ":") && strlen(text) < 400);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static const struct config_module modules[] = {{"linux", "quiet"}, {"initrd", ""}};
	struct config_sink sink = {take_error};

	errors = 0;
	bool is_read = config_parse((const char *)data, bytes, &config, &sink) == OK;
	ASSERT(is_read == (errors == 0) && config.error_count == errors);
	ASSERT(config_valid(&config));
	bool is_right = config_check(&config, modules, ARRAY_COUNT(modules), GIB, &sink) == OK;
	ASSERT(!is_read || is_right == (errors == 0));
	for (u32 i = 0; is_read && i < config.vm_count; i++)
		ASSERT(config.vms[i].kernel[0]);
	return 0;
}
