/* SPDX-License-Identifier: Apache-2.0 */
/* Segment registers of a task that is being switched to. */
#ifndef ETERNA_EMUL_TASK_SEGMENTS_H
#define ETERNA_EMUL_TASK_SEGMENTS_H

#include "emul/descriptor_table.h"
#include "emul/tss.h"

/*
 * Put all selectors of the task in their registers, without descriptors: what an exception finds that comes before
 * they are loaded. RFLAGS are the task's already. CPL becomes the RPL of CS.
 */
void task_segments_start(struct exec *x, const struct task_state *task);

/*
 * Load the descriptors: LDTR, CS, SS, then the data segments. #TS, #NP and #SS have the selector. ERR_BUSY: another CPU
 * changes a descriptor, call again.
 */
err_t task_segments_load(struct exec *x, const struct task_state *task) MUST_CHECK;

#endif
