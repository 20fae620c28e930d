/* SPDX-License-Identifier: Apache-2.0 */
/* The two layouts of a task-state segment (SDM 3A, Task-State Segment (TSS); 16-Bit Task-State Segment). */
#ifndef ETERNA_EMUL_TSS_H
#define ETERNA_EMUL_TSS_H

#include "x86/cpu_state.h"

#define TSS_BYTES_MAX 104

/* From the instruction pointer on there are words of one size: it, the flags, 8 general registers, the segments, LDTR.
 */
struct tss_format {
	u8 bytes; /* the smallest that it may be */
	u8 word_bytes;
	u8 cr3; /* offset; 0: there is none */
	u8 words;
	u8 segment_count;
};

/* Words of a TSS. */
enum { TSS_IP, TSS_FLAGS, TSS_GPR, TSS_SEGMENT = TSS_GPR + 8 };

extern const struct tss_format tss_format_16;
extern const struct tss_format tss_format_32;

/* What a TSS says about a task. */
struct task_state {
	u32 cr3;
	u32 eip;
	u32 eflags;
	u32 gpr[8];
	u16 seg[6];
	u16 ldtr;
	bool traps; /* T */
};

/* Where the part that a switch away from a task writes begins, and how long it is. */
u32 tss_saved_bytes(const struct tss_format *f);

/* Put the registers of `cpu` with the given EIP and EFLAGS into the saved part of a TSS, which holds what it had. */
void tss_save(const struct tss_format *f, u8 *saved, const struct cpu_state *cpu, u32 eip, u32 eflags);

/* Take a whole TSS apart. */
void tss_load(const struct tss_format *f, const u8 *tss, struct task_state *task);

#endif
