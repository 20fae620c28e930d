// SPDX-License-Identifier: Apache-2.0
// Choosing the loader: by name, or by the look of the image.
#include "load/load.h"

#include "load/formats.h"
#include "load/plan.h"

enum load_format load_detect(const struct load_file *kernel, struct load_plan *scratch)
{
	if (linux_detect(kernel->data, kernel->bytes))
		return LOAD_LINUX;
	if (multiboot_detect(kernel->data, kernel->bytes))
		return LOAD_MULTIBOOT;
	if (pvh_detect(scratch, kernel))
		return LOAD_PVH;
	return LOAD_NONE;
}

err_t load_auto(const struct load_input *input, struct load_plan *plan)
{
	enum load_format format = load_detect(&input->kernel, plan);

	if (format == LOAD_NONE)
		return plan_refuse(
			plan, ERR_UNSUPPORTED,
			"kernel: neither a Linux bzImage nor an ELF file with a Multiboot header or a PVH note");
	return load_kernel(format, input, plan);
}

err_t load_kernel(enum load_format format, const struct load_input *input, struct load_plan *plan)
{
	switch (format) {
	case LOAD_LINUX:
		return load_linux(input, plan);
	case LOAD_MULTIBOOT:
		return load_multiboot(input, plan);
	case LOAD_PVH:
		return load_pvh(input, plan);
	default:
		return load_auto(input, plan);
	}
}
