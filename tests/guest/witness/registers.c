// SPDX-License-Identifier: Apache-2.0
// The witness's registers: MSRs that are switched with the guest or by hand, debug registers, XMM.
#include "registers.h"

#include "base/mem.h"
#include "cpu.h"
#include "print.h"

#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define XMM_OFFSET 160
#define XMM_BYTES 256
#define VALUE 0x0000577a55ed0000ull

static const u32 msrs[] = {
	MSR_LSTAR,   MSR_CSTAR,          MSR_STAR,         MSR_FS_BASE,
	MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
};
static u8 area[512] ALIGNED(64);

static u64 msr_value(u32 i)
{
	return VALUE + i * 0x1110;
}

#define DR_ACCESS(n)                                                                                                   \
	static u64 read_dr##n(void)                                                                                    \
	{                                                                                                              \
		u64 v;                                                                                                 \
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(v));                                                      \
		return v;                                                                                              \
	}                                                                                                              \
	static void write_dr##n(u64 v)                                                                                 \
	{                                                                                                              \
		__asm__ volatile("mov %0, %%dr" #n : : "r"(v));                                                        \
	}
DR_ACCESS(0)
DR_ACCESS(1)
DR_ACCESS(2)
DR_ACCESS(3)

void registers_fill(void)
{
	for (u32 i = 0; i < ARRAY_COUNT(msrs); i++)
		wrmsr(msrs[i], msr_value(i));
	write_dr0(VALUE + 1);
	write_dr1(VALUE + 2);
	write_dr2(VALUE + 3);
	write_dr3(VALUE + 4);
	write_cr0((read_cr0() | CR0_MP) & ~(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR);
	store_u16(area, 0x37f);
	store_u32(area + 24, 0x1f80);
	memset(area + XMM_OFFSET, 0x57, XMM_BYTES);
	__asm__ volatile("fxrstor64 %0" : : "m"(area) : "memory");
}

static u64 compare(const char *what, u64 is, u64 wanted)
{
	if (is == wanted)
		return 0;
	print("witness: %s is %#llx and was %#llx\n", what, (unsigned long long)is, (unsigned long long)wanted);
	return 1;
}

static u64 xmm_check(void)
{
	u64 wrong = 0;

	__asm__ volatile("fxsave64 %0" : "=m"(area) : : "memory");
	for (u32 i = 0; i < XMM_BYTES; i++)
		wrong += area[XMM_OFFSET + i] != 0x57;
	return compare("bytes wrong in XMM", wrong, 0);
}

u64 registers_check(void)
{
	u64 wrong = 0;

	for (u32 i = 0; i < ARRAY_COUNT(msrs); i++)
		wrong += compare("an MSR", rdmsr(msrs[i]), msr_value(i));
	wrong += compare("DR0", read_dr0(), VALUE + 1);
	wrong += compare("DR1", read_dr1(), VALUE + 2);
	wrong += compare("DR2", read_dr2(), VALUE + 3);
	wrong += compare("DR3", read_dr3(), VALUE + 4);
	return wrong + xmm_check();
}
