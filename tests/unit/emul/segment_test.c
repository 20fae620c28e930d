// SPDX-License-Identifier: Apache-2.0
// Segment registers, far transfers and system registers, by the rules of SDM 3A on privilege.
#include "emul/emul.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/emul/model.h"

#define GDT 0x1000
#define LDT 0x1800
#define CODE 0x2000

static struct model m;

static void expect_fault(enum emul_status status, enum vector vector, u32 code)
{
	assert_int_equal(status, EMUL_FAULT);
	assert_int_equal(m.result.vector, vector);
	assert_int_equal(m.result.error_code, code);
}

/* A descriptor in the SDM's layout. */
static u64 descriptor(u32 base, u32 limit, u32 access)
{
	u64 rights = (access & 0xff) | (access & 0xf000) >> 12 << 12;

	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (rights & 0xff) << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (rights >> 12) << 52 | (u64)(base >> 24) << 56;
}

static void descriptor_put(u32 table, unsigned selector, u64 value)
{
	memcpy(m.ram + table + (selector & 0xfff8), &value, 8);
}

static u64 descriptor_get(u32 table, unsigned selector)
{
	u64 value;

	memcpy(&value, m.ram + table + (selector & 0xfff8), 8);
	return value;
}

#define DATA_RW (SEG_P | SEG_S | 2)
#define CODE_RX (SEG_P | SEG_S | 10)
#define DPL3 0x60u

static void tables_fill(void)
{
	m.cpu.gdtr_base = GDT;
	m.cpu.gdtr_limit = 0x7f;
	m.cpu.rip = CODE;
	m.cpu.gpr[GPR_RSP] = 0x8000;
	descriptor_put(GDT, 0x08, descriptor(0, 0xfffff, CODE_RX | SEG_DB | SEG_G));
	descriptor_put(GDT, 0x10, descriptor(0x12345678, 0xabcde, DATA_RW | SEG_DB | SEG_G | SEG_AVL));
	descriptor_put(GDT, 0x18, descriptor(0x3000, 0xfff, DATA_RW | DPL3));
	descriptor_put(GDT, 0x20, descriptor(0, 0xfffff, CODE_RX | SEG_L | SEG_G));
	descriptor_put(GDT, 0x28, descriptor(0, 0xfffff, DATA_RW & ~SEG_P));
	descriptor_put(GDT, 0x30, descriptor(0x5000, 0x67, SEG_P | 9));
	descriptor_put(GDT, 0x38, 0x00000000ffff8000);
	descriptor_put(GDT, 0x40, descriptor(LDT, 0x17, SEG_P | 2));
	descriptor_put(GDT, 0x48, 0x0000000000000000);
	descriptor_put(GDT, 0x50, descriptor(0, 0xfffff, CODE_RX | 4 | DPL3)); /* conforming */
	descriptor_put(GDT, 0x58, descriptor(0, 0xfffff, SEG_P | SEG_S | 8));  /* execute-only */
	descriptor_put(GDT, 0x60, descriptor(0, 0xfff, CODE_RX | SEG_DB));
	descriptor_put(GDT, 0x68, descriptor(0, 0xfffff, CODE_RX | DPL3 | SEG_G));
	descriptor_put(LDT, 0x08, descriptor(0x7000, 0x10, DATA_RW));
}

static void start_32(void)
{
	model_init_32(&m);
	tables_fill();
}

static void start_64(void)
{
	model_init_64(&m);
	tables_fill();
}

static void loads_bases_in_real_mode(void **state)
{
	(void)state;
	model_init(&m);
	m.cpu.gpr[GPR_RAX] = 0x1234;
	m.cpu.seg[SEG_DS].limit = 0xfffff;                 /* stays: "unreal mode" */
	assert_int_equal(STEP(&m, 0x8e, 0xd8), EMUL_DONE); /* mov ds, ax */
	assert_int_equal(m.cpu.seg[SEG_DS].base, 0x12340);
	assert_int_equal(m.cpu.seg[SEG_DS].limit, 0xfffff);
	assert_int_equal(m.result.changed, EMUL_CHANGED_SEGMENTS);
	assert_int_equal(STEP(&m, 0x8e, 0xd0), EMUL_DONE); /* mov ss, ax */
	assert_int_equal(m.result.blocking, BLOCKING_MOV_SS);
	assert_int_equal(STEP(&m, 0xea, 0x34, 0x02, 0x00, 0x10), EMUL_JUMPED); /* jmp 1000:0234 */
	assert_int_equal(m.cpu.seg[SEG_CS].base, 0x10000);
	assert_int_equal(m.cpu.rip, 0x234);
	expect_fault(STEP(&m, 0x66, 0xea, 0, 0, 1, 0, 0, 0x10), VECTOR_GP, 0); /* beyond 64 KiB */
}

static void loads_descriptors(void **state)
{
	(void)state;
	start_32();
	m.cpu.gpr[GPR_RAX] = 0x10;
	assert_int_equal(STEP(&m, 0x8e, 0xc0), EMUL_DONE); /* mov es, ax */
	assert_int_equal(m.cpu.seg[SEG_ES].selector, 0x10);
	assert_int_equal(m.cpu.seg[SEG_ES].base, 0x12345678);
	assert_int_equal(m.cpu.seg[SEG_ES].limit, 0xabcdefff);
	assert_int_equal(m.cpu.seg[SEG_ES].access, DATA_RW | 1 | SEG_DB | SEG_G | SEG_AVL);
	assert_true(descriptor_get(GDT, 0x10) & BIT(40)); /* accessed */
	m.cpu.gpr[GPR_RAX] = 0x1b;
	assert_int_equal(STEP(&m, 0x8e, 0xc0), EMUL_DONE);
	assert_int_equal(m.cpu.seg[SEG_ES].limit, 0xfff);
	m.cpu.gpr[GPR_RAX] = 3; /* null */
	assert_int_equal(STEP(&m, 0x8e, 0xc0), EMUL_DONE);
	assert_true(m.cpu.seg[SEG_ES].access & SEG_UNUSABLE);
	assert_int_equal(m.result.blocking, 0);
}

static void checks_data_segments(void **state)
{
	static const struct {
		u16 selector;
		unsigned cpl;
		u8 vector; /* 0: fine */
	} cases[] = {
		{0x10, 0, 0},         {0x13, 0, VECTOR_GP}, {0x10, 3, VECTOR_GP}, {0x1b, 3, 0},
		{0x28, 0, VECTOR_NP}, {0x30, 0, VECTOR_GP}, {0x58, 0, VECTOR_GP}, {0x50, 3, 0},
		{0x53, 0, 0},         {0x80, 0, VECTOR_GP}, {0x7c, 0, VECTOR_GP}, {0x08, 0, 0},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		start_32();
		m.cpu.seg[SEG_LDTR].access = (u32)SEG_UNUSABLE;
		model_set_cpl(&m, cases[i].cpl);
		m.cpu.gpr[GPR_RAX] = cases[i].selector;
		if (cases[i].vector)
			expect_fault(STEP(&m, 0x8e, 0xd8), cases[i].vector, cases[i].selector & ~3u);
		else
			assert_int_equal(STEP(&m, 0x8e, 0xd8), EMUL_DONE);
	}
}

static void checks_stack_segments(void **state)
{
	static const struct {
		u16 selector;
		unsigned cpl;
		u8 vector;
	} cases[] = {
		{0x10, 0, 0},      {0x11, 0, VECTOR_GP}, {0x18, 0, VECTOR_GP}, {0x1b, 3, 0},
		{0, 0, VECTOR_GP}, {0x08, 0, VECTOR_GP}, {0x28, 0, VECTOR_SS},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		start_32();
		model_set_cpl(&m, cases[i].cpl);
		m.cpu.gpr[GPR_RAX] = cases[i].selector;
		if (cases[i].vector)
			expect_fault(STEP(&m, 0x8e, 0xd0), cases[i].vector, cases[i].selector & ~3u);
		else
			assert_int_equal(STEP(&m, 0x8e, 0xd0), EMUL_DONE);
	}
	/* A null SS is fine in 64-bit mode below CPL 3; its DPL is the CPL. */
	start_64();
	m.cpu.gpr[GPR_RAX] = 0;
	assert_int_equal(STEP(&m, 0x8e, 0xd0), EMUL_DONE);
	assert_int_equal(m.cpu.seg[SEG_SS].access, SEG_UNUSABLE);
	model_set_cpl(&m, 3);
	m.cpu.gpr[GPR_RAX] = 3;
	expect_fault(STEP(&m, 0x8e, 0xd0), VECTOR_GP, 0);
}

static void uses_the_local_table(void **state)
{
	(void)state;
	start_32();
	m.cpu.gpr[GPR_RAX] = 0x40;
	assert_int_equal(STEP(&m, 0x0f, 0x00, 0xd0), EMUL_DONE); /* lldt ax */
	assert_int_equal(m.cpu.seg[SEG_LDTR].base, LDT);
	m.cpu.gpr[GPR_RAX] = 0x0c;
	assert_int_equal(STEP(&m, 0x8e, 0xd8), EMUL_DONE);
	assert_int_equal(m.cpu.seg[SEG_DS].base, 0x7000);
	m.cpu.gpr[GPR_RAX] = 0x1c; /* beyond the LDT's limit */
	expect_fault(STEP(&m, 0x8e, 0xd8), VECTOR_GP, 0x1c);
	m.cpu.gpr[GPR_RAX] = 0;
	assert_int_equal(STEP(&m, 0x0f, 0x00, 0xd0), EMUL_DONE);
	assert_true(m.cpu.seg[SEG_LDTR].access & SEG_UNUSABLE);
}

static void pops_segments(void **state)
{
	(void)state;
	start_32();
	m.ram[0x8000] = 0x10;
	assert_int_equal(STEP(&m, 0x07), EMUL_DONE); /* pop es */
	assert_int_equal(m.cpu.seg[SEG_ES].base, 0x12345678);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8004);
	m.ram[0x8004] = 0x30;
	expect_fault(STEP(&m, 0x07), VECTOR_GP, 0x30);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8004);
}

static void loads_far_pointers(void **state)
{
	(void)state;
	start_32();
	memcpy(m.ram + 0x3000, "\x11\x22\x33\x44\x18\x00", 6);
	m.cpu.gpr[GPR_RBX] = 0x3000;
	assert_int_equal(STEP(&m, 0x0f, 0xb4, 0x03), EMUL_DONE); /* lfs eax, [ebx] */
	assert_int_equal(m.cpu.gpr[GPR_RAX], 0x44332211);
	assert_int_equal(m.cpu.seg[SEG_FS].base, 0x3000);
	memcpy(m.ram + 0x3000, "\x11\x22\x10\x00", 4);
	assert_int_equal(STEP(&m, 0x66, 0xc5, 0x0b), EMUL_DONE); /* lds cx, [ebx] */
	assert_int_equal(m.cpu.gpr[GPR_RCX], 0x2211);
	assert_int_equal(m.cpu.seg[SEG_DS].base, 0x12345678);
	m.cpu.seg[SEG_DS].base = 0;
	assert_int_equal(STEP(&m, 0x66, 0x0f, 0xb2, 0x0b), EMUL_DONE); /* lss */
	assert_int_equal(m.result.blocking, 0);
}

static void jumps_far_between_modes(void **state)
{
	(void)state;
	start_64();
	memcpy(m.ram + 0x3000, "\x00\x50\x00\x00\x00\x80\xff\xff\x20\x00", 10);
	m.cpu.gpr[GPR_RBX] = 0x3000;
	assert_int_equal(STEP(&m, 0x48, 0xff, 0x2b), EMUL_JUMPED); /* jmp far [rbx], 64-bit offset */
	assert_int_equal(m.cpu.rip, 0xffff800000005000);
	assert_int_equal(m.cpu.seg[SEG_CS].selector, 0x20);
	assert_true(m.cpu.seg[SEG_CS].access & SEG_L);
	m.cpu.rip = CODE;
	memcpy(m.ram + 0x3000, "\x00\x21\x00\x00\x08\x00", 6);
	assert_int_equal(STEP(&m, 0xff, 0x2b), EMUL_JUMPED); /* to compatibility mode */
	assert_int_equal(m.cpu.rip, 0x2100);
	assert_true(m.cpu.seg[SEG_CS].access & SEG_DB);
	assert_int_equal(STEP(&m, 0xea, 0x00, 0x22, 0, 0, 0x20, 0), EMUL_JUMPED); /* and back */
	assert_int_equal(m.cpu.rip, 0x2200);
	memcpy(m.ram + 0x3000, "\x00\x50\x00\x00\x00\x80\x00\x00\x20\x00", 10);
	expect_fault(STEP(&m, 0x48, 0xff, 0x2b), VECTOR_GP, 0); /* not canonical */
	assert_int_equal(m.cpu.rip, 0x2200);
}

static void checks_code_segments(void **state)
{
	static const struct {
		u16 selector;
		unsigned cpl;
		u8 vector;
		u32 code;
	} cases[] = {
		{0x08, 0, 0, 0},
		{0, 0, VECTOR_GP, 0},
		{0x10, 0, VECTOR_GP, 0x10},
		{0x0b, 0, VECTOR_GP, 0x08},
		{0x08, 3, VECTOR_GP, 0x08},
		{0x68, 0, VECTOR_GP, 0x68},
		{0x50, 0, VECTOR_GP, 0x50},
		{0x50, 3, 0, 0},
		{0x6b, 3, 0, 0},
		{0x60, 0, VECTOR_GP, 0},
		{0x58, 0, 0, 0},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		start_32();
		model_set_cpl(&m, cases[i].cpl);
		const u8 code[] = {0xea, 0, 0x20, 0, 0, (u8)cases[i].selector, 0};
		enum emul_status status = model_step(&m, code, sizeof(code));

		if (cases[i].vector) {
			expect_fault(status, cases[i].vector, cases[i].code);
		} else {
			assert_int_equal(status, EMUL_JUMPED);
			assert_int_equal(m.cpu.seg[SEG_CS].selector, (cases[i].selector & ~3u) | cases[i].cpl);
		}
	}
	start_32();
	assert_int_equal(STEP(&m, 0xea, 0, 0, 0, 0, 0x30, 0), EMUL_UNSUPPORTED); /* a task */
}

static void calls_far_and_returns(void **state)
{
	(void)state;
	start_32();
	assert_int_equal(STEP(&m, 0x9a, 0x00, 0x23, 0, 0, 0x08, 0), EMUL_JUMPED);
	assert_int_equal(m.cpu.rip, 0x2300);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x7ff8);
	assert_memory_equal(m.ram + 0x7ff8, "\x07\x20\0\0\x08\0\0\0", 8);
	assert_int_equal(STEP(&m, 0xca, 0x10, 0x00), EMUL_JUMPED); /* retf 16 */
	assert_int_equal(m.cpu.rip, 0x2007);
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8010);
	memcpy(m.ram + 0x8010, "\x00\x21\0\0\x6b\0\0\0", 8);
	assert_int_equal(STEP(&m, 0xcb), EMUL_UNSUPPORTED); /* to user code */
	assert_int_equal(m.cpu.gpr[GPR_RSP], 0x8010);
	m.ram[0x8014] = 0x10;
	expect_fault(STEP(&m, 0xcb), VECTOR_GP, 0x10);
	m.cpu.seg[SEG_SS].limit = 0x100;
	expect_fault(STEP(&m, 0x9a, 0x00, 0x23, 0, 0, 0x08, 0), VECTOR_SS, 0);
	assert_int_equal(m.cpu.rip, 0x2007);
}

static void loads_the_task_register(void **state)
{
	(void)state;
	start_64();
	m.cpu.gpr[GPR_RAX] = 0x30;
	assert_int_equal(STEP(&m, 0x0f, 0x00, 0xd8), EMUL_DONE); /* ltr ax */
	assert_int_equal(m.cpu.seg[SEG_TR].base, 0xffff800000005000);
	assert_int_equal(m.cpu.seg[SEG_TR].limit, 0x67);
	assert_int_equal(m.cpu.seg[SEG_TR].access, SEG_P | 11);
	assert_int_equal(descriptor_get(GDT, 0x30) >> 40 & 0xf, 11);
	expect_fault(STEP(&m, 0x0f, 0x00, 0xd8), VECTOR_GP, 0x30); /* busy now */
	m.cpu.gpr[GPR_RAX] = 0;
	expect_fault(STEP(&m, 0x0f, 0x00, 0xd8), VECTOR_GP, 0);
	m.cpu.gpr[GPR_RAX] = 0x78; /* its upper half is beyond the limit */
	descriptor_put(GDT, 0x78, descriptor(0x5000, 0x67, SEG_P | 9));
	expect_fault(STEP(&m, 0x0f, 0x00, 0xd8), VECTOR_GP, 0x78);
	m.cpu.gpr[GPR_RAX] = 0x30;
	descriptor_put(GDT, 0x30, descriptor(0x5000, 0x67, 9));
	expect_fault(STEP(&m, 0x0f, 0x00, 0xd8), VECTOR_NP, 0x30);
	descriptor_put(GDT, 0x30, descriptor(0x5000, 0x67, SEG_P | 9));
	descriptor_put(GDT, 0x38, 0x0000000000008000); /* not a canonical base */
	expect_fault(STEP(&m, 0x0f, 0x00, 0xd8), VECTOR_GP, 0x30);
	model_set_cpl(&m, 3);
	expect_fault(STEP(&m, 0x0f, 0x00, 0xd8), VECTOR_GP, 0);
	model_init(&m);
	expect_fault(STEP(&m, 0x0f, 0x00, 0xd8), VECTOR_UD, 0);
}

/* Tables are the supervisor's, whoever loads the segment. */
static void reads_tables_as_the_supervisor(void **state)
{
	(void)state;
	start_64();
	model_set_cpl(&m, 3);
	model_map(&m, GDT, GDT, MODEL_P | MODEL_W);
	m.cpu.gpr[GPR_RAX] = 0x1b;
	assert_int_equal(STEP(&m, 0x8e, 0xd8), EMUL_DONE);
	model_map(&m, GDT, GDT, 0);
	expect_fault(STEP(&m, 0x8e, 0xd8), VECTOR_PF, 0);
	assert_int_equal(m.result.cr2, GDT + 0x18);
	model_map(&m, GDT, GDT, MODEL_P);
	descriptor_put(GDT, 0x18, descriptor(0x3000, 0xfff, DATA_RW | DPL3));
	expect_fault(STEP(&m, 0x8e, 0xd8), VECTOR_PF, PF_PRESENT | PF_WRITE); /* the accessed bit */
}

static void stores_system_registers(void **state)
{
	(void)state;
	start_64();
	m.cpu.gpr[GPR_RBX] = MODEL_DEVICE;
	assert_int_equal(STEP(&m, 0x0f, 0x01, 0x23), EMUL_DONE); /* smsw [rbx] */
	assert_int_equal(m.log[0].bytes, 2);
	assert_int_equal(m.log[0].value, (u16)m.cpu.cr0);
	assert_int_equal(STEP(&m, 0x48, 0x0f, 0x01, 0xe0), EMUL_DONE); /* smsw rax */
	assert_int_equal(m.cpu.gpr[GPR_RAX], m.cpu.cr0);
	m.cpu.seg[SEG_TR].selector = 0x30;
	assert_int_equal(STEP(&m, 0x0f, 0x00, 0xc8), EMUL_DONE); /* str eax */
	assert_int_equal(m.cpu.gpr[GPR_RAX], 0x30);
	model_set_cpl(&m, 3);
	assert_int_equal(STEP(&m, 0x0f, 0x00, 0xc0), EMUL_DONE); /* sldt eax */
	m.cpu.cr4 |= CR4_UMIP;
	expect_fault(STEP(&m, 0x0f, 0x00, 0xc0), VECTOR_GP, 0);
	expect_fault(STEP(&m, 0x0f, 0x01, 0xe0), VECTOR_GP, 0);
	expect_fault(STEP(&m, 0x0f, 0x01, 0xf0), VECTOR_GP, 0); /* lmsw */
	model_init(&m);
	expect_fault(STEP(&m, 0x0f, 0x00, 0xc0), VECTOR_UD, 0);
}

static void loads_the_machine_status_word(void **state)
{
	(void)state;
	start_64();
	m.cpu.gpr[GPR_RAX] = 0xfffe;
	assert_int_equal(STEP(&m, 0x0f, 0x01, 0xf0), EMUL_DONE);
	assert_int_equal(m.cpu.cr0 & 0xf, CR0_PE | CR0_MP | CR0_EM | CR0_TS);
	assert_int_equal(m.result.changed, EMUL_CHANGED_CONTROL);
	m.cpu.gpr[GPR_RAX] = 0;
	assert_int_equal(STEP(&m, 0x0f, 0x01, 0xf0), EMUL_DONE);
	assert_int_equal(m.cpu.cr0 & 0xf, CR0_PE);
	model_init(&m);
	m.cpu.gpr[GPR_RAX] = 1;
	assert_int_equal(STEP(&m, 0x0f, 0x01, 0xf0), EMUL_UNSUPPORTED); /* into protected mode */
}

static void moves_debug_registers(void **state)
{
	(void)state;
	start_64();
	m.cpu.gpr[GPR_RAX] = 0xffffffff;
	assert_int_equal(STEP(&m, 0x0f, 0x23, 0xf0), EMUL_DONE); /* mov dr6, rax */
	assert_int_equal(m.cpu.dr6, 0xffffefff);
	assert_int_equal(m.result.changed, EMUL_CHANGED_DEBUG);
	m.cpu.gpr[GPR_RAX] = 0;
	assert_int_equal(STEP(&m, 0x0f, 0x23, 0xe0), EMUL_DONE); /* mov dr4, rax: another name of DR6 */
	assert_int_equal(m.cpu.dr6, 0xffff0ff0);
	m.cpu.gpr[GPR_R9] = 0x123456789abcd;
	assert_int_equal(STEP(&m, 0x41, 0x0f, 0x23, 0xd9), EMUL_DONE); /* mov dr3, r9 */
	assert_int_equal(STEP(&m, 0x0f, 0x21, 0xd9), EMUL_DONE);       /* mov rcx, dr3 */
	assert_int_equal(m.cpu.gpr[GPR_RCX], 0x123456789abcd);
	expect_fault(STEP(&m, 0x41, 0x0f, 0x23, 0xf9), VECTOR_GP, 0); /* mov dr7, r9: the upper half */
	m.cpu.cr4 |= CR4_DE;
	expect_fault(STEP(&m, 0x0f, 0x21, 0xe0), VECTOR_UD, 0);
	m.cpu.gpr[GPR_RAX] = 0x2000;
	assert_int_equal(STEP(&m, 0x0f, 0x23, 0xf8), EMUL_DONE); /* mov dr7, rax */
	assert_int_equal(m.cpu.dr7, 0x2400);
	assert_int_equal(STEP(&m, 0x0f, 0x21, 0xf8), EMUL_UNSUPPORTED); /* GD traps */
	model_set_cpl(&m, 3);
	expect_fault(STEP(&m, 0x0f, 0x21, 0xf8), VECTOR_GP, 0);
}

static void reads_control_registers(void **state)
{
	(void)state;
	start_64();
	m.cpu.cr2 = 0x1122334455667788;
	m.cpu.cr8 = 9;
	assert_int_equal(STEP(&m, 0x0f, 0x20, 0xd3), EMUL_DONE); /* mov rbx, cr2 */
	assert_int_equal(m.cpu.gpr[GPR_RBX], m.cpu.cr2);
	assert_int_equal(STEP(&m, 0x44, 0x0f, 0x20, 0xc3), EMUL_DONE); /* mov rbx, cr8 */
	assert_int_equal(m.cpu.gpr[GPR_RBX], 9);
	assert_int_equal(STEP(&m, 0x0f, 0x20, 0xc0), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RAX], m.cpu.cr0);
	assert_int_equal(STEP(&m, 0x0f, 0x20, 0xd8), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RAX], m.cpu.cr3);
	assert_int_equal(STEP(&m, 0x0f, 0x20, 0xe0), EMUL_DONE);
	assert_int_equal(m.cpu.gpr[GPR_RAX], m.cpu.cr4);
	assert_int_equal(STEP(&m, 0x0f, 0x22, 0xe0), EMUL_UNSUPPORTED); /* writes are the VM's business */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_bases_in_real_mode), cmocka_unit_test(loads_descriptors),
		cmocka_unit_test(checks_data_segments),     cmocka_unit_test(checks_stack_segments),
		cmocka_unit_test(uses_the_local_table),     cmocka_unit_test(pops_segments),
		cmocka_unit_test(loads_far_pointers),       cmocka_unit_test(jumps_far_between_modes),
		cmocka_unit_test(checks_code_segments),     cmocka_unit_test(calls_far_and_returns),
		cmocka_unit_test(loads_the_task_register),  cmocka_unit_test(reads_tables_as_the_supervisor),
		cmocka_unit_test(stores_system_registers),  cmocka_unit_test(loads_the_machine_status_word),
		cmocka_unit_test(moves_debug_registers),    cmocka_unit_test(reads_control_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
