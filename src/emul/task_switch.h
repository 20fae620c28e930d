/* SPDX-License-Identifier: Apache-2.0 */
/* Hardware task switches, which virtualisation hardware leaves to software (SDM 3C, Treatment of Task Switches). */
#ifndef ETERNA_EMUL_TASK_SWITCH_H
#define ETERNA_EMUL_TASK_SWITCH_H

#include "emul/emul.h"

enum task_cause { TASK_CALL, TASK_IRET, TASK_JUMP, TASK_EVENT }; /* EVENT: through a task gate of the IDT */

/* What the switch is, and how it ended. */
struct task_switch {
	enum task_cause cause;
	u16 selector;     /* of the new task's TSS; for IRET the link in the old one */
	u32 insn_bytes;   /* of CALL, JMP, IRET and INT n; 0 for an event that no instruction asked for */
	bool is_external; /* EXT: an event that no INT instruction asked for */
	bool has_error;   /* the event pushes an error code on the new task's stack */
	u32 error;

	bool is_committed; /* out: the CPU is in the new task, also when EMUL_FAULT is the result */
	bool traps;        /* out: the new TSS asks for #DB with DR6.BT before its first instruction */
};

/*
 * Switch from the task in e->cpu's TR to another. The checks on privilege were the processor's and are not made again.
 * With CR0.PG and a 32-bit TSS CR3 is loaded: the caller drops cached translations, and loads PDPTEs for PAE paging.
 *
 * Returns EMUL_JUMPED: the new task is in e->cpu, all of which may have changed; EMUL_FAULT: raise the exception, in
 * the old task when it is not committed, and nothing has changed then, in the new one else; EMUL_AGAIN: nothing was
 * done; EMUL_FAILED. Source: SDM 3A, Task Switching; Exception Conditions Checked During a Task Switch.
 */
enum emul_status task_switch(struct emul *e, struct task_switch *t, struct emul_result *result) MUST_CHECK;

#endif
