/* SPDX-License-Identifier: Apache-2.0 */
/* Does a port compile? gcc -fsyntax-only against this tree's headers. */
#ifndef ETERNA_PORT_CHECK_H
#define ETERNA_PORT_CHECK_H

#include "arena.h"

struct check_error {
	u32 line; /* of the C text, from 1 */
	const char *message;
};

struct check {
	bool ran; /* the compiler was there and came to an end */
	struct check_error *errors;
	u32 count;
};

/* `tree`: this project's folder. Any thread. */
struct check check_run(struct arena *a, const char *tree, const char *text);

#endif
