// SPDX-License-Identifier: Apache-2.0
// Choice of the backend, and the names of exits.
#include "hvm/hvm.h"

#include "host/log.h"
#include "hvm/backends.h"

const struct hvm_ops *hvm __attribute__((section(".data.init_only")));

const char *exit_kind_name(u32 kind)
{
#define EXIT_NAME(name, text) [EXIT_##name] = text,
	static const char *const names[] = {EXIT_KIND_LIST(EXIT_NAME)};

	return kind < EXIT_KINDS ? names[kind] : "no exit";
}

err_t hvm_select(void)
{
	err_t result = ERR_UNSUPPORTED;
	char names[32];
	size_t length = 0;

	for (unsigned i = 0; hvm_backends[i]; i++) {
		err_t err = hvm_backends[i]->probe();

		if (!err) {
			hvm = hvm_backends[i];
			return OK;
		}
		if (err != ERR_UNSUPPORTED)
			result = err;
		length += fmt_string(names + length, sizeof(names) - length, "%s%s", length ? " or " : "",
				     hvm_backends[i]->name);
	}
	log_error("nothing to run guests with: this image needs %s", names);
	return result;
}
