/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the host: a readable dump on the console, the exit status for the launcher, and the machine stops. */
#ifndef ETERNA_HOST_PANIC_H
#define ETERNA_HOST_PANIC_H

#include "base/types.h"

struct trap_frame;

/* An error of ETERNA's own or of the machine that it cannot go on from. */
void panic(const char *format, ...) NORETURN FORMAT_LIKE_PRINTF(1, 2);

/* Does a CPU write its last words? Locks are void then, and an NMI means: stop. */
bool panic_is_under_way(void);

/* A host exception: registers, backtrace, the last exits. */
void panic_trap(const struct trap_frame *frame) NORETURN;

/* An error that the user can mend (machine, configuration): one line, no dump; status 3. */
void fatal(const char *format, ...) NORETURN FORMAT_LIKE_PRINTF(1, 2);

/* What else a dump shows, e.g. the exit history; called once, output by console_print. */
void panic_set_reporter(void (*report)(void));

/* Mix `entropy` into the stack protector's guard. Context: no protected function is on the stack. */
void panic_seed_stack_guard(u64 entropy);

/* What must be undone on this CPU before the machine powers off (VMXOFF). */
void panic_set_cleanup(void (*cleanup)(void));

#endif
