/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a backend's features for the boot log, in lines of about 100 characters. */
#ifndef ETERNA_HVM_FEATURE_LIST_H
#define ETERNA_HVM_FEATURE_LIST_H

#include "base/types.h"

#define FEATURE_NAME_MAX 44

struct feature_list {
	const char *title; /* what stands before the names: "VMX uses" */
	char text[128];
	size_t length;
};

/* Add a name of at most FEATURE_NAME_MAX characters; logs a line when it is full. */
void feature_list_add(struct feature_list *list, const char *name);

/* Log what is left. */
void feature_list_end(struct feature_list *list);

#endif
