// SPDX-License-Identifier: Apache-2.0
// Reads the configuration against what the machine has.
#include "main/read_config.h"

#include "base/str.h"
#include "boot/info/boot_info.h"
#include "host/log.h"
#include "host/memory.h"
#include "main/place.h"

/* What errors are told to: the log, or whoever asked. */
struct told_sink {
	struct config_sink sink; /* first */
	struct fmt_sink *out;
};

static struct config_module modules[BOOT_MODULES_MAX];
static u32 module_count;

static void error_log(struct config_sink *sink, u32 line, const char *text)
{
	(void)sink;
	(void)line;
	log_error("%s", text);
}

/* Without "eterna.conf:N: ", as there is no such file. */
static void error_print(struct config_sink *sink, u32 line, const char *text)
{
	const char *blank = strchr(text, ' ');

	(void)line;
	fmt_print(((struct told_sink *)(void *)sink)->out, "%s\n", blank ? blank + 1 : text);
}

/* The boot modules as the configuration names them, without itself. */
static void modules_list(const struct boot_info *boot)
{
	u32 own = boot_module_find(boot, CONFIG_FILE_NAME);

	module_count = 0;
	for (u32 i = 0; i < boot->module_count; i++)
		if (i != own)
			modules[module_count++] =
				(struct config_module){boot_module_name(boot, i), boot_module_arguments(boot, i)};
}

bool config_read(const struct boot_info *boot, struct config *config)
{
	struct config_sink sink = {error_log};
	u32 own = boot_module_find(boot, CONFIG_FILE_NAME);
	u64 free = place_free_bytes();
	err_t err;

	modules_list(boot);
	if (own == boot->module_count)
		return !config_default(modules, module_count, config, &sink) &&
		       !config_check(config, modules, module_count, free, &sink);
	/* What one finds wrong must not hide what the other does. */
	err = config_parse(memory_map_readonly(boot->modules[own].start, boot->modules[own].bytes),
			   boot->modules[own].bytes, config, &sink);
	return !config_check(config, modules, module_count, free, &sink) && !err;
}

err_t config_read_vm(const char *text, struct vm_config *vm, struct fmt_sink *out)
{
	u32 pages = pool_pages(sizeof(struct config));
	struct told_sink told = {{error_print}, out};
	struct config *config;
	err_t err;

	memory_lock_take();
	config = pool_alloc(memory_pool(), pages);
	memory_lock_drop();
	if (!config)
		return ERR_NOMEM;
	err = config_parse(text, strlen(text), config, &told.sink);
	if (!err)
		err = config_check(config, modules, module_count, place_free_bytes(), &told.sink);
	if (!err)
		*vm = config->vms[0];
	memory_lock_take();
	pool_free(memory_pool(), config, pages);
	memory_lock_drop();
	return err;
}
