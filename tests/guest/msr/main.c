// SPDX-License-Identifier: Apache-2.0
// RDMSR and WRMSR: registers keep what is written, refuse what the manual forbids, and unknown ones are #GP(0).
#include "check.h"
#include "machine.h"
#include "trap.h"

#define NON_CANONICAL 0x8000000000000000ull

struct row {
	const char *name;
	u32 msr;
	u64 first, second; /* values it must keep */
	bool canonical;    /* holds an address: others are #GP */
};

static const struct row rows[] = {
	{"STAR", MSR_STAR, 0x0023001000000000, 0x0013000800000000, false},
	{"LSTAR", MSR_LSTAR, 0xffff800012345678, 0x100000, true},
	{"CSTAR", MSR_CSTAR, 0xffff800012345678, 0, true},
	{"FMASK", MSR_FMASK, 0x47700, 0, false},
	{"FS_BASE", MSR_FS_BASE, 0xffff800000001000, 0, true},
	{"GS_BASE", MSR_GS_BASE, 0xffff800000001000, 0, true},
	{"KERNEL_GS_BASE", MSR_KERNEL_GS_BASE, 0xffff800000002000, 0, true},
	{"SYSENTER_CS", 0x174, 0x10, 0, false},
	{"SYSENTER_ESP", 0x175, 0xffff800000003000, 0, true},
	{"SYSENTER_EIP", 0x176, 0xffff800000004000, 0, true},
	{"PAT", MSR_PAT, 0x0001040600070406, 0x0007040600070406, false},
};

static void values_are_kept(void)
{
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct row *r = &rows[i];
		u64 v = 0;

		check_equal(try_wrmsr(r->msr, r->first), TRAP_NONE, "%s is written", r->name);
		check_equal(try_rdmsr(r->msr, &v), TRAP_NONE, "%s is read", r->name);
		check_equal(v, r->first, "%s keeps the value", r->name);
		wrmsr(r->msr, r->second);
		check_equal(rdmsr(r->msr), r->second, "%s keeps another value", r->name);
	}
}

static void non_canonical_is_refused(void)
{
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		u64 before = rdmsr(rows[i].msr);

		if (!rows[i].canonical)
			continue;
		if (processor_is_tcg()) {
			skip("%s non-canonical: this emulator does not check", rows[i].name);
			continue;
		}
		check_equal(try_wrmsr(rows[i].msr, NON_CANONICAL), VECTOR_GP, "%s refuses a non-canonical address",
			    rows[i].name);
		check_equal(rdmsr(rows[i].msr), before, "%s is as before", rows[i].name);
	}
}

static void bad_values_are_refused(void)
{
	static const struct {
		const char *what;
		u32 msr;
		u64 clear, set;
	} bad[] = {
		{"EFER with LME cleared while paging", MSR_EFER, EFER_LME, 0},
		{"EFER with bit 1", MSR_EFER, 0, BIT(1)},
		{"EFER with bit 16", MSR_EFER, 0, BIT(16)},
		{"EFER with bit 63", MSR_EFER, 0, BIT(63)},
		{"PAT with type 2", MSR_PAT, 0xff, 2},
		{"PAT with type 3", MSR_PAT, 0xff00, 0x300},
		{"PAT with type 8", MSR_PAT, 0xffull << 56, 8ull << 56},
		{"APIC_BASE with bit 0", MSR_APIC_BASE, 0, 1},
		{"APIC_BASE beyond the physical addresses", MSR_APIC_BASE, 0, BIT(52)},
	};

	if (processor_is_tcg()) {
		skip("bad values: this emulator drops bits instead");
		return;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(bad); i++) {
		u64 before = rdmsr(bad[i].msr);

		check_equal(try_wrmsr(bad[i].msr, (before & ~bad[i].clear) | bad[i].set), VECTOR_GP, "#GP: %s",
			    bad[i].what);
		check_equal(trap_last.error, 0, "its error code");
		check_equal(rdmsr(bad[i].msr), before, "the register is as before");
	}
}

static void efer(void)
{
	u64 before = rdmsr(MSR_EFER);

	check((before & (EFER_LME | EFER_LMA)) == (EFER_LME | EFER_LMA), "EFER shows long mode enabled and active");
	check_equal(try_wrmsr(MSR_EFER, before | EFER_SCE | EFER_NXE), TRAP_NONE, "EFER takes SCE and NXE");
	check_equal(rdmsr(MSR_EFER), before | EFER_SCE | EFER_NXE, "EFER shows them");
	check_equal(try_wrmsr(MSR_EFER, (before | EFER_NXE) & ~EFER_LMA), TRAP_NONE, "LMA cannot be written");
	check(rdmsr(MSR_EFER) & EFER_LMA, "LMA stays");
	wrmsr(MSR_EFER, before);
}

static void swapgs_exchanges(void)
{
	wrmsr(MSR_GS_BASE, 0x1000);
	wrmsr(MSR_KERNEL_GS_BASE, 0x2000);
	__asm__ volatile("swapgs" : : : "memory");
	check_equal(rdmsr(MSR_GS_BASE), 0x2000, "SWAPGS: GS base");
	check_equal(rdmsr(MSR_KERNEL_GS_BASE), 0x1000, "SWAPGS: kernel GS base");
	wrmsr(MSR_GS_BASE, 0);
}

static void tsc_can_be_set(void)
{
	u64 tsc;

	if (processor_is_tcg()) {
		skip("TSC: this emulator ignores the write");
		return;
	}
	wrmsr(MSR_TSC, 1ull << 40);
	tsc = rdtsc();
	check(tsc >= 1ull << 40 && tsc < (1ull << 40) + (1ull << 34), "TSC goes on from the written value");
	check(rdmsr(MSR_TSC) >= tsc, "RDMSR of the TSC is not behind RDTSC");
}

static void tsc_aux(void)
{
	u32 aux, lo, hi;

	if (!has_rdtscp()) {
		skip("no RDTSCP");
		return;
	}
	wrmsr(MSR_TSC_AUX, 0x12345);
	__asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
	check_equal(aux, 0x12345, "RDTSCP returns TSC_AUX");
}

static void readable_ones(void)
{
	static const struct {
		const char *name;
		u32 msr;
		unsigned feature; /* bit of CPUID.1:EDX that brings it; 5 is RDMSR itself */
	} list[] = {
		{"APIC_BASE", MSR_APIC_BASE, 9}, {"BIOS_SIGN_ID", 0x8b, 5}, {"MTRRCAP", 0xfe, 12},
		{"MCG_CAP", 0x179, 14},          {"MISC_ENABLE", 0x1a0, 5}, {"MTRR_DEF_TYPE", 0x2ff, 12},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(list); i++) {
		u64 v = 0;

		if (has_feature_1d(list[i].feature))
			check_equal(try_rdmsr(list[i].msr, &v), TRAP_NONE, "%s is readable", list[i].name);
	}
	check(rdmsr(MSR_APIC_BASE) & BIT(8), "APIC_BASE: this is the boot CPU");
	check_equal(rdmsr(MSR_APIC_BASE) & BITS(51, 12), 0xfee00000, "APIC_BASE: address");
}

static void unknown_ones(void)
{
	static const u32 list[] = {0x2, 0xfff, 0x12345678, 0x80000000, 0xc0001fff, 0xc0ffffff, 0xffffffff};

	if (processor_is_tcg()) {
		skip("unknown MSRs: this emulator reads them as 0");
		return;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(list); i++) {
		u64 v;

		check_equal(try_rdmsr(list[i], &v), VECTOR_GP, "RDMSR of %#x is #GP", list[i]);
		check_equal(trap_last.error, 0, "its error code");
		check_equal(try_wrmsr(list[i], 0), VECTOR_GP, "WRMSR of %#x is #GP", list[i]);
	}
}

static void user_rdmsr(void)
{
	__asm__ volatile("rdmsr" : : "c"(MSR_APIC_BASE) : "eax", "edx");
}

static void upper_halves_are_cleared(void)
{
	u64 a, d;

	__asm__ volatile("mov $-1, %%rax; mov $-1, %%rdx; rdmsr" : "=&a"(a), "=&d"(d) : "c"(MSR_APIC_BASE));
	check((a | d) >> 32 == 0, "RDMSR clears the upper halves of RAX and RDX");
}

void guest_main(void)
{
	readable_ones();
	values_are_kept();
	non_canonical_is_refused();
	bad_values_are_refused();
	efer();
	swapgs_exchanges();
	tsc_can_be_set();
	tsc_aux();
	upper_halves_are_cleared();
	unknown_ones();
	check_equal(user_run(user_rdmsr), VECTOR_GP, "RDMSR in ring 3 is #GP");
}
