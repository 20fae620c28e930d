/* SPDX-License-Identifier: Apache-2.0 */
/* ASSERT states what only a bug of ours can break; guest, wire or firmware input is never asserted. */
#ifndef ETERNA_BASE_ASSERT_H
#define ETERNA_BASE_ASSERT_H

#include "base/types.h"

/* Reports and does not return. The image gives host/panic.c's, hosted tests give their own. */
void assert_fail(const char *expr, const char *file, unsigned line) NORETURN;

#define ASSERT(expr) ((expr) ? (void)0 : assert_fail(#expr, __FILE_NAME__, __LINE__))

#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

#endif
