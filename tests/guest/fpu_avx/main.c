// SPDX-License-Identifier: Apache-2.0
// x87, SSE and AVX state survives exits, device emulation and sleep; XSETBV takes and refuses what the manual says.
#include "apic.h"
#include "base/mem.h"
#include "check.h"
#include "machine.h"
#include "print.h"
#include "random.h"
#include "trap.h"

#define VECTOR 0x50

static u8 area_in[4096] ALIGNED(64), area_out[4096] ALIGNED(64);
static u64 features;

static void on_timer(struct trap_frame *f)
{
	(void)f;
	lapic_eoi();
}

static void exits(void)
{
	for (int i = 0; i < 200; i++) {
		cpuid(0);
		outb(0x80, 0);
		(void)lapic_read(LAPIC_ID);
	}
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb);
	lapic_write(LAPIC_LVT_TIMER, VECTOR);
	lapic_write(LAPIC_TIMER_INITIAL, 100000);
	halt_until_irq();
}

/* FXSAVE area: control words at 0, MXCSR at 24, x87 registers from 32, XMM from 160 (SDM 1, FXSAVE Area). */
static void fill_fxsave(u64 seed)
{
	memset(area_in, 0, sizeof(area_in));
	store_u16(area_in, 0x27f);
	store_u32(area_in + 24, 0x1fa0);
	area_in[4] = 0xff;
	for (unsigned reg = 0; reg < 8; reg++) {
		store_u64(area_in + 32 + 16 * reg, random_next(&seed) | 1ull << 63);
		store_u16(area_in + 40 + 16 * reg, (u16)(0x3fff + reg));
	}
	for (unsigned i = 160; i < 416; i += 8)
		store_u64(area_in + i, random_next(&seed));
}

static bool legacy_same(void)
{
	bool same = load_u16(area_in) == load_u16(area_out) && load_u32(area_in + 24) == load_u32(area_out + 24);

	for (unsigned reg = 0; reg < 8; reg++)
		same = same && memcmp(area_in + 32 + 16 * reg, area_out + 32 + 16 * reg, 10) == 0;
	return same && memcmp(area_in + 160, area_out + 160, 256) == 0;
}

static void sse_state(void)
{
	fill_fxsave(1);
	__asm__ volatile("fxrstor64 %0" : : "m"(*area_in) : "memory");
	exits();
	__asm__ volatile("fxsave64 %0" : "=m"(*area_out) : : "memory");
	check(legacy_same(), "x87 and SSE state over 600 exits and a sleep");
}

static void xrstor(const u8 *area, u64 mask)
{
	__asm__ volatile("xrstor64 %0" : : "m"(*area), "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
}

static void xsave(u8 *area, u64 mask)
{
	__asm__ volatile("xsave64 %0" : "+m"(*area) : "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
}

static void extended_state(void)
{
	u64 seed = 2, mask = features & ~(XFEATURE_PKRU | XFEATURE_BNDREGS | XFEATURE_BNDCSR | XFEATURE_AMX);

	fill_fxsave(3);
	for (u32 i = 2; i < 63; i++) {
		struct cpuid c = cpuid_count(0xd, i);

		for (u32 at = 0; mask >> i & 1 && at < c.eax; at += 8)
			store_u64(area_in + c.ebx + at, random_next(&seed));
	}
	store_u64(area_in + 512, mask);
	xrstor(area_in, mask);
	exits();
	memset(area_out, 0, sizeof(area_out));
	xsave(area_out, mask);
	check(legacy_same(), "x87 and SSE state in the XSAVE area");
	check_equal(load_u64(area_out + 512), mask, "components in use");
	for (u32 i = 2; i < 63; i++) {
		struct cpuid c = cpuid_count(0xd, i);

		if (mask >> i & 1)
			check(memcmp(area_in + c.ebx, area_out + c.ebx, c.eax) == 0,
			      "component %u over exits and sleep", i);
	}
}

static void bad_xsetbv(void)
{
	static const struct {
		const char *what;
		u64 value;
		u32 index;
	} rows[] = {
		{"nothing", 0, 0},
		{"SSE without x87", XFEATURE_SSE, 0},
		{"AVX without SSE", XFEATURE_X87 | XFEATURE_AVX, 0},
		{"opmask without the rest of AVX-512", XFEATURE_X87 | XFEATURE_SSE | XFEATURE_AVX | XFEATURE_OPMASK, 0},
		{"bit 63", BIT(63) | 1, 0},
		{"bit 62", BIT(62) | 1, 0},
		{"XCR1", 1, 1},
		{"XCR 0xffffffff", 1, 0xffffffff},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		check_equal(try_xsetbv(rows[i].index, rows[i].value), VECTOR_GP, "XSETBV of %s is #GP", rows[i].what);
		check_equal(trap_last.error, 0, "its error code");
	}
	if (processor_is_tcg()) {
		skip("XSETBV of features that are not offered: this emulator does not let a hypervisor refuse");
		return;
	}
	for (unsigned bit = 2; bit < 63; bit++)
		if (!(features >> bit & 1) && try_xsetbv(0, features | BIT(bit)) != VECTOR_GP)
			check(false, "XSETBV of a feature that is not offered, bit %u, is #GP", bit);
}

static u64 xgetbv(void)
{
	u32 lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (u64)hi << 32 | lo;
}

static void good_xsetbv(void)
{
	check_equal(try_xsetbv(0, 1), TRAP_NONE, "XCR0 = 1");
	check_equal(xgetbv(), 1, "XGETBV shows it");
	check_equal(try_xsetbv(0, 3), TRAP_NONE, "XCR0 = 3");
	if (features & XFEATURE_AVX) {
		check_equal(TRY_ASM("vpxor %%ymm0, %%ymm0, %%ymm0"), VECTOR_UD, "AVX without XCR0.AVX is #UD");
		check_equal(try_xsetbv(0, 7), TRAP_NONE, "XCR0 = 7");
		check_equal(TRY_ASM("vpxor %%ymm0, %%ymm0, %%ymm0"), TRAP_NONE, "AVX with it runs");
	}
	check_equal(try_xsetbv(0, features), TRAP_NONE, "XCR0 = all that is offered");
	check_equal(xgetbv(), features, "XGETBV shows it");
}

static void user_xsetbv(void)
{
	__asm__ volatile("xsetbv" : : "a"(1), "d"(0), "c"(0));
}

void guest_main(void)
{
	struct cpuid d;

	pic_init();
	lapic_init();
	trap_set_handler(VECTOR, on_timer);
	write_cr0((read_cr0() | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	__asm__ volatile("fninit");
	sse_state();
	check_equal(TRY_ASM("xor %%ecx, %%ecx; xgetbv"), VECTOR_UD, "XGETBV without CR4.OSXSAVE is #UD");
	if (!has_feature_1c(FEATURE_1C_XSAVE)) {
		skip("no XSAVE");
		return;
	}
	write_cr4(read_cr4() | CR4_OSXSAVE);
	d = cpuid_count(0xd, 0);
	features = (u64)d.edx << 32 | d.eax;
	print("XCR0 may be %#llx, %u bytes\n", (unsigned long long)features, d.ecx);
	if (!check(d.ecx <= sizeof(area_in), "the area fits"))
		return;
	good_xsetbv();
	bad_xsetbv();
	extended_state();
	check_equal(user_run(user_xsetbv), VECTOR_GP, "XSETBV in ring 3 is #GP");
}
