/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the emulator: one instruction under way, its operands, and the accesses that it makes. */
#ifndef ETERNA_EMUL_EXEC_H
#define ETERNA_EMUL_EXEC_H

#include <Zydis/Decoder.h>

#include "base/bits.h"
#include "emul/emul.h"
#include "x86/regs/control.h"

/* The last translation of a kind, so that a REP instruction walks once a page. */
struct translation {
	u64 page; /* linear, page-aligned; 1 when empty */
	u64 frame;
};

/* More operands than these no operation looks at. */
#define OPERANDS_MAX 3

/* A decoded instruction. */
struct decoded {
	ZydisDecodedInstruction z;
	ZydisDecodedOperand operand[OPERANDS_MAX];
	u8 insn[INSN_BYTES_MAX];
	bool is_valid;
};

/*
 * One instruction under way. Functions return OK; ERR_FAULT after exec_fault() filled the result in; ERR_BUSY when the
 * instruction must start over; ERR_UNSUPPORTED; or a provider's error. They change registers last.
 */
struct exec {
	struct emul *emul;
	struct cpu_state *cpu;
	struct emul_result *result;
	bool is_long;      /* 64-bit mode */
	bool is_protected; /* CR0.PE and not virtual-8086 */
	bool is_jump;      /* RIP is set */
	bool is_again;     /* a REP instruction has iterations left */
	u8 cpl;
	u64 next_rip;
	struct translation read_at;
	struct translation write_at;
	const ZydisDecodedInstruction *z;
	const ZydisDecodedOperand *operand; /* OPERANDS_MAX of them */
	struct decoded own;                 /* what the two point to when there is no cache */
};

typedef err_t op_fn(struct exec *x);

/* --- emul.c: how a step begins and ends ----------------------------------------------------------------------------
 */
void exec_init(struct exec *x, struct emul *e, struct emul_result *result);
enum emul_status exec_status(struct exec *x, err_t err);

/* --- fault.c: raising exceptions; each returns ERR_FAULT -----------------------------------------------------------
 */
err_t exec_fault(struct exec *x, enum vector vector) MUST_CHECK;
err_t exec_fault_code(struct exec *x, enum vector vector, u32 code) MUST_CHECK;

/* --- decode.c ------------------------------------------------------------------------------------------------------
 */
err_t exec_decode(struct exec *x) MUST_CHECK;

/* Put the code bytes that the exit has told into result->insn; how many there are. */
u32 exec_take_given(struct exec *x);

/* Read the code bytes that are left of the page at RIP + `have` into result->insn; *now are there then. */
err_t exec_fetch(struct exec *x, u32 have, u32 *now) MUST_CHECK;

/* --- address.c: from segment and offset to guest-physical pieces ----------------------------------------------------
 */
#define ACCESS_READ 0u
#define ACCESS_WRITE WALK_WRITE
#define ACCESS_FETCH WALK_FETCH
#define ACCESS_IMPLICIT WALK_IMPLICIT

/* Memory that an access covers: one piece, or two in two pages; both are translated before anything is touched. */
struct span {
	gpa_t gpa[2];
	u32 bytes[2]; /* bytes[1] is 0 within a page */
};

/* Translate [linear, linear + bytes) for `access`, ACCESS_ bits, at the current privilege level. */
err_t span_open_linear(struct exec *x, u64 linear, u32 bytes, unsigned access, struct span *span) MUST_CHECK;

/* The same for segment:offset, with the checks that the mode makes on the segment. */
err_t span_open(struct exec *x, enum seg seg, u64 offset, u32 bytes, unsigned access, struct span *span) MUST_CHECK;

err_t span_read(struct exec *x, const struct span *span, void *buf) MUST_CHECK;
err_t span_write(struct exec *x, const struct span *span, const void *buf) MUST_CHECK;

/* The segment checks alone: segment:offset to a linear address. */
err_t exec_linear(struct exec *x, enum seg seg, u64 offset, u32 bytes, unsigned access, u64 *linear) MUST_CHECK;

/* Is `target` a place that CS lets RIP go to? Raises #GP(0) else. */
err_t exec_check_target(struct exec *x, u64 target) MUST_CHECK;

/* --- operand.c -----------------------------------------------------------------------------------------------------
 */
enum place_kind { PLACE_REGISTER, PLACE_MEMORY, PLACE_CONSTANT };

/* An operand that is ready: its checks are made, what is left is moving the bytes. */
struct place {
	enum place_kind kind;
	u32 bytes;
	ZydisRegister reg; /* PLACE_REGISTER */
	u64 constant;      /* PLACE_CONSTANT, sign-extended */
	struct span span;  /* PLACE_MEMORY */
};

/* Make operand `index` ready. `access` matters for memory: ACCESS_WRITE also serves read-modify-write. */
err_t place_open(struct exec *x, unsigned index, unsigned access, struct place *place) MUST_CHECK;

/* The value, zero-extended from place->bytes (1, 2, 4 or 8). */
err_t place_load(struct exec *x, const struct place *place, u64 *value) MUST_CHECK;
err_t place_store(struct exec *x, const struct place *place, u64 value) MUST_CHECK;

/*
 * Finish a read-modify-write: store `desired` where `loaded` came from. With `is_atomic` and memory, only if it is
 * still there; ERR_BUSY else.
 */
err_t place_update(struct exec *x, const struct place *place, u64 loaded, u64 desired, bool is_atomic) MUST_CHECK;

/* The value of operand `index`, opened and loaded. */
err_t operand_load(struct exec *x, unsigned index, u64 *value) MUST_CHECK;

/* The offset of memory operand `index` in its segment, cut to the address size. */
u64 operand_offset(const struct exec *x, unsigned index);
enum seg operand_segment(const struct exec *x, unsigned index);

/* The segment of an implied memory operand: the override prefix's, else `seg`. */
enum seg exec_segment_or(const struct exec *x, enum seg seg);

static inline bool exec_has_lock(const struct exec *x)
{
	return x->z->attributes & ZYDIS_ATTRIB_HAS_LOCK;
}

static inline u64 exec_address_mask(const struct exec *x)
{
	return ~0ull >> (64 - x->z->address_width);
}

/* --- registers ------------------------------------------------------------------------------------------------------
 */

/* The low bytes of a register as the encodings name it (no AH..BH). */
static inline u64 gpr_get(const struct cpu_state *cpu, enum gpr gpr, u32 bytes)
{
	return cpu->gpr[gpr] & bits_byte_mask(bytes);
}

/* Write them: 4 bytes clear the upper half, 1 and 2 leave the rest (SDM 1, General-Purpose Registers in 64-Bit Mode).
 */
static inline void gpr_set(struct cpu_state *cpu, enum gpr gpr, u32 bytes, u64 value)
{
	u64 mask = bits_byte_mask(bytes == 4 ? 8 : bytes);

	value &= bits_byte_mask(bytes);
	cpu->gpr[gpr] = (cpu->gpr[gpr] & ~mask) | value;
}

#endif
