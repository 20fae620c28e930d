// SPDX-License-Identifier: Apache-2.0
// A list of modules in guest memory.
#include "load/modules.h"

#include "load/strings.h"

static bool claim(struct load_plan *plan, const struct module_layout *layout, u64 bytes, u64 *base)
{
	if (!bytes)
		return true;
	if (layout->is_lowest)
		return plan_claim_lowest(plan, bytes, PAGE_BYTES, layout->from, GUEST_LOW_RAM_MAX, base);
	return plan_claim_highest(plan, bytes, PAGE_BYTES, layout->from, GUEST_LOW_RAM_MAX, base);
}

static err_t module_place(struct load_plan *plan, const struct load_file *module, const struct module_layout *layout,
			  u8 *entry)
{
	u64 base = 0;
	u64 text;
	err_t err;

	if (!claim(plan, layout, module->bytes, &base))
		return plan_refuse(plan, ERR_NOMEM, "module %s: no room for %llu bytes beside the kernel", module->name,
				   (unsigned long long)module->bytes);
	err = plan_copy(plan, base, module->data, module->bytes);
	if (!err)
		err = strings_place(plan, "module's text", module->name, module->arguments, &text);
	if (!err)
		layout->entry_fill(entry, base, module->bytes, text);
	return err;
}

err_t modules_place(struct load_plan *plan, const struct load_input *input, const struct module_layout *layout,
		    u64 *list)
{
	void *entries;
	err_t err;

	*list = 0;
	if (!input->module_count)
		return OK;
	err = plan_blob_place(plan, "module list", input->module_count * layout->entry_bytes, 8, &entries, list);
	for (u32 i = 0; i < input->module_count && !err; i++)
		err = module_place(plan, &input->modules[i], layout, (u8 *)entries + i * layout->entry_bytes);
	return err;
}
