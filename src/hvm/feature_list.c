// SPDX-License-Identifier: Apache-2.0
// Names joined by commas, a log line for each ~100 characters.
#include "hvm/feature_list.h"

#include "base/assert.h"
#include "base/fmt.h"
#include "base/str.h"
#include "host/log.h"

#define LINE_FULL 80

_Static_assert(LINE_FULL + 2 + FEATURE_NAME_MAX < sizeof(((struct feature_list *)0)->text),
	       "a line holds one more name");

void feature_list_add(struct feature_list *list, const char *name)
{
	ASSERT(strlen(name) <= FEATURE_NAME_MAX);
	if (list->length > LINE_FULL)
		feature_list_end(list);
	list->length += fmt_string(list->text + list->length, sizeof(list->text) - list->length, "%s%s",
				   list->length ? ", " : "", name);
}

void feature_list_end(struct feature_list *list)
{
	if (list->length)
		log_info("%s: %s", list->title, list->text);
	list->length = 0;
}
