/* SPDX-License-Identifier: Apache-2.0 */
/* The short way for what nearly every access to a device register is: a plain MOV of 4 or 8 bytes. */
#ifndef ETERNA_EMUL_FAST_MOVE_H
#define ETERNA_EMUL_FAST_MOVE_H

#include "emul/emul.h"

/*
 * Carry out the instruction at CS:RIP if it is a MOV between memory and a general register, or of a constant to memory,
 * in 32- or 64-bit code without prefixes but REX, and its access is the one that e->hint tells about. Of the state
 * it needs CS, SS, control and general registers and RFLAGS, outside 64-bit mode all segments.
 *
 * Returns EMUL_DONE as emul_step() would, with the same effect and result; EMUL_FAILED; or EMUL_UNSUPPORTED, and then
 * nothing was done and emul_step() has to be called.
 */
enum emul_status emul_fast_move(struct emul *e, struct emul_result *result) MUST_CHECK;

#endif
