// SPDX-License-Identifier: Apache-2.0
// MTRRs of a new CPU, changed as the manual says (SDM 3A, MTRR Maintenance Programming Interface).
#include "host/mtrr.h"

#include "base/mem.h"
#include "x86/insn.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"

#define CPUID1_EDX_MTRR BIT(12)
#define MTRRCAP_COUNT BITS(7, 0)
#define MTRRCAP_FIXED BIT(8)
#define DEF_TYPE_ENABLE BIT(11)

static const u32 fixed_msrs[MTRR_FIXED_COUNT] = {
	MSR_MTRR_FIX64K_00000, MSR_MTRR_FIX16K_80000, MSR_MTRR_FIX16K_A0000, MSR_MTRR_FIX4K_C0000,
	MSR_MTRR_FIX4K_C8000,  MSR_MTRR_FIX4K_D0000,  MSR_MTRR_FIX4K_D8000,  MSR_MTRR_FIX4K_E0000,
	MSR_MTRR_FIX4K_E8000,  MSR_MTRR_FIX4K_F0000,  MSR_MTRR_FIX4K_F8000,
};

void mtrr_read(struct mtrr_state *s)
{
	u64 cap;

	memset(s, 0, sizeof(*s));
	if (!(cpuid(1, 0).edx & CPUID1_EDX_MTRR))
		return;
	cap = rdmsr(MSR_MTRRCAP);
	s->variable_count = (u32)MIN(GET(MTRRCAP_COUNT, cap), MTRR_VARIABLE_MAX);
	s->has_fixed = !!(cap & MTRRCAP_FIXED);
	s->default_type = rdmsr(MSR_MTRR_DEF_TYPE);
	for (u32 i = 0; i < MTRR_FIXED_COUNT && s->has_fixed; i++)
		s->fixed[i] = rdmsr(fixed_msrs[i]);
	for (u32 i = 0; i < s->variable_count; i++) {
		s->base[i] = rdmsr(MSR_MTRR_PHYSBASE0 + 2 * i);
		s->mask[i] = rdmsr(MSR_MTRR_PHYSMASK0 + 2 * i);
	}
}

static void registers_write(const struct mtrr_state *s)
{
	for (u32 i = 0; i < MTRR_FIXED_COUNT && s->has_fixed; i++)
		wrmsr(fixed_msrs[i], s->fixed[i]);
	for (u32 i = 0; i < s->variable_count; i++) {
		wrmsr(MSR_MTRR_PHYSBASE0 + 2 * i, s->base[i]);
		wrmsr(MSR_MTRR_PHYSMASK0 + 2 * i, s->mask[i]);
	}
}

void mtrr_adopt(const struct mtrr_state *wanted)
{
	struct mtrr_state own;
	u64 cr0 = read_cr0();

	mtrr_read(&own);
	if (own.variable_count != wanted->variable_count || own.has_fixed != wanted->has_fixed ||
	    !memcmp(&own, wanted, sizeof(own)))
		return;
	write_cr0((cr0 | CR0_CD) & ~CR0_NW);
	wbinvd();
	write_cr3(read_cr3());
	wrmsr(MSR_MTRR_DEF_TYPE, own.default_type & ~DEF_TYPE_ENABLE);
	registers_write(wanted);
	wrmsr(MSR_MTRR_DEF_TYPE, wanted->default_type);
	wbinvd();
	write_cr3(read_cr3());
	write_cr0(cr0);
}
