/* SPDX-License-Identifier: Apache-2.0 */
/* Code that is not mapped until right before it runs, for breakpoints that were set long before. */
#ifndef GUEST_DEBUGGEE_APPEAR_H
#define GUEST_DEBUGGEE_APPEAR_H

/* Context: processor 0; processor 1 is in appear_errands() where there is one. */
void appear_all(unsigned cpus);

/* Processor 1 runs what processor 0 has mapped for it, until there is no more of that. */
void appear_errands(void);

#endif
