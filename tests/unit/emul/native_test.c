// SPDX-License-Identifier: Apache-2.0
// Each instruction on random operands, in the emulator and on this machine's processor: all that it changes must agree.
#include "emul/emul.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "unit/emul/model.h"
#include "unit/emul/native.h"
#include "unit/emul/native_rows.h"

#define ROUNDS 400 /* of random operands for each row */

static struct model m;
static struct emul_cache cache;
static bool is_32bit; /* the code under test runs in compatibility mode */

/* --- random operands --------------------------------------------------------------------------------------------- */
static u64 seed = 1;

static u64 random_u64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static u32 random_below(u32 n)
{
	return (u32)(random_u64() >> 16) % n;
}

static u64 random_operand(void)
{
	static const u64 corners[] = {0,          1,          2,          0x7f,       0x80,
				      0xff,       0x7fff,     0x8000,     0xffff,     0x7fffffff,
				      1ull << 31, 0xffffffff, ~0ull >> 1, 1ull << 63, ~0ull};

	switch (random_below(4)) {
	case 0:
		return corners[random_below(ARRAY_COUNT(corners))];
	case 1:
		return random_below(70);
	case 2:
		return random_u64() >> random_below(64);
	default:
		return random_u64();
	}
}

/* --- making an instruction -----------------------------------------------------------------------------------------
 */
struct code {
	u8 bytes[32];
	u32 count;
	u32 operand_bytes; /* 2, 4 or 8 by prefixes */
	u8 *rex;           /* NULL when there is none */
	bool is_short;     /* 32-bit addresses */
	bool is_locked;
};

static void code_add(struct code *c, const void *bytes, u32 count)
{
	memcpy(c->bytes + c->count, bytes, count);
	c->count += count;
}

static void code_add_byte(struct code *c, unsigned byte)
{
	c->bytes[c->count++] = (u8)byte;
}

static unsigned rex_bit(const struct code *c, unsigned bit)
{
	return c->rex && (*c->rex & bit) ? 8 : 0;
}

static u32 imm_bytes(const struct code *c, enum imm imm)
{
	switch (imm) {
	case NO_IMM:
		return 0;
	case IMM8:
		return 1;
	case IMM_Z:
		return MIN(c->operand_bytes, 4u);
	default:
		return c->operand_bytes;
	}
}

static void address_register_set(struct code *c, unsigned reg, u64 value)
{
	native_state()->gpr[reg] = c->is_short ? random_u64() << 32 | (u32)value : value;
}

static void add_rip_relative(struct code *c, unsigned reg, u64 target, u32 bytes_after)
{
	u32 disp = (u32)(is_32bit ? target : target - (native_rip() + c->count + 5 + bytes_after));

	code_add_byte(c, reg << 3 | 5);
	code_add(c, &disp, 4);
}

static void add_base_disp8(struct code *c, unsigned reg, unsigned base, u64 target)
{
	u8 disp = (u8)random_u64();

	code_add(c, (u8[]){(u8)(0x40 | reg << 3 | (base & 7)), disp}, 2);
	address_register_set(c, base, target - (u64)(s64)(s8)disp);
}

static void add_index_disp32(struct code *c, unsigned reg, unsigned index, u64 target)
{
	u32 disp = (u32)random_u64() >> random_below(32);

	code_add(c, (u8[]){(u8)(reg << 3 | 4), (u8)((index & 7) << 3 | 5)}, 2);
	code_add(c, &disp, 4);
	address_register_set(c, index, target - (u64)(s64)(s32)disp);
}

static void add_base_index_disp32(struct code *c, unsigned reg, unsigned base, unsigned index, u64 target)
{
	u32 disp = (u32)random_u64() >> random_below(32);
	unsigned scale = random_below(4);

	code_add(c, (u8[]){(u8)(0x80 | reg << 3 | 4), (u8)(scale << 6 | (index & 7) << 3 | (base & 7))}, 2);
	code_add(c, &disp, 4);
	address_register_set(c, base, target - (native_state()->gpr[index] << scale) - (u64)(s64)(s32)disp);
}

/* ModRM, and SIB, for memory at `target`; sets the address registers, but never `kept`. `reg` is ModRM's field. */
static void add_memory(struct code *c, unsigned reg, u64 target, u32 bytes_after, unsigned kept)
{
	unsigned base = random_below(8) | rex_bit(c, 1);
	unsigned index = random_below(8) | rex_bit(c, 2);
	unsigned way = random_below(4);

	if (way == 1 && base != kept && (base & 7) != 4)
		add_base_disp8(c, reg, base, target);
	else if (way == 2 && index != kept && index != 4)
		add_index_disp32(c, reg, index, target);
	else if (way == 3 && base != kept && index != kept && index != 4 && index != base)
		add_base_index_disp32(c, reg, base, index, target);
	else
		add_rip_relative(c, reg, target, bytes_after);
}

static bool is_prefix(u8 byte)
{
	return byte == 0x66 || byte == 0xf2 || byte == 0xf3;
}

static void add_prefixes(struct code *c, const struct row *row)
{
	bool has_66 = !(row->options & (NO_66 | VEX)) && random_below(3) == 0;
	unsigned rex = 0x40 | random_below(16);

	c->operand_bytes = has_66 ? 2 : 4;
	if (row->options & VEX)
		return;
	if (has_66)
		code_add_byte(c, 0x66);
	if (!is_32bit && row->form != PLAIN && row->form != IN_OPCODE && row->form != STACK && random_below(6) == 0) {
		code_add_byte(c, 0x67);
		c->is_short = true;
	}
	if (row->form == STRING && random_below(3))
		code_add_byte(c, random_below(2) ? 0xf2 : 0xf3);
	if (is_prefix((u8)row->opcode[0]))
		code_add_byte(c, (u8)row->opcode[0]);
	if (row->options & NO_W)
		rex &= ~8u;
	if (row->form == STACK)
		rex = 0x48;
	if (!is_32bit && random_below(2)) {
		if (rex & 8)
			c->operand_bytes = 8;
		code_add_byte(c, rex);
		c->rex = &c->bytes[c->count - 1];
	}
}

/* Where in the data an access goes: at times over a page end, aligned where the instruction needs it. */
static u64 random_target(const struct code *c, const struct row *row)
{
	u64 target = NATIVE_DATA + PAGE_BYTES + random_below(2 * PAGE_BYTES - 64);

	if (random_below(8) == 0)
		target = NATIVE_DATA + 2 * PAGE_BYTES - random_below(8);
	if (row->form == VECTOR || (row->form == MODRM_MEM && row->options & NO_66))
		return ALIGN_DOWN(target, 32);
	/* A locked access over a cache line is a trap on some systems. */
	return c->is_locked ? ALIGN_DOWN(target, 8) : target;
}

static void add_modrm(struct code *c, const struct row *row, u32 bytes_after)
{
	unsigned reg = row->extension >= 0 ? (unsigned)row->extension : random_below(8);
	unsigned reg_number = reg | rex_bit(c, 4);
	bool is_memory = row->form == MODRM_MEM || (row->form != MODRM_REG && random_below(2));
	bool is_xchg = row->opcode_bytes == 1 && ((u8)row->opcode[0] & 0xfe) == 0x86;

	if (!is_memory) {
		code_add_byte(c, 0xc0 | reg << 3 | random_below(8));
		return;
	}
	if (row->form == BIT_OFFSET)
		native_state()->gpr[reg_number] = (u64)(s64)((s32)random_below(32000) - 16000);
	c->is_locked = is_xchg;
	if (row->options & LOCK && random_below(3) == 0) {
		/* LOCK goes first: shift what is there. */
		memmove(c->bytes + 1, c->bytes, c->count++);
		c->bytes[0] = 0xf0;
		c->rex = c->rex ? c->rex + 1 : NULL;
		c->is_locked = true;
	}
	add_memory(c, reg, random_target(c, row), bytes_after, row->form == BIT_OFFSET ? reg_number : 99);
}

static void set_implied_registers(const struct code *c, const struct row *row)
{
	u64 *gpr = native_state()->gpr;
	u64 high = c->is_short ? random_u64() << 32 : 0;

	if (row->form == STRING) {
		gpr[GPR_RSI] = high | (NATIVE_DATA + PAGE_BYTES + random_below(2 * PAGE_BYTES));
		gpr[GPR_RDI] = high | (NATIVE_DATA + PAGE_BYTES + random_below(2 * PAGE_BYTES));
		/* A count of 0 with 32-bit addresses clears RCX's upper half on some processors, on others not. */
		gpr[GPR_RCX] = high | (random_below(20) + c->is_short);
	}
	if (row->form == STACK) {
		gpr[GPR_RSP] = NATIVE_DATA + PAGE_BYTES + random_below(2 * PAGE_BYTES);
		gpr[GPR_RBP] = NATIVE_DATA + PAGE_BYTES + random_below(2 * PAGE_BYTES);
	}
}

static void code_make(struct code *c, const struct row *row)
{
	u32 at = is_prefix((u8)row->opcode[0]) ? 1 : 0;
	u64 imm = random_operand();

	memset(c, 0, sizeof(*c));
	add_prefixes(c, row);
	code_add(c, row->opcode + at, row->opcode_bytes - at);
	if (row->form == IN_OPCODE)
		c->bytes[c->count - 1] |= (u8)random_below(8);
	if (row->form >= MODRM && row->form <= MODRM_REG)
		add_modrm(c, row, imm_bytes(c, row->imm));
	if (row->form == BIT_OFFSET || row->form == VECTOR)
		add_modrm(c, row, imm_bytes(c, row->imm));
	code_add(c, &imm, imm_bytes(c, row->imm));
	if (row->form == MOFFS) {
		imm = random_target(c, row);
		code_add(c, &imm, is_32bit || c->is_short ? 4 : 8);
	}
	set_implied_registers(c, row);
}

/* --- what the manual leaves undefined --------------------------------------------------------------------------------
 */
static u32 shift_bits(const struct code *c, const struct row *row)
{
	return (row->options & SHIFT) && !(row->opcode[0] & 1) ? 8 : 8 * c->operand_bytes;
}

/* The count of a shift, by the registers as they are now. */
static u32 shift_count(const struct code *c, const struct row *row)
{
	u32 count = (u8)native_state()->gpr[GPR_RCX];

	if (row->imm == IMM8)
		count = c->bytes[c->count - 1];
	else if (((u8)row->opcode[0] & 0xfe) == 0xd0)
		count = 1;
	return count & (shift_bits(c, row) == 64 ? 63 : 31);
}

static u64 undefined_flags(const struct code *c, const struct row *row)
{
	u32 count = shift_count(c, row);
	u32 bits = shift_bits(c, row);

	if (!(row->options & (SHIFT | SHIFTD)))
		return row->undefined;
	if (!count)
		return 0;
	u64 undefined = row->undefined | (count > 1 ? OF : 0);

	if ((row->options & SHIFTD) && count > bits)
		return ALL_FLAGS;
	if ((row->options & SHIFT) && row->extension >= 4 && row->extension <= 6 && count >= bits)
		undefined |= CF;
	return undefined;
}

/* Is the result itself undefined: a double shift by more than the operand has bits. */
static bool is_undefined(const struct code *c, const struct row *row)
{
	return (row->options & SHIFTD) && shift_count(c, row) > shift_bits(c, row);
}

/* --- comparing -------------------------------------------------------------------------------------------------------
 */
#define DATA_GPA 0x10000ull

static void data_randomize(void)
{
	for (unsigned i = 0; i < NATIVE_DATA_BYTES; i += 8) {
		u64 value = random_below(4) ? random_u64() : random_operand();

		memcpy(native_data() + i, &value, 8);
	}
}

static void state_randomize(void)
{
	struct native_state *s = native_state();

	for (unsigned i = 0; i < 16; i++)
		s->gpr[i] = is_32bit ? (u32)random_operand() : random_operand();
	for (unsigned i = 0; i < sizeof(s->vector); i++)
		((u8 *)s->vector)[i] = (u8)random_u64();
	s->rflags = RFLAGS_IF | RFLAGS_FIXED | (random_u64() & (ALL_FLAGS | RFLAGS_DF));
}

static void model_take_state(void)
{
	const struct native_state *s = native_state();

	memcpy(m.cpu.gpr, s->gpr, sizeof(s->gpr));
	m.cpu.rflags = s->rflags;
	m.cpu.rip = native_rip();
	m.cpu.seg[SEG_CS].access = is_32bit ? MODEL_CODE32 : MODEL_CODE64;
	for (unsigned i = 0; i < 16 && is_32bit; i++)
		m.cpu.gpr[i] = (u32)m.cpu.gpr[i];
	memcpy(m.vector, s->vector, sizeof(m.vector));
	memcpy(m.ram + DATA_GPA, native_data(), NATIVE_DATA_BYTES);
}

static void code_show(const struct code *c)
{
	char text[96];

	emul_text(&m.result, native_rip(), text, sizeof(text));
	print_error("%s (", text);
	for (u32 i = 0; i < c->count; i++)
		print_error("%02x ", c->bytes[i]);
	print_error("): ");
}

static bool agrees(const struct code *c, u64 undefined)
{
	const struct native_state *s = native_state();
	u64 compared = (ALL_FLAGS | RFLAGS_DF) & ~undefined;
	u32 vector_bytes = native_has_avx ? 32 : 16;
	u64 register_mask = is_32bit ? 0xffffffff : ~0ull;

	for (unsigned i = 0; i < (is_32bit ? 8 : 16); i++) {
		if ((m.cpu.gpr[i] ^ s->gpr[i]) & register_mask) {
			code_show(c);
			print_error("register %u: %#lx, real %#lx\n", i, m.cpu.gpr[i], s->gpr[i]);
			return false;
		}
		if (memcmp(m.vector[i], s->vector[i], vector_bytes)) {
			code_show(c);
			print_error("vector register %u differs\n", i);
			return false;
		}
	}
	if ((m.cpu.rflags ^ s->rflags) & compared) {
		code_show(c);
		print_error("flags %#lx, real %#lx\n", m.cpu.rflags, s->rflags);
		return false;
	}
	if (!memcmp(m.ram + DATA_GPA, native_data(), NATIVE_DATA_BYTES))
		return true;
	for (u32 i = 0; i < NATIVE_DATA_BYTES; i++) {
		if (m.ram[DATA_GPA + i] != native_data()[i]) {
			code_show(c);
			print_error("memory %#llx: %#x, real %#x\n", NATIVE_DATA + i, m.ram[DATA_GPA + i],
				    native_data()[i]);
			break;
		}
	}
	return false;
}

static bool row_round(const struct row *row)
{
	enum emul_status status;
	struct code c;
	int raised;

	state_randomize();
	code_make(&c, row);
	bool is_skipped = is_undefined(&c, row);
	u64 undefined = undefined_flags(&c, row);

	model_take_state();
	raised = native_run(c.bytes, c.count, is_32bit);
	m.emul.hint.insn = c.bytes;
	m.emul.hint.insn_bytes = (u8)c.count;
	do
		status = emul_step(&m.emul, &m.result);
	while (status == EMUL_AGAIN);
	if (raised ? status != EMUL_FAULT || m.result.vector != VECTOR_DE : status != EMUL_DONE) {
		code_show(&c);
		print_error("status %u, vector %u, real signal %d\n", status, m.result.vector, raised);
		return false;
	}
	if (!raised && m.result.insn_bytes != c.count) {
		code_show(&c);
		print_error("length %u\n", m.result.insn_bytes);
		return false;
	}
	return is_skipped || agrees(&c, undefined);
}

static void row_check(const struct row *row)
{
	if (row->options & (is_32bit ? ONLY_64 : ONLY_32))
		return;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 32 == 0)
			data_randomize();
		assert_true(row_round(row));
	}
}

static int setup(void **state)
{
	(void)state;
	native_init();
	model_init_64(&m);
	model_map_range(&m, NATIVE_DATA, DATA_GPA, NATIVE_DATA_BYTES, MODEL_RWU);
	m.cpu.cr4 |= CR4_OSXSAVE;
	m.cpu.xcr0 = 7;
	m.emul.repeat_max = 7;
	m.emul.cache = &cache;
	return 0;
}

static int setup_32(void **state)
{
	(void)state;
	is_32bit = true;
	return 0;
}

static void agrees_with_the_processor(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		if (!(rows[i].options & VEX) || native_has_avx)
			row_check(&rows[i]);
}

/* The eight operations of opcodes 00 to 3f, and their forms with constants. */
static void agrees_on_arithmetic(void **state)
{
	(void)state;
	for (unsigned op = 0; op < 8; op++) {
		u64 undefined = op == 1 || op == 4 || op == 6 ? AF : 0;
		unsigned lock = op == 7 ? 0 : LOCK;

		for (unsigned form = 0; form < 6; form++) {
			char opcode[] = {(char)(op << 3 | form)};
			enum imm imm = form == 4 ? IMM8 : form == 5 ? IMM_Z : NO_IMM;
			struct row row = {opcode, 1, form < 4 ? MODRM : PLAIN, -1, imm, undefined, form < 2 ? lock : 0};

			row_check(&row);
		}
		row_check(&(struct row){OP("\x80"), MODRM, (int)op, IMM8, undefined, lock});
		row_check(&(struct row){OP("\x81"), MODRM, (int)op, IMM_Z, undefined, lock});
		row_check(&(struct row){OP("\x83"), MODRM, (int)op, IMM8, undefined, lock});
	}
}

static void agrees_on_shifts(void **state)
{
	static const char opcodes[] = "\xc0\xc1\xd0\xd1\xd2\xd3";

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		for (int op = 0; op < 8; op++) {
			u64 undefined = op >= 4 ? AF : 0;
			struct row row = {&opcodes[i], 1, MODRM, op, i < 2 ? IMM8 : NO_IMM, undefined, SHIFT};

			row_check(&row);
		}
}

static void agrees_on_conditions(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 16; code++) {
		char set[] = {0x0f, (char)(0x90 | code)};
		char move[] = {0x0f, (char)(0x40 | code)};

		row_check(&(struct row){set, 2, MODRM, -1, NO_IMM, 0, 0});
		row_check(&(struct row){move, 2, MODRM, -1, NO_IMM, 0, 0});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_processor),
		cmocka_unit_test(agrees_on_arithmetic),
		cmocka_unit_test(agrees_on_shifts),
		cmocka_unit_test(agrees_on_conditions),
	};

	int failed_64 = cmocka_run_group_tests_name("64-bit mode", tests, setup, NULL);
	int failed_32 = cmocka_run_group_tests_name("compatibility mode", tests, setup_32, NULL);

	return failed_64 + failed_32;
}
