/* SPDX-License-Identifier: Apache-2.0 */
/* For the loaders' fuzz targets: a plan keeps its promises, and every byte that it would copy can be read. */
#ifndef ETERNA_FUZZ_LOAD_PLAN_CHECK_H
#define ETERNA_FUZZ_LOAD_PLAN_CHECK_H

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "load/load.h"

/* The first two bytes of an input choose the guest's memory and modules; the rest is the image. */
#define LOAD_FUZZ_HEAD 2

static inline struct load_input load_fuzz_input(const u8 *data, size_t bytes)
{
	static const u8 module[16] = "module";
	struct load_input input = {
		.kernel = {.data = data + LOAD_FUZZ_HEAD, .bytes = bytes - LOAD_FUZZ_HEAD, .name = "kernel"},
		.command_line = "console=ttyS0",
		.low_ram_bytes = (1ull + data[0]) * 4 * MIB,
		.high_ram_bytes = data[1] & 4 ? 32 * MIB : 0,
		.module_count = data[1] & 3,
		.rng_seed = data[1] & 8 ? module : NULL,
		.rng_seed_bytes = sizeof(module),
	};

	for (u32 i = 0; i < input.module_count; i++)
		input.modules[i] = (struct load_file){.data = module, .bytes = 5 + i, .name = "m", .arguments = "x"};
	input.reserved[0] = (struct memory_range){input.low_ram_bytes - 0x8000, 0x8000, MEMORY_ACPI_RECLAIM};
	input.reserved_count = 1;
	return input;
}

static inline void load_fuzz_check(err_t err, const struct load_plan *plan, const struct load_input *input)
{
	static volatile u8 sum;

	ASSERT(strlen(plan->message) < LOAD_MESSAGE_BYTES && (err != OK) == (plan->message[0] != '\0'));
	if (err)
		return;
	ASSERT(load_plan_valid(plan, input));
	for (u32 i = 0; i < plan->copy_count; i++)
		for (u64 j = 0; plan->copies[i].source && j < plan->copies[i].bytes; j++)
			sum = (u8)(sum + ((const u8 *)plan->copies[i].source)[j]);
}

#endif
