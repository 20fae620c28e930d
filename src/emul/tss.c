// SPDX-License-Identifier: Apache-2.0
// A task's registers between its TSS and the CPU (SDM 3A, Task-State Segment (TSS); 16-Bit Task-State Segment).
#include "emul/tss.h"

#include "base/mem.h"

#define TSS32_T 100 /* offset of the debug trap bit */

const struct tss_format tss_format_16 = {.bytes = 44, .word_bytes = 2, .words = 14, .segment_count = 4};
const struct tss_format tss_format_32 = {.bytes = 104, .word_bytes = 4, .cr3 = 28, .words = 32, .segment_count = 6};

static u32 word_get(const struct tss_format *f, const u8 *words, u32 index)
{
	const u8 *at = words + index * f->word_bytes;

	return f->word_bytes == 4 ? load_u32(at) : load_u16(at);
}

static void word_put(const struct tss_format *f, u8 *words, u32 index, u32 value)
{
	memcpy(words + index * f->word_bytes, &value, f->word_bytes);
}

u32 tss_saved_bytes(const struct tss_format *f)
{
	return (u32)(TSS_SEGMENT + f->segment_count) * f->word_bytes;
}

/* Selectors are written as 16 bits: what is above them in a 32-bit TSS stays. */
void tss_save(const struct tss_format *f, u8 *saved, const struct cpu_state *cpu, u32 eip, u32 eflags)
{
	word_put(f, saved, TSS_IP, eip);
	word_put(f, saved, TSS_FLAGS, eflags);
	for (u32 i = 0; i < 8; i++)
		word_put(f, saved, TSS_GPR + i, (u32)cpu->gpr[i]);
	for (u32 i = 0; i < f->segment_count; i++)
		store_u16(saved + (TSS_SEGMENT + i) * f->word_bytes, cpu->seg[i].selector);
}

/* A 16-bit TSS has no FS and GS: they become null. What it leaves of the upper halves of general registers is
 * undefined by the manual. */
void tss_load(const struct tss_format *f, const u8 *tss, struct task_state *task)
{
	const u8 *words = tss + f->words;

	*task = (struct task_state){
		.cr3 = f->cr3 ? load_u32(tss + f->cr3) : 0,
		.eip = word_get(f, words, TSS_IP),
		.eflags = word_get(f, words, TSS_FLAGS),
		.ldtr = (u16)word_get(f, words, TSS_SEGMENT + f->segment_count),
		.traps = f == &tss_format_32 && tss[TSS32_T] & 1,
	};
	for (u32 i = 0; i < 8; i++)
		task->gpr[i] = word_get(f, words, TSS_GPR + i);
	for (u32 i = 0; i < f->segment_count; i++)
		task->seg[i] = (u16)word_get(f, words, TSS_SEGMENT + i);
}
