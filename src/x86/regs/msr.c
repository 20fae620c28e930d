// SPDX-License-Identifier: Apache-2.0
// The manual's names of MSRs, out of msr.def.
#include "x86/regs/msr.h"

const char *msr_name(u32 number)
{
	switch (number) {
#define X(name, num, text)                                                                                             \
	case (num):                                                                                                    \
		return text;
#include "x86/regs/msr.def"
#undef X
	default:
		return "unknown MSR";
	}
}
