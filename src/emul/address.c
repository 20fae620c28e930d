// SPDX-License-Identifier: Apache-2.0
// Segmentation, then paging, for each access of an instruction.
#include "emul/exec.h"

#define TYPE_WRITABLE BIT(1)    /* data; for code: readable */
#define TYPE_EXPAND_DOWN BIT(2) /* data; for code: conforming */
#define TYPE_CODE BIT(3)

/* Errors in the stack segment are #SS, in all others #GP. */
static err_t segment_fault(struct exec *x, enum seg seg)
{
	return exec_fault_code(x, seg == SEG_SS ? VECTOR_SS : VECTOR_GP, 0);
}

/* SDM 3A, Type Checking: may the segment be read or written? In real and virtual-8086 mode every one may. */
static bool segment_allows(const struct exec *x, const struct segment *s, unsigned access)
{
	u64 type = GET(SEG_TYPE, s->access);

	if (!x->is_protected || (access & ACCESS_FETCH))
		return true;
	if ((s->access & SEG_UNUSABLE) || !(s->access & SEG_P))
		return false;
	if (type & TYPE_CODE)
		return !(access & ACCESS_WRITE) && (type & TYPE_WRITABLE);
	return !(access & ACCESS_WRITE) || (type & TYPE_WRITABLE);
}

/* SDM 3A, Limit Checking. */
static bool segment_holds(const struct exec *x, const struct segment *s, u64 offset, u32 bytes)
{
	u64 type = GET(SEG_TYPE, s->access);
	u64 last = offset + bytes - 1;

	if (x->is_protected && !(type & TYPE_CODE) && (type & TYPE_EXPAND_DOWN))
		return offset > s->limit && last <= (s->access & SEG_DB ? 0xffffffff : 0xffff);
	return last <= s->limit;
}

err_t exec_linear(struct exec *x, enum seg seg, u64 offset, u32 bytes, unsigned access, u64 *linear)
{
	const struct segment *s = &x->cpu->seg[seg];

	if (x->is_long) {
		u64 base = seg == SEG_FS || seg == SEG_GS ? s->base : 0;

		*linear = base + offset;
		if (!address_is_canonical(x->cpu->cr4, *linear) ||
		    !address_is_canonical(x->cpu->cr4, *linear + bytes - 1))
			return segment_fault(x, seg);
		return OK;
	}
	if (!segment_allows(x, s, access) || !segment_holds(x, s, offset, bytes))
		return segment_fault(x, seg);
	*linear = (u32)(s->base + offset);
	return OK;
}

/* Translate one byte's address, by the last translation of its kind when that is for the same page. */
static err_t translate(struct exec *x, u64 linear, unsigned access, gpa_t *gpa)
{
	struct translation *last = access & ACCESS_WRITE ? &x->write_at : &x->read_at;
	bool is_cached = !(access & ~ACCESS_WRITE);
	unsigned user = x->cpl == 3 && !(access & ACCESS_IMPLICIT) ? WALK_USER : 0;
	u32 pf_error;

	if (is_cached && last->page == (linear & ~(PAGE_BYTES - 1))) {
		*gpa = GPA(last->frame + linear % PAGE_BYTES);
		return OK;
	}
	err_t err = walk(x->emul->memory, x->cpu, &x->emul->limits, GVA(linear), access | user, gpa, &pf_error);

	if (err == ERR_FAULT) {
		x->result->cr2 = linear;
		return exec_fault_code(x, VECTOR_PF, pf_error);
	}
	if (!err && is_cached)
		*last = (struct translation){linear & ~(PAGE_BYTES - 1), gpa->v & ~(PAGE_BYTES - 1)};
	return err;
}

/* SDM 3A, Alignment Check Exception: off unless CR0.AM, RFLAGS.AC and CPL 3. */
static bool is_misaligned(const struct exec *x, u64 linear, u32 bytes, unsigned access)
{
	return x->cpl == 3 && (x->cpu->rflags & RFLAGS_AC) && (x->cpu->cr0 & CR0_AM) &&
	       !(access & (ACCESS_FETCH | ACCESS_IMPLICIT)) && linear % MIN(bytes, 8);
}

err_t span_open_linear(struct exec *x, u64 linear, u32 bytes, unsigned access, struct span *span)
{
	u32 to_page_end = (u32)(PAGE_BYTES - linear % PAGE_BYTES);
	err_t err = translate(x, linear, access, &span->gpa[0]);

	span->bytes[0] = MIN(bytes, to_page_end);
	span->bytes[1] = bytes - span->bytes[0];
	if (!err && span->bytes[1]) {
		u64 second = linear + to_page_end;

		err = translate(x, x->is_long ? second : (u32)second, access, &span->gpa[1]);
	}
	if (!err && is_misaligned(x, linear, bytes, access))
		return exec_fault_code(x, VECTOR_AC, 0);
	return err;
}

err_t span_open(struct exec *x, enum seg seg, u64 offset, u32 bytes, unsigned access, struct span *span)
{
	u64 linear;
	err_t err = exec_linear(x, seg, offset, bytes, access, &linear);

	return err ? err : span_open_linear(x, linear, bytes, access, span);
}

err_t span_read(struct exec *x, const struct span *span, void *buf)
{
	struct guest_memory *memory = x->emul->memory;
	err_t err = guest_read(memory, span->gpa[0], buf, span->bytes[0]);

	if (!err && span->bytes[1])
		err = guest_read(memory, span->gpa[1], (u8 *)buf + span->bytes[0], span->bytes[1]);
	return err;
}

err_t span_write(struct exec *x, const struct span *span, const void *buf)
{
	struct guest_memory *memory = x->emul->memory;
	err_t err = guest_write(memory, span->gpa[0], buf, span->bytes[0]);

	if (!err && span->bytes[1])
		err = guest_write(memory, span->gpa[1], (const u8 *)buf + span->bytes[0], span->bytes[1]);
	return err;
}

err_t exec_check_target(struct exec *x, u64 target)
{
	bool is_inside = x->is_long ? address_is_canonical(x->cpu->cr4, target) : target <= x->cpu->seg[SEG_CS].limit;

	return is_inside ? OK : exec_fault_code(x, VECTOR_GP, 0);
}
