/* SPDX-License-Identifier: Apache-2.0 */
/* Backtraces by frame pointers, with the names of functions. */
#ifndef ETERNA_HOST_BACKTRACE_H
#define ETERNA_HOST_BACKTRACE_H

#include "base/types.h"

/* Print the callers from the frame at `frame_pointer` on; stops at the first frame that cannot be one. */
void backtrace_print(u64 frame_pointer);

/* Print "function+offset" and a newline for a code address. */
void backtrace_print_symbol(u64 address);

#endif
