// SPDX-License-Identifier: Apache-2.0
// Task switches: what is saved and loaded, and each check with its fault (SDM 3A, Task Management).
#include "emul/task_switch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/emul/model.h"

#define GDT 0x1000
#define LDT 0x1800
#define OLD 0x2fc0 /* TSSes; the saved part of this one spans two pages */
#define NEW 0x4000

/* Selectors in the GDT. */
#define CODE 0x08
#define DATA 0x10
#define CODE3 0x18
#define DATA3 0x20
#define OLD_TSS 0x28
#define NEW_TSS 0x30
#define LDT_SELECTOR 0x38
#define ABSENT 0x40
#define CONFORMING 0x48
#define EXECUTE_ONLY 0x50
#define READ_ONLY 0x58
#define ABSENT_CODE 0x60
#define BEYOND 0x80

#define TSS_AVAILABLE (SEG_P | 9)
#define TSS_BUSY (SEG_P | 11)
#define TSS16_AVAILABLE (SEG_P | 1)
#define DPL3 0x60u

static struct model m;
static struct task_switch task;

static u64 descriptor(u32 base, u32 limit, u64 access)
{
	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (access & 0xff) << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (access >> 12 & 0xf) << 52 | (u64)(base >> 24) << 56;
}

static void gdt_put(u32 selector, u32 base, u32 limit, u64 access)
{
	u64 value = descriptor(base, limit, access);

	memcpy(m.ram + GDT + selector, &value, 8);
}

static u8 gdt_type(u32 selector)
{
	return m.ram[GDT + selector + 5] & 0xf;
}

static u32 ram_u32(u32 at)
{
	u32 value;

	memcpy(&value, m.ram + at, 4);
	return value;
}

static u32 ram_u16(u32 at)
{
	return ram_u32(at) & 0xffff;
}

static void put_u32(u32 at, u32 value)
{
	memcpy(m.ram + at, &value, 4);
}

static void put_u16(u32 at, u16 value)
{
	memcpy(m.ram + at, &value, 2);
}

/* Offsets in a 32-bit TSS. */
enum {
	LINK,
	CR3 = 28,
	EIP = 32,
	EFLAGS = 36,
	EAX = 40,
	ESP = 56,
	ES = 72,
	CS = 76,
	SS = 80,
	DS = 84,
	FS = 88,
	GS = 92
};
enum { LDTR = 96, TRAP = 100 };

static void gdt_fill(void)
{
	gdt_put(CODE, 0, 0xfffff, SEG_P | SEG_S | 10 | SEG_DB | SEG_G);
	gdt_put(DATA, 0, 0xfffff, SEG_P | SEG_S | 2 | SEG_DB | SEG_G);
	gdt_put(CODE3, 0, 0xfffff, SEG_P | SEG_S | 10 | DPL3 | SEG_DB | SEG_G);
	gdt_put(DATA3, 0, 0xfffff, SEG_P | SEG_S | 2 | DPL3 | SEG_DB | SEG_G);
	gdt_put(OLD_TSS, OLD, 103, TSS_BUSY);
	gdt_put(NEW_TSS, NEW, 103, TSS_AVAILABLE);
	gdt_put(LDT_SELECTOR, LDT, 0x17, SEG_P | 2);
	gdt_put(ABSENT, 0, 0xfffff, SEG_S | 2 | SEG_DB | SEG_G);
	gdt_put(CONFORMING, 0, 0xfffff, SEG_P | SEG_S | 14 | SEG_DB | SEG_G);
	gdt_put(EXECUTE_ONLY, 0, 0xfffff, SEG_P | SEG_S | 8 | SEG_DB | SEG_G);
	gdt_put(READ_ONLY, 0, 0xfffff, SEG_P | SEG_S | 0 | SEG_DB | SEG_G);
	gdt_put(ABSENT_CODE, 0, 0xfffff, SEG_S | 10 | SEG_DB | SEG_G);
	m.cpu.gdtr_base = GDT;
	m.cpu.gdtr_limit = BEYOND - 1;
}

/* 32-bit mode at CPL 0 in the task OLD; NEW is a task at CPL 0 as well. */
static void start(enum task_cause cause)
{
	model_init_32(&m);
	gdt_fill();
	m.cpu.seg[SEG_TR] = (struct segment){.selector = OLD_TSS, .access = TSS_BUSY, .limit = 103, .base = OLD};
	m.cpu.seg[SEG_LDTR].access = (u32)SEG_UNUSABLE;
	m.cpu.rip = 0x5000;
	m.cpu.rflags = 0x246;
	m.cpu.dr7 = 0x755;
	for (unsigned i = 0; i < 8; i++) {
		m.cpu.gpr[i] = 0x01010101 * (i + 1);
		put_u32(NEW + EAX + 4 * i, 0xa0a0a0a0 + i);
	}
	put_u32(NEW + EIP, 0x6000);
	put_u32(NEW + EFLAGS, 0x2);
	put_u32(NEW + ESP, 0x8000);
	put_u16(NEW + CS, CODE);
	for (u32 i = 0; i < 6; i++)
		if (i != 1)
			put_u16(NEW + ES + 4 * i, DATA);
	put_u16(NEW + LINK, 0x7777);
	task = (struct task_switch){.cause = cause, .selector = NEW_TSS, .insn_bytes = 7};
	if (cause == TASK_IRET)
		gdt_put(NEW_TSS, NEW, 103, TSS_BUSY);
}

static enum emul_status run(void)
{
	return task_switch(&m.emul, &task, &m.result);
}

static void expect_fault(enum vector vector, u32 code, bool is_committed)
{
	assert_int_equal(run(), EMUL_FAULT);
	assert_int_equal(m.result.vector, vector);
	assert_true(m.result.has_error_code);
	assert_int_equal(m.result.error_code, code);
	assert_int_equal(task.is_committed, is_committed);
}

/* A fault before the commit leaves registers and memory alone. */
static void expect_refusal(enum vector vector, u32 code)
{
	static struct model before;

	before = m;
	expect_fault(vector, code, false);
	assert_memory_equal(&m.cpu, &before.cpu, sizeof(m.cpu));
	assert_memory_equal(m.ram, before.ram, MODEL_TABLES);
}

static void saves_and_loads_registers(void **state)
{
	(void)state;
	start(TASK_JUMP);
	put_u32(OLD + ES, 0xabcd0000); /* above a selector: stays */
	put_u32(OLD + LDTR, 0x1234);
	put_u32(OLD + CR3, 0x5678);
	m.cpu.seg[SEG_GS].selector = 0x23;
	assert_int_equal(run(), EMUL_JUMPED);
	assert_true(task.is_committed);
	assert_false(task.traps);
	assert_int_equal(ram_u32(OLD + EIP), 0x5007);
	assert_int_equal(ram_u32(OLD + EFLAGS), 0x246);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(ram_u32(OLD + EAX + 4 * i), 0x01010101 * (i + 1));
	assert_int_equal(ram_u32(OLD + ES), 0xabcd0010);
	assert_int_equal(ram_u16(OLD + CS), 8);
	assert_int_equal(ram_u16(OLD + GS), 0x23);
	assert_int_equal(ram_u32(OLD + LDTR), 0x1234);
	assert_int_equal(ram_u32(OLD + CR3), 0x5678);

	assert_int_equal(m.cpu.rip, 0x6000);
	assert_int_equal(m.cpu.rflags, 2);
	assert_int_equal(m.cpu.gpr[GPR_RAX], 0xa0a0a0a0);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8000);
	assert_int_equal(m.cpu.gpr[GPR_RDI], 0xa0a0a0a7);
	assert_int_equal(m.cpu.seg[SEG_CS].selector, CODE);
	assert_int_equal(m.cpu.seg[SEG_CS].access, SEG_P | SEG_S | 11 | SEG_DB | SEG_G);
	assert_int_equal(m.cpu.seg[SEG_GS].selector, DATA);
	assert_int_equal(m.cpu.seg[SEG_GS].limit, 0xffffffff);
	assert_true(m.cpu.seg[SEG_LDTR].access & SEG_UNUSABLE);
	assert_int_equal(m.cpu.seg[SEG_TR].selector, NEW_TSS);
	assert_int_equal(m.cpu.seg[SEG_TR].base, NEW);
	assert_int_equal(m.cpu.seg[SEG_TR].access, TSS_BUSY);
	assert_true(m.cpu.cr0 & CR0_TS);
	assert_int_equal(m.cpu.dr7, 0x600); /* the local breakpoints are off */
	assert_int_equal(gdt_type(DATA), 3);
}

static void keeps_busy_bits_links_and_nt(void **state)
{
	static const struct {
		enum task_cause cause;
		u8 old_type, new_type;
		u16 link;
		u32 old_flags, flags;
	} cases[] = {
		{TASK_JUMP, 9, 11, 0x7777, 0x4246, 0x2},
		{TASK_CALL, 11, 11, OLD_TSS, 0x4246, 0x4002},
		{TASK_EVENT, 11, 11, OLD_TSS, 0x4246, 0x4002},
		{TASK_IRET, 9, 11, 0x7777, 0x246, 0x2},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		start(cases[i].cause);
		m.cpu.rflags |= RFLAGS_NT;
		assert_int_equal(run(), EMUL_JUMPED);
		assert_int_equal(gdt_type(OLD_TSS), cases[i].old_type);
		assert_int_equal(gdt_type(NEW_TSS), cases[i].new_type);
		assert_int_equal(ram_u16(NEW + LINK), cases[i].link);
		assert_int_equal(ram_u32(OLD + EFLAGS), cases[i].old_flags);
		assert_int_equal(m.cpu.rflags, cases[i].flags);
	}
}

static void loads_reserved_flags_as_they_are_fixed(void **state)
{
	(void)state;
	start(TASK_JUMP);
	put_u32(NEW + EFLAGS, 0xffffffff & ~(u32)RFLAGS_VM);
	assert_int_equal(run(), EMUL_JUMPED);
	assert_int_equal(m.cpu.rflags, 0x3d7fd7);
}

static void switches_between_16_and_32_bits(void **state)
{
	(void)state;
	start(TASK_CALL);
	gdt_put(NEW_TSS, NEW, 43, TSS16_AVAILABLE);
	memset(m.ram + NEW, 0, 104);
	put_u16(NEW + 14, 0x6000);
	put_u16(NEW + 16, 0x202);
	for (u32 i = 0; i < 8; i++)
		put_u16(NEW + 18 + 2 * i, (u16)(0xb000 + i));
	put_u16(NEW + 34, DATA);
	put_u16(NEW + 36, CODE);
	put_u16(NEW + 38, DATA);
	put_u16(NEW + 40, DATA);
	put_u16(NEW + 42, LDT_SELECTOR);
	assert_int_equal(run(), EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, 0x6000);
	assert_int_equal(m.cpu.rflags, 0x4202);
	assert_int_equal(m.cpu.gpr[GPR_RBP] & 0xffff, 0xb005);
	assert_int_equal(m.cpu.seg[SEG_DS].selector, DATA);
	assert_int_equal(m.cpu.seg[SEG_FS].selector, 0);
	assert_true(m.cpu.seg[SEG_GS].access & SEG_UNUSABLE);
	assert_int_equal(m.cpu.seg[SEG_LDTR].base, LDT);
	assert_int_equal(m.cpu.seg[SEG_TR].access, SEG_P | 3);
	assert_int_equal(ram_u16(NEW), OLD_TSS);

	/* And back by IRET: 16-bit words are saved. */
	put_u32(OLD + EIP, 0x7000);
	task = (struct task_switch){.cause = TASK_IRET, .selector = OLD_TSS, .insn_bytes = 1};
	m.cpu.gpr[GPR_RAX] = 0x12345678;
	assert_int_equal(run(), EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, 0x7000);
	assert_int_equal(m.cpu.gpr[GPR_RAX], 0x01010101);
	assert_int_equal(ram_u16(NEW + 14), 0x6001);
	assert_int_equal(ram_u16(NEW + 16), 0x202);
	assert_int_equal(ram_u16(NEW + 18), 0x5678);
	assert_int_equal(ram_u16(NEW + 20), 0xb001);
	assert_int_equal(ram_u16(NEW + 36), CODE);
	assert_int_equal(ram_u16(NEW + 42), LDT_SELECTOR);
	assert_int_equal(gdt_type(NEW_TSS), 1);
}

static void checks_the_new_tss(void **state)
{
	static const enum task_cause causes[] = {TASK_JUMP, TASK_CALL, TASK_EVENT, TASK_IRET};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(causes); i++) {
		bool is_return = causes[i] == TASK_IRET;
		enum vector vector = is_return ? VECTOR_TS : VECTOR_GP;

		start(causes[i]);
		task.selector = BEYOND;
		expect_refusal(vector, BEYOND);
		task.selector = NEW_TSS | 4; /* in the LDT */
		expect_refusal(vector, NEW_TSS | 4);
		task.selector = DATA;
		expect_refusal(vector, DATA);
		task.selector = LDT_SELECTOR;
		expect_refusal(vector, LDT_SELECTOR);
		task.selector = 0;
		expect_refusal(vector, 0);
		task.selector = NEW_TSS | 3; /* the RPL is not part of the code */
		gdt_put(NEW_TSS, NEW, 103, is_return ? TSS_AVAILABLE : TSS_BUSY);
		expect_refusal(vector, NEW_TSS);
		gdt_put(NEW_TSS, NEW, 103, (is_return ? TSS_BUSY : TSS_AVAILABLE) & ~SEG_P);
		expect_refusal(VECTOR_NP, NEW_TSS);
		gdt_put(NEW_TSS, NEW, 102, is_return ? TSS_BUSY : TSS_AVAILABLE);
		expect_refusal(VECTOR_TS, NEW_TSS);
		gdt_put(NEW_TSS, NEW, 42, is_return ? SEG_P | 3 : TSS16_AVAILABLE);
		expect_refusal(VECTOR_TS, NEW_TSS);
	}
	start(TASK_JUMP);
	m.cpu.seg[SEG_TR].limit = 102;
	expect_refusal(VECTOR_TS, NEW_TSS);
	start(TASK_JUMP);
	m.cpu.efer = EFER_LME | EFER_LMA;
	assert_int_equal(run(), EMUL_FAULT);
	assert_int_equal(m.result.vector, VECTOR_GP);
}

static void tells_external_events(void **state)
{
	(void)state;
	start(TASK_EVENT);
	task.is_external = true;
	gdt_put(NEW_TSS, NEW, 103, TSS_BUSY);
	expect_refusal(VECTOR_GP, NEW_TSS | 1);
	start(TASK_EVENT);
	task.is_external = true;
	put_u16(NEW + FS, BEYOND);
	expect_fault(VECTOR_TS, BEYOND | 1, true);
}

static void checks_the_new_segments(void **state)
{
	static const struct {
		u8 at; /* in the TSS */
		u16 selector;
		enum vector vector;
	} cases[] = {
		{LDTR, BEYOND, VECTOR_TS},    {LDTR, LDT_SELECTOR | 4, VECTOR_TS},
		{LDTR, DATA, VECTOR_TS},      {CS, 0, VECTOR_TS},
		{CS, DATA, VECTOR_TS},        {CS, BEYOND, VECTOR_TS},
		{CS, CODE | 3, VECTOR_TS},    {CS, CODE3, VECTOR_TS},
		{CS, ABSENT_CODE, VECTOR_NP}, {CS, OLD_TSS, VECTOR_TS},
		{SS, 0, VECTOR_TS},           {SS, CODE, VECTOR_TS},
		{SS, READ_ONLY, VECTOR_TS},   {SS, DATA3, VECTOR_TS},
		{SS, DATA | 3, VECTOR_TS},    {SS, ABSENT, VECTOR_SS},
		{SS, BEYOND, VECTOR_TS},      {DS, EXECUTE_ONLY, VECTOR_TS},
		{DS, DATA | 3, VECTOR_TS},    {ES, ABSENT, VECTOR_NP},
		{FS, OLD_TSS, VECTOR_TS},     {GS, BEYOND, VECTOR_TS},
		{GS, 0x0c, VECTOR_TS}, /* no LDT */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		start(TASK_CALL);
		put_u16(NEW + cases[i].at, cases[i].selector);
		expect_fault(cases[i].vector, cases[i].selector & ~3u, true);
		/* The fault is the new task's. */
		assert_int_equal(m.cpu.rip, 0x6000);
		assert_int_equal(m.cpu.seg[SEG_TR].selector, NEW_TSS);
		assert_int_equal(m.cpu.seg[SEG_GS].selector, cases[i].at == GS ? cases[i].selector : DATA);
		assert_true(m.cpu.seg[SEG_CS].access & SEG_P);
		assert_int_equal(GET(SEG_DPL, m.cpu.seg[SEG_SS].access), GET(SEG_DPL, m.cpu.seg[SEG_CS].access));
	}
}

static void accepts_what_is_allowed(void **state)
{
	static const struct {
		u8 at;
		u16 selector;
	} cases[] = {
		{DS, 0}, {DS, 3}, {DS, CODE}, {DS, READ_ONLY}, {DS, CONFORMING | 3}, {DS, DATA3 | 3}, {CS, CONFORMING},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		start(TASK_CALL);
		put_u16(NEW + cases[i].at, cases[i].selector);
		assert_int_equal(run(), EMUL_JUMPED);
		assert_int_equal(m.cpu.seg[cases[i].at == CS ? SEG_CS : SEG_DS].selector, cases[i].selector);
	}
	/* A task for users, with a segment of its own LDT. */
	start(TASK_JUMP);
	put_u16(NEW + CS, CODE3 | 3);
	for (u32 i = 0; i < 6; i++)
		if (i != 1)
			put_u16(NEW + ES + 4 * i, DATA3 | 3);
	put_u16(NEW + LDTR, LDT_SELECTOR);
	put_u16(NEW + FS, 0x0f);
	memcpy(m.ram + LDT + 8, &(u64){descriptor(0x9000, 0xfff, SEG_P | SEG_S | 2 | DPL3)}, 8);
	assert_int_equal(run(), EMUL_JUMPED);
	assert_int_equal(m.cpu.seg[SEG_FS].base, 0x9000);
	assert_int_equal(GET(SEG_DPL, m.cpu.seg[SEG_SS].access), 3);
}

static void enters_virtual_8086_mode(void **state)
{
	(void)state;
	start(TASK_IRET);
	put_u32(NEW + EFLAGS, 0x20202);
	put_u16(NEW + CS, 0x1234);
	put_u16(NEW + DS, 0);
	assert_int_equal(run(), EMUL_JUMPED);
	assert_int_equal(m.cpu.rflags, 0x20202);
	assert_int_equal(m.cpu.seg[SEG_CS].base, 0x12340);
	assert_int_equal(m.cpu.seg[SEG_DS].access, 0xf3);
	assert_int_equal(m.cpu.seg[SEG_SS].limit, 0xffff);
}

static void checks_the_instruction_pointer(void **state)
{
	(void)state;
	start(TASK_JUMP);
	gdt_put(CODE, 0, 0x5fff, SEG_P | SEG_S | 10 | SEG_DB);
	expect_fault(VECTOR_GP, 0, true);
	assert_int_equal(m.cpu.rip, 0x6000);
}

static void pushes_the_error_code(void **state)
{
	(void)state;
	start(TASK_EVENT);
	task.insn_bytes = 0;
	task.has_error = true;
	task.error = 0x1234abcd;
	assert_int_equal(run(), EMUL_JUMPED);
	assert_int_equal(ram_u32(OLD + EIP), 0x5000);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x7ffc);
	assert_int_equal(ram_u32(0x7ffc), 0x1234abcd);

	start(TASK_EVENT);
	task.has_error = true;
	gdt_put(DATA, 0, 0x1000, SEG_P | SEG_S | 2 | SEG_DB); /* the stack has no room */
	expect_fault(VECTOR_SS, 0, true);
}

static void traps_when_asked(void **state)
{
	(void)state;
	start(TASK_JUMP);
	put_u16(NEW + TRAP, 1);
	assert_int_equal(run(), EMUL_JUMPED);
	assert_true(task.traps);
}

#define OTHER_TABLES 0x60000ull

/* With paging: the new task has its own tables, in which its code is not where the old one's was. */
static void changes_the_address_space(void **state)
{
	(void)state;
	start(TASK_JUMP);
	m.cpu.cr0 |= CR0_PG | CR0_WP;
	model_map_range(&m, 0, 0, 0x10000, MODEL_RWU);
	memcpy(m.ram + OTHER_TABLES, m.ram + MODEL_TABLES, PAGE_BYTES);
	put_u32(NEW + CR3, OTHER_TABLES);
	assert_int_equal(run(), EMUL_JUMPED);
	assert_int_equal(m.cpu.cr3, OTHER_TABLES);

	/* Page faults of either TSS come before anything changes. */
	start(TASK_CALL);
	m.cpu.cr0 |= CR0_PG | CR0_WP;
	model_map_range(&m, 0, 0, 0x10000, MODEL_RWU | MODEL_A | MODEL_D);
	model_map(&m, 0x3000, 0x3000, MODEL_P);
	put_u32(NEW + CR3, MODEL_TABLES);
	expect_refusal(VECTOR_PF, PF_PRESENT | PF_WRITE);
	assert_int_equal(m.result.cr2, 0x3000);
	model_map(&m, 0x3000, 0x3000, MODEL_RWU);
	model_map(&m, NEW, 0, 0);
	expect_refusal(VECTOR_PF, 0);
	assert_int_equal(m.result.cr2, NEW);
	model_map(&m, NEW, NEW, MODEL_P); /* read-only: the link cannot be written */
	expect_refusal(VECTOR_PF, PF_PRESENT | PF_WRITE);

	/* In the new address space nothing is mapped: the descriptors cannot be read. */
	model_map(&m, NEW, NEW, MODEL_RWU);
	put_u32(NEW + CR3, OTHER_TABLES);
	expect_fault(VECTOR_PF, 0, true);
	assert_int_equal(m.result.cr2, GDT + CODE);
}

static void starts_over_when_another_cpu_interferes(void **state)
{
	(void)state;
	start(TASK_JUMP);
	m.steal_count = 1;
	assert_int_equal(run(), EMUL_AGAIN);
	assert_false(task.is_committed);
	assert_int_equal(m.cpu.rip, 0x5000);
	assert_int_equal(gdt_type(OLD_TSS), 11);
	assert_int_equal(run(), EMUL_JUMPED);
}

static void hands_failures_on(void **state)
{
	(void)state;
	start(TASK_JUMP);
	m.fail = ERR_HARDWARE;
	assert_int_equal(run(), EMUL_FAILED);
	assert_int_equal(m.result.err, ERR_HARDWARE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saves_and_loads_registers),
		cmocka_unit_test(keeps_busy_bits_links_and_nt),
		cmocka_unit_test(loads_reserved_flags_as_they_are_fixed),
		cmocka_unit_test(switches_between_16_and_32_bits),
		cmocka_unit_test(checks_the_new_tss),
		cmocka_unit_test(tells_external_events),
		cmocka_unit_test(checks_the_new_segments),
		cmocka_unit_test(accepts_what_is_allowed),
		cmocka_unit_test(enters_virtual_8086_mode),
		cmocka_unit_test(checks_the_instruction_pointer),
		cmocka_unit_test(pushes_the_error_code),
		cmocka_unit_test(traps_when_asked),
		cmocka_unit_test(changes_the_address_space),
		cmocka_unit_test(starts_over_when_another_cpu_interferes),
		cmocka_unit_test(hands_failures_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
