// SPDX-License-Identifier: Apache-2.0
// Control registers: what the manual forbids is #GP and changes nothing; the short forms act on their bits alone.
#include "check.h"
#include "machine.h"
#include "trap.h"

#define MAXPHYADDR_LEAF 0x80000008

static void bad_cr0(void)
{
	static const struct {
		const char *what;
		u64 clear, set;
	} rows[] = {
		{"PG without PE", CR0_PE, 0},
		{"NW without CD", CR0_CD, CR0_NW},
		{"no PG in 64-bit code", CR0_PG, 0},
		{"neither PG nor PE in 64-bit code", CR0_PG | CR0_PE, 0},
		{"bit 32", 0, BIT(32)},
		{"bit 63", 0, BIT(63)},
	};
	u64 before = read_cr0();

	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		if (processor_is_tcg())
			continue;
		check_equal(try_write_cr0((before & ~rows[i].clear) | rows[i].set), VECTOR_GP, "CR0: %s", rows[i].what);
		check_equal(trap_last.error, 0, "its error code");
		check_equal(read_cr0(), before, "CR0 is as before");
	}
}

static void good_cr0(void)
{
	static const u64 toggled[] = {CR0_WP, CR0_AM, CR0_MP, CR0_TS, CR0_EM, CR0_NE, CR0_CD, CR0_CD | CR0_NW};
	u64 before = read_cr0();

	for (unsigned i = 0; i < ARRAY_COUNT(toggled); i++) {
		write_cr0(before ^ toggled[i]);
		check_equal(read_cr0(), (before ^ toggled[i]) | CR0_ET, "CR0 shows %#llx toggled",
			    (unsigned long long)toggled[i]);
		write_cr0(before);
	}
}

static void bad_cr4(void)
{
	u64 before = read_cr4();
	bool tcg = processor_is_tcg();

	if (!tcg)
		check_equal(try_write_cr4(before & ~CR4_PAE), VECTOR_GP, "CR4 without PAE in long mode");
	if (!tcg)
		check_equal(try_write_cr4(before ^ CR4_LA57), VECTOR_GP, "CR4.LA57 changed in long mode");
	if (!tcg)
		check_equal(try_write_cr4(before | BIT(15)), VECTOR_GP, "CR4 bit 15");
	if (has_feature_1c(FEATURE_1C_PCID) && !tcg) {
		write_cr3(read_cr3() | 0x8);
		check_equal(try_write_cr4(before | CR4_PCIDE), VECTOR_GP, "CR4.PCIDE with CR3[11:0] not 0");
		write_cr3(read_cr3() & ~0xfffull);
		check_equal(try_write_cr4(before | CR4_PCIDE), TRAP_NONE, "CR4.PCIDE with CR3[11:0] 0");
		check_equal(try_write_cr3(read_cr3() | 5 | CR3_NO_FLUSH), TRAP_NONE, "CR3 with a PCID, no flush");
		check_equal(read_cr3() & 0xfff, 5, "CR3 shows the PCID");
		check_equal(read_cr3() >> 63, 0, "bit 63 is not kept");
		write_cr3(read_cr3() & ~0xfffull);
		write_cr4(before);
	}
	check_equal(read_cr4(), before, "CR4 is as before");
}

static void bad_cr3(void)
{
	unsigned bits = cpuid(MAXPHYADDR_LEAF).eax & 0xff;
	u64 before = read_cr3();

	if (processor_is_tcg()) {
		skip("CR3: this emulator does not check");
		return;
	}
	check_equal(try_write_cr3(before | BIT(bits)), VECTOR_GP, "CR3 with the bit above the physical addresses");
	check_equal(try_write_cr3(before | CR3_NO_FLUSH), VECTOR_GP, "CR3 bit 63 without PCIDE");
	check_equal(read_cr3(), before, "CR3 is as before");
}

/* LMSW loads bits 3:0, can set PE and not clear it; CLTS clears TS; SMSW reads. */
static void short_forms(void)
{
	u64 before = read_cr0(), value;

	__asm__ volatile("smsw %0" : "=r"(value));
	check_equal(value & 0xffff, before & 0xffff, "SMSW reads CR0");
	__asm__ volatile("lmsw %w0" : : "r"(CR0_TS | CR0_MP));
	check_equal(read_cr0(), (before & ~0xfull) | CR0_PE | CR0_TS | CR0_MP, "LMSW sets TS and MP, keeps PE");
	__asm__ volatile("clts");
	check_equal(read_cr0() & CR0_TS, 0, "CLTS clears TS");
	value = CR0_TS;
	__asm__ volatile("lmsw (%0)" : : "r"(&value) : "memory");
	check_equal(read_cr0() & 0xf, CR0_PE | CR0_TS, "LMSW from memory");
	write_cr0(before);
}

static void ts_em_mp(void)
{
	u64 before = read_cr0();

	write_cr0((before & ~CR0_EM) | CR0_TS);
	check_equal(TRY_ASM("fninit"), VECTOR_NM, "TS: FNINIT is #NM");
	write_cr0((before & ~CR0_EM) | CR0_TS | CR0_MP);
	check_equal(TRY_ASM("fwait"), VECTOR_NM, "TS and MP: FWAIT is #NM");
	write_cr0((before & ~(CR0_EM | CR0_MP)) | CR0_TS);
	check_equal(TRY_ASM("fwait"), TRAP_NONE, "TS without MP: FWAIT runs");
	write_cr0((before & ~CR0_TS) | CR0_EM);
	check_equal(TRY_ASM("fninit"), VECTOR_NM, "EM: FNINIT is #NM");
	write_cr4(read_cr4() | CR4_OSFXSR);
	check_equal(TRY_ASM("pxor %%xmm0, %%xmm0"), VECTOR_UD, "EM: an SSE instruction is #UD");
	write_cr0(before & ~(CR0_EM | CR0_TS));
	check_equal(TRY_ASM("pxor %%xmm0, %%xmm0"), TRAP_NONE, "without EM and TS it runs");
	write_cr0(before);
}

static void user_smsw(void)
{
	u64 v;

	__asm__ volatile("smsw %0; ud2" : "=r"(v));
}

static void user_mov_cr0(void)
{
	u64 v;

	__asm__ volatile("mov %%cr0, %0; ud2" : "=r"(v));
}

static void ring_3(void)
{
	u64 before = read_cr4();

	check_equal(user_run(user_mov_cr0), VECTOR_GP, "MOV from CR0 in ring 3 is #GP");
	check_equal(user_run(user_smsw), VECTOR_UD, "SMSW in ring 3 runs");
	if (!(feature_7().ecx & 4)) {
		skip("no UMIP");
		return;
	}
	write_cr4(before | CR4_UMIP);
	check_equal(user_run(user_smsw), VECTOR_GP, "SMSW in ring 3 with UMIP is #GP");
	write_cr4(before);
}

void guest_main(void)
{
	write_cr0(read_cr0() & ~(CR0_CD | CR0_NW)); /* RESET sets them; no loader has to clear them */
	bad_cr0();
	good_cr0();
	bad_cr4();
	bad_cr3();
	short_forms();
	ts_em_mp();
	ring_3();
}
