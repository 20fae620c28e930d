// SPDX-License-Identifier: Apache-2.0
// The instruction emulator on random instructions in random modes and states.
// fuzz: -max_len=96
#include "emul/emul.h"

#define MODEL_RAM_BYTES (96 * KIB)
#define MODEL_TABLES 0x10000ull
#include "../tests/unit/emul/model.h"

#define REPEAT_MAX 16
#define STEPS 4
/* A step reads or writes at most this often; a walk starting over is the worst of it. */
#define ACCESSES_MAX (REPEAT_MAX * 64 + 1000)

static struct model m;
static struct model before;
static struct emul_cache cache;

/* The input, a byte at a time; zeros after its end. */
struct input {
	const u8 *at;
	size_t left;
};

static u8 take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static u64 take_u64(struct input *in)
{
	u64 value = 0;

	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | take(in);
	return value;
}

/* A register: mostly an address that leads somewhere. */
static u64 take_register(struct input *in)
{
	static const u64 near[] = {0,     0x4000,        0x5ff8, 0xfff8, MODEL_DEVICE, MODEL_DEVICE + 0xffc,
				   ~0ull, 0x7ffffffffff8};
	u8 choice = take(in);

	if (choice == 0xff)
		return take_u64(in);
	return near[choice >> 5] + (choice & 31);
}

static void mode_set(u8 mode)
{
	switch (mode % 4) {
	case 0:
		model_init_64(&m);
		break;
	case 1:
		model_init_32(&m);
		break;
	case 2:
		model_init(&m);
		break;
	default: /* compatibility mode, and virtual-8086 with bit 2 */
		model_init_64(&m);
		m.cpu.seg[SEG_CS].access = MODEL_CODE32;
		break;
	}
	if (mode % 4 != 2 && mode & 0x08)
		model_set_cpl(&m, 3);
	if (mode % 4 == 1 && mode & 0x04)
		m.cpu.rflags |= RFLAGS_VM;
	if (mode & 0x10)
		m.cpu.seg[SEG_CS].access &= ~(u32)SEG_DB;
	if (mode & 0x20)
		m.cpu.seg[SEG_SS].access &= ~(u32)SEG_DB;
	if (mode & 0x40)
		m.cpu.cr4 |= CR4_SMAP | CR4_SMEP | CR4_OSXSAVE;
	if (mode & 0x80)
		m.cpu.cr0 |= CR0_AM;
}

/* A table with a descriptor of each kind: code, data, system, absent; selectors are any in 0..0xff. */
#define GDT 0x3000
static void table_set(void)
{
	for (u32 i = 1; i < 32; i++) {
		u64 rights = 0x80 | (i & 0x1f) | (i & 8 ? 0x60 : 0);
		u64 value = 0xffff | (rights ^ (i == 31 ? 0x80 : 0)) << 40 | 0xcfull << 48 | (u64)(i & 4) << 51;

		memcpy(m.ram + GDT + 8 * i, &value, 8);
	}
	m.cpu.gdtr_base = GDT;
	m.cpu.gdtr_limit = 0xff;
	m.cpu.seg[SEG_LDTR] = (struct segment){.access = SEG_P | 2, .limit = 0x3f, .base = GDT + 0x40};
	m.cpu.seg[SEG_TR] = (struct segment){.access = SEG_P | 11, .limit = 0x80, .base = GDT + 0x200};
}

static void state_set(struct input *in)
{
	u8 flags;

	mode_set(take(in));
	model_map(&m, 0x6000, 0x6000, MODEL_P | MODEL_U);
	model_map(&m, 0xa000, 0, 0);
	table_set();
	flags = take(in);
	m.cpu.rflags |= flags & (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF);
	if (flags & 2)
		m.cpu.rflags |= RFLAGS_DF | RFLAGS_AC;
	if (flags & 8)
		m.cpu.seg[SEG_DS].limit = 0x4fff;
	if (flags & 0x20)
		m.emul.cache = &cache;
	m.cpu.xcr0 = 7;
	m.cpu.rip = flags & 0x80 ? 0x5ffa : 0x2000;
	m.emul.repeat_max = REPEAT_MAX;
	for (unsigned i = 0; i < GPR_COUNT; i++)
		m.cpu.gpr[i] = take_register(in);
}

static bool has_repeat_prefix(const struct emul_result *r)
{
	return memchr(r->insn, 0xf2, sizeof(r->insn)) || memchr(r->insn, 0xf3, sizeof(r->insn));
}

/* RAM is as before, but accessed and busy bits of descriptors; A/D bits of the page tables above may be set as well. */
static void ram_check(void)
{
	for (u32 i = 0; i < 0x100; i++)
		if (i % 8 == 5)
			before.ram[GDT + i] |= m.ram[GDT + i] & 3;
	assert(!memcmp(m.ram, before.ram, MODEL_TABLES));
}

/* What holds for every step, whatever the guest does. */
static void step_check(enum emul_status status)
{
	char text[80];

	assert(m.log_count <= ACCESSES_MAX);
	assert(m.result.insn_bytes <= INSN_BYTES_MAX);
	assert(status == EMUL_JUMPED || m.cpu.rip == before.cpu.rip);
	assert(status != EMUL_FAILED);
	if (status == EMUL_DONE || status == EMUL_JUMPED || status == EMUL_AGAIN)
		assert(m.result.insn_bytes > 0);
	if (status == EMUL_FAULT) {
		assert(m.result.vector < 32);
		assert(m.result.has_error_code || !m.result.error_code);
	}
	/* A fault undoes everything, but the iterations done by a repeat prefix. */
	if ((status == EMUL_FAULT || status == EMUL_UNSUPPORTED) && !has_repeat_prefix(&m.result)) {
		assert(!memcmp(&m.cpu, &before.cpu, sizeof(m.cpu)));
		assert(!memcmp(m.vector, before.vector, sizeof(m.vector)));
		ram_check();
		assert(!memcmp(m.device, before.device, sizeof(m.device)));
	}
	emul_text(&m.result, m.cpu.rip, text, sizeof(text));
	assert(memchr(text, 0, sizeof(text)));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct input in = {data, bytes};

	state_set(&in);
	memcpy(m.ram + (u32)(m.cpu.seg[SEG_CS].base + m.cpu.rip), in.at, in.left);
	for (unsigned i = 0; i < STEPS; i++) {
		enum emul_status status;

		before = m;
		m.log_count = 0;
		status = emul_step(&m.emul, &m.result);
		step_check(status);
		if (status == EMUL_DONE)
			m.cpu.rip += m.result.insn_bytes;
		else if (status != EMUL_JUMPED && status != EMUL_AGAIN)
			break;
	}
	return 0;
}
