// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as an archive of boot modules: its files lie inside it, one behind another.
// fuzz: -max_len=4096
#include "boot/info/archive.h"

#include "base/assert.h"
#include "base/checked.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

#define MODULE_AT 0x10000ull

static struct boot_info info;

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	bool is_ours = archive_begins_with(data, bytes, "eterna.conf");
	u64 end = MODULE_AT;
	err_t err;

	boot_info_init(&info, "fuzz");
	boot_info_add_module(&info, MODULE_AT, bytes, "", 0);
	err = archive_unpack(&info, data);
	ASSERT(boot_info_valid(&info));
	if (!err && is_ours)
		ASSERT(boot_module_find(&info, "eterna.conf") == 0);
	for (u32 i = 0; i < info.module_count; i++) {
		const struct boot_module *module = &info.modules[i];

		ASSERT(module->start.v > end && range_is_inside(module->start.v - MODULE_AT, module->bytes, bytes));
		end = module->start.v + module->bytes;
	}
	return 0;
}
