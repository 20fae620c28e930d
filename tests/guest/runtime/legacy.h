/* SPDX-License-Identifier: Apache-2.0 */
/* Out of long mode: 32-bit protected mode without paging, and real mode. Interrupts stay off. */
#ifndef GUEST_RUNTIME_LEGACY_H
#define GUEST_RUNTIME_LEGACY_H

#include "cpu.h"

/* Real-mode code is copied to LOW_CODE and runs with CS, DS, ES and SS = LOW_SEGMENT. */
#define LOW_SEGMENT 0x0800
#define LOW_CODE 0x8000u
#define LOW_CODE_MAX 0x4000u

/* Run a function written in .code32 (flat segments, paging off); returns its EAX. It keeps ESP. */
u32 legacy_call(void (*code32)(void));

/*
 * Copy `[start, end)`, assembled for an offset of 0, to LOW_CODE and run it in real mode from its first byte; it ends
 * with LRET, with AX, which is returned. Its variables can be read at LOW_CODE afterwards.
 */
u16 real_call(const void *start, const void *end);

#endif
