/* SPDX-License-Identifier: Apache-2.0 */
/* How a test guest says what it found, and how it ends: guest_main() is each test's own. */
#ifndef GUEST_RUNTIME_CHECK_H
#define GUEST_RUNTIME_CHECK_H

#include "base/types.h"

/* Values for isa-debug-exit; the machine reports (value << 1) | 1. */
enum { EXIT_PASS = 0, EXIT_FAIL = 1, EXIT_UNEXPECTED = 2 };

#define EXIT_PORT 0xf4

/* The test. On return the guest ends with EXIT_PASS or EXIT_FAIL by what was checked. */
void guest_main(void);

/* Print "ok: TEXT" or "FAIL: TEXT" and count it. Returns `good`. */
bool check(bool good, const char *format, ...) FORMAT_LIKE_PRINTF(2, 3);

/* As check() for two numbers, printing both where they differ. */
bool check_equal(u64 is, u64 wanted, const char *format, ...) FORMAT_LIKE_PRINTF(3, 4);

/* Print "skip: TEXT": the machine lacks something. */
void skip(const char *format, ...) FORMAT_LIKE_PRINTF(1, 2);

/* End now. */
void guest_exit(u32 value) NORETURN;

/* End now with the verdict of the checks so far. */
void guest_finish(void) NORETURN;

/* Called by entry.S. */
void guest_run(void);

#endif
