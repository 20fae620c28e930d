// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a Multiboot kernel and as a PVH kernel, and to the one who chooses.
// fuzz: -max_len=2000
#include "load_plan_check.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

static struct load_plan plan;

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	if (bytes < LOAD_FUZZ_HEAD)
		return 0;
	struct load_input input = load_fuzz_input(data, bytes);

	load_fuzz_check(load_multiboot(&input, &plan), &plan, &input);
	load_fuzz_check(load_pvh(&input, &plan), &plan, &input);
	load_fuzz_check(load_auto(&input, &plan), &plan, &input);
	return 0;
}
