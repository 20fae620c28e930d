/* SPDX-License-Identifier: Apache-2.0 */
/* What the hostile guest touches, in the order in which it does. Each says how many accesses there were. */
#ifndef GUEST_HOSTILE_HOSTILE_H
#define GUEST_HOSTILE_HOSTILE_H

#include "base/types.h"

/* VMCALL and VMMCALL with numbers and garbage; instructions that a guest has no business with. */
u64 hostile_calls(void);

/* Each model-specific register of the ranges that processors have: read, and written with several values. */
u64 hostile_msrs(void);

/* Each port, each width, read and written, but for the values that end this VM. `pm1_control`: where PM1a_CNT is. */
u64 hostile_ports(u16 pm1_control);

/* Device memory, what is nobody's below 4 GiB, and addresses up to and beyond what the processor has. */
u64 hostile_devices(void);
u64 hostile_far(void);

/* Each page of its RAM but those of its image. */
u64 hostile_ram(u64 bytes);

#endif
