/* SPDX-License-Identifier: Apache-2.0 */
/* What a debugger is asked about while the guest is somewhere special: on a user's half of the page tables, and with a
 * watchdog running. */
#ifndef GUEST_DEBUGGEE_ISOLATED_H
#define GUEST_DEBUGGEE_ISOLATED_H

/* Two roots as Linux's page-table isolation has them: only the kernel's maps the kernel. */
void isolated_all(void);

/* A timer that must not run out between two looks after it. */
void watchdog_all(void);

#endif
