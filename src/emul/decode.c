// SPDX-License-Identifier: Apache-2.0
// Fetching the instruction's bytes and decoding them in the mode that CS and EFER give.
#include "base/mem.h"
#include "emul/exec.h"

static u8 code_bits(const struct exec *x)
{
	if (x->is_long)
		return 64;
	return x->cpu->seg[SEG_CS].access & SEG_DB ? 32 : 16;
}

static err_t decoder_init(const struct exec *x, ZydisDecoder *decoder)
{
	ZydisStackWidth stack = x->cpu->seg[SEG_SS].access & SEG_DB ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16;
	bool is_compat = x->cpu->efer & EFER_LMA;
	ZydisMachineMode mode;

	if (x->is_long) {
		mode = ZYDIS_MACHINE_MODE_LONG_64;
		stack = ZYDIS_STACK_WIDTH_64;
	} else if (code_bits(x) == 32) {
		mode = is_compat ? ZYDIS_MACHINE_MODE_LONG_COMPAT_32 : ZYDIS_MACHINE_MODE_LEGACY_32;
	} else if (x->is_protected) {
		mode = is_compat ? ZYDIS_MACHINE_MODE_LONG_COMPAT_16 : ZYDIS_MACHINE_MODE_LEGACY_16;
	} else {
		mode = ZYDIS_MACHINE_MODE_REAL_16;
	}
	return ZYAN_SUCCESS(ZydisDecoderInit(decoder, mode, stack)) ? OK : ERR_UNSUPPORTED;
}

err_t exec_fetch(struct exec *x, u32 have, u32 *now)
{
	u64 offset = x->cpu->rip + have;
	struct span span;
	u64 linear;

	if (!x->is_long)
		offset = (u32)offset;
	err_t err = exec_linear(x, SEG_CS, offset, 1, ACCESS_FETCH, &linear);
	if (err)
		return err;
	u32 bytes = MIN(INSN_BYTES_MAX - have, (u32)(PAGE_BYTES - linear % PAGE_BYTES));
	if (!x->is_long)
		bytes = (u32)MIN((u64)bytes, x->cpu->seg[SEG_CS].limit - offset + 1);
	err = span_open_linear(x, linear, bytes, ACCESS_FETCH, &span);
	if (!err)
		err = span_read(x, &span, x->result->insn + have);
	if (!err)
		*now = have + bytes;
	return err;
}

u32 exec_take_given(struct exec *x)
{
	u32 have = MIN(x->emul->hint.insn_bytes, INSN_BYTES_MAX);

	if (have)
		memcpy(x->result->insn, x->emul->hint.insn, have);
	return have;
}

/* Does the instruction have a VEX or EVEX prefix? Then a newer processor, or a fuller Zydis, may well know it. */
static bool is_vector_encoding(const struct exec *x)
{
	u8 first = x->result->insn[MIN(x->z->raw.prefix_count, INSN_BYTES_MAX - 1)];

	return first == 0x62 || first == 0xc4 || first == 0xc5;
}

static err_t decode_failed(struct exec *x, ZyanStatus status)
{
	switch (status) {
	case ZYDIS_STATUS_NO_MORE_DATA:
	case ZYDIS_STATUS_INSTRUCTION_TOO_LONG:
		return exec_fault_code(x, VECTOR_GP, 0);
	default:
		return is_vector_encoding(x) ? ERR_UNSUPPORTED : exec_fault(x, VECTOR_UD);
	}
}

_Static_assert(sizeof(struct decoded) <= EMUL_CACHE_ENTRY_BYTES, "an entry of emul_cache holds a decoded instruction");
_Static_assert(_Alignof(struct decoded) <= _Alignof(u64), "entries of emul_cache are aligned");

/* Where in the cache an instruction with these first bytes is, if it is there. */
static struct decoded *cache_entry(struct exec *x)
{
	u64 hash = load_u64(x->result->insn) * 0x9e3779b97f4a7c15;

	if (!x->emul->cache)
		return &x->own;
	return (struct decoded *)(void *)x->emul->cache->entries[hash >> 32 & (EMUL_CACHE_ENTRIES - 1)];
}

static bool cache_hits(const struct decoded *d, const ZydisDecoder *decoder, const u8 *insn, u32 have)
{
	return d->is_valid && d->z.length <= have && d->z.machine_mode == decoder->machine_mode &&
	       d->z.stack_width == 16 << decoder->stack_width && !memcmp(d->insn, insn, d->z.length);
}

/* Decode `have` bytes, by the cache if it can. */
static ZyanStatus decode(struct exec *x, const ZydisDecoder *decoder, u32 have)
{
	struct decoded *d = cache_entry(x);
	ZydisDecoderContext context;
	ZyanStatus status;

	x->z = &d->z;
	x->operand = d->operand;
	if (d != &x->own && cache_hits(d, decoder, x->result->insn, have))
		return ZYAN_STATUS_SUCCESS;
	d->is_valid = false;
	status = ZydisDecoderDecodeInstruction(decoder, &context, x->result->insn, have, &d->z);
	if (ZYAN_SUCCESS(status))
		status = ZydisDecoderDecodeOperands(decoder, &context, &d->z, d->operand,
						    MIN(d->z.operand_count_visible, OPERANDS_MAX));
	if (!ZYAN_SUCCESS(status))
		return status;
	memcpy(d->insn, x->result->insn, d->z.length);
	d->is_valid = true;
	return status;
}

/* Decode what has been fetched, and fetch the next page's part only when the instruction reaches into it. */
static err_t fetch_and_decode(struct exec *x, const ZydisDecoder *decoder)
{
	struct emul_result *r = x->result;
	u32 have = exec_take_given(x);

	for (;;) {
		ZyanStatus status = ZYDIS_STATUS_NO_MORE_DATA;

		if (have)
			status = decode(x, decoder, have);
		r->insn_bytes = (u8)have;
		if (ZYAN_SUCCESS(status))
			return OK;
		if (status != ZYDIS_STATUS_NO_MORE_DATA || have == INSN_BYTES_MAX)
			return decode_failed(x, status);
		err_t err = exec_fetch(x, have, &have);
		if (err)
			return err;
	}
}

err_t exec_decode(struct exec *x)
{
	ZydisDecoder decoder;
	err_t err = decoder_init(x, &decoder);

	x->result->code_bits = code_bits(x);
	if (!err)
		err = fetch_and_decode(x, &decoder);
	if (err)
		return err;
	x->result->insn_bytes = x->z->length;
	x->next_rip = x->cpu->rip + x->z->length;
	return OK;
}
