/* SPDX-License-Identifier: Apache-2.0 */
/* Segment registers and the descriptors that they are loaded from. */
#ifndef ETERNA_EMUL_DESCRIPTOR_H
#define ETERNA_EMUL_DESCRIPTOR_H

#include "emul/exec.h"

/*
 * Load ES, SS, DS, FS or GS, as MOV, POP and LDS do (SDM 2, MOV; SDM 3A, Segment Descriptors). SS holds off interrupts
 * for an instruction; result->blocking says so.
 */
err_t segment_load_data(struct exec *x, enum seg seg, u16 selector) MUST_CHECK;

/*
 * Find the code segment that a far jump, call or return to `selector` leads to and check `*target` against it, at the
 * same privilege. *target is cut to the size that the new segment knows. The caller loads *code with segment_set()
 * once nothing can fail any more. Gates, tasks and other privileges are ERR_UNSUPPORTED.
 */
err_t segment_find_code(struct exec *x, u16 selector, bool is_return, u64 *target, struct segment *code) MUST_CHECK;

/* LLDT and LTR: `seg` is SEG_LDTR or SEG_TR. The TSS becomes busy. */
err_t segment_load_system(struct exec *x, enum seg seg, u16 selector) MUST_CHECK;

/* Put a segment into its register, for the result to tell. */
void segment_set(struct exec *x, enum seg seg, const struct segment *value);

#endif
