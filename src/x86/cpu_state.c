// SPDX-License-Identifier: Apache-2.0
// Descriptions of the architectural state, and its value after RESET.
#include "x86/cpu_state.h"

#include "base/bits.h"

#define DESC_STRUCT struct segment
DESC_DEFINE(segment, SEGMENT_FIELDS, 1);
#undef DESC_STRUCT

#define DESC_STRUCT struct cpu_state
DESC_DEFINE(cpu_state, CPU_STATE_FIELDS, 1);
#undef DESC_STRUCT

#define DATA_RW_ACCESSED (SEG_P | SEG_S | PUT(SEG_TYPE, 3))
#define CODE_RX_ACCESSED (SEG_P | SEG_S | PUT(SEG_TYPE, 11))
#define LDT_PRESENT (SEG_P | PUT(SEG_TYPE, 2))
#define TSS_BUSY (SEG_P | PUT(SEG_TYPE, 11))

const struct cpu_state cpu_state_reset = {
	.gpr[GPR_RDX] = 0x600, /* family 6; model and stepping are CPUID's business */
	.rip = 0xfff0,
	.rflags = 0x2,
	.seg =
		{
			[SEG_ES] = {.access = DATA_RW_ACCESSED, .limit = 0xffff},
			[SEG_CS] =
				{.selector = 0xf000, .access = CODE_RX_ACCESSED, .limit = 0xffff, .base = 0xffff0000},
			[SEG_SS] = {.access = DATA_RW_ACCESSED, .limit = 0xffff},
			[SEG_DS] = {.access = DATA_RW_ACCESSED, .limit = 0xffff},
			[SEG_FS] = {.access = DATA_RW_ACCESSED, .limit = 0xffff},
			[SEG_GS] = {.access = DATA_RW_ACCESSED, .limit = 0xffff},
			[SEG_LDTR] = {.access = LDT_PRESENT, .limit = 0xffff},
			[SEG_TR] = {.access = TSS_BUSY, .limit = 0xffff},
		},
	.gdtr_limit = 0xffff,
	.idtr_limit = 0xffff,
	.cr0 = 0x60000010,
	.pat = 0x0007040600070406,
	.dr6 = 0xffff0ff0,
	.dr7 = 0x400,
	.xcr0 = 1,
};
