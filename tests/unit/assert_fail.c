// SPDX-License-Identifier: Apache-2.0
// What a failed ASSERT does in hosted programs: says where, and aborts, so that tests and fuzzers see it.
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void assert_fail(const char *expr, const char *file, unsigned line)
{
	fprintf(stderr, "%s:%u: ASSERT(%s) failed\n", file, line, expr);
	abort();
}
