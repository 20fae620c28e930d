// SPDX-License-Identifier: Apache-2.0
// A name and its arguments as one string.
#include "load/strings.h"

#include "base/mem.h"
#include "base/str.h"

err_t strings_place(struct load_plan *plan, const char *what, const char *name, const char *arguments, u64 *base)
{
	size_t name_length = strlen(name);
	size_t length = arguments ? strlen(arguments) : 0;
	void *blob;
	err_t err = plan_blob_place(plan, what, name_length + 1 + length + 1, 8, &blob, base);

	if (err)
		return err;
	memcpy(blob, name, name_length); /* the blob is zeroed: the end is there */
	if (length) {
		((char *)blob)[name_length] = ' ';
		memcpy((char *)blob + name_length + 1, arguments, length);
	}
	return OK;
}
