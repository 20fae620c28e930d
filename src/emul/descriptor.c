// SPDX-License-Identifier: Apache-2.0
// Loading segment registers from the descriptor tables (SDM 3A, Segment Descriptors and Privilege Level Checking).
#include "emul/descriptor.h"

#include "emul/descriptor_table.h"

void segment_set(struct exec *x, enum seg seg, const struct segment *value)
{
	x->cpu->seg[seg] = *value;
	x->result->changed |= EMUL_CHANGED_SEGMENTS;
}

/* A null selector leaves the segment unusable; SS keeps the privilege level in its DPL. */
static err_t segment_load_null(struct exec *x, enum seg seg, u16 selector)
{
	struct segment null = {.selector = selector, .access = (u32)SEG_UNUSABLE};

	if (seg == SEG_SS) {
		if (!x->is_long || x->cpl == 3 || (selector & SELECTOR_RPL) != x->cpl)
			return exec_fault_code(x, VECTOR_GP, 0);
		null.access |= (u32)PUT(SEG_DPL, x->cpl);
	}
	segment_set(x, seg, &null);
	return OK;
}

static bool stack_is_allowed(const struct exec *x, const struct descriptor *d)
{
	u32 rights = descriptor_rights(d);
	u64 type = descriptor_type(d);

	return (rights & SEG_S) && !(type & TYPE_CODE) && (type & TYPE_WRITABLE) &&
	       (d->selector & SELECTOR_RPL) == x->cpl && GET(SEG_DPL, rights) == x->cpl;
}

static bool data_is_allowed(const struct exec *x, const struct descriptor *d)
{
	u32 rights = descriptor_rights(d);
	u64 type = descriptor_type(d);
	u64 dpl = GET(SEG_DPL, rights);

	if (!(rights & SEG_S) || ((type & TYPE_CODE) && !(type & TYPE_WRITABLE)))
		return false;
	if ((type & TYPE_CODE) && (type & TYPE_CONFORMING))
		return true;
	return (d->selector & SELECTOR_RPL) <= dpl && x->cpl <= dpl;
}

static err_t segment_load_protected(struct exec *x, enum seg seg, u16 selector)
{
	struct descriptor d;
	struct segment value;
	err_t err;

	if (selector_is_null(selector))
		return segment_load_null(x, seg, selector);
	err = descriptor_read(x, selector, VECTOR_GP, &d);
	if (err)
		return err;
	if (!(seg == SEG_SS ? stack_is_allowed(x, &d) : data_is_allowed(x, &d)))
		return selector_fault(x, VECTOR_GP, selector);
	value = descriptor_segment(&d);
	if (!(value.access & SEG_P))
		return selector_fault(x, seg == SEG_SS ? VECTOR_SS : VECTOR_NP, selector);
	err = descriptor_mark(x, &d, DESCRIPTOR_ACCESSED);
	value.access |= (u32)TYPE_ACCESSED;
	if (!err)
		segment_set(x, seg, &value);
	return err;
}

err_t segment_load_data(struct exec *x, enum seg seg, u16 selector)
{
	err_t err = OK;

	if (x->is_protected) {
		err = segment_load_protected(x, seg, selector);
	} else {
		struct segment value = x->cpu->seg[seg];

		value.selector = selector;
		value.base = (u64)selector << 4;
		segment_set(x, seg, &value);
	}
	if (!err && seg == SEG_SS)
		x->result->blocking = (u32)BLOCKING_MOV_SS;
	return err;
}

/* In real and virtual-8086 mode every selector is a code segment. */
static err_t find_code_real(struct exec *x, u16 selector, const u64 *target, struct segment *code)
{
	*code = x->cpu->seg[SEG_CS];
	code->selector = selector;
	code->base = (u64)selector << 4;
	return *target <= code->limit ? OK : exec_fault_code(x, VECTOR_GP, 0);
}

/* SDM 2, JMP (far, same privilege) and RET. */
static bool code_is_allowed(const struct exec *x, const struct descriptor *d, bool is_return)
{
	u32 rights = descriptor_rights(d);
	u64 dpl = GET(SEG_DPL, rights);
	u64 rpl = d->selector & SELECTOR_RPL;
	bool is_ia32e = x->cpu->efer & EFER_LMA;

	if (!(descriptor_type(d) & TYPE_CODE) || (is_ia32e && (rights & SEG_L) && (rights & SEG_DB)))
		return false;
	if (descriptor_type(d) & TYPE_CONFORMING)
		return is_return ? dpl <= rpl : dpl <= x->cpl;
	return is_return ? dpl == rpl : rpl <= x->cpl && dpl == x->cpl;
}

static err_t check_new_target(struct exec *x, const struct segment *code, u64 *target)
{
	if ((x->cpu->efer & EFER_LMA) && (code->access & SEG_L))
		return address_is_canonical(x->cpu->cr4, *target) ? OK : exec_fault_code(x, VECTOR_GP, 0);
	*target = (u32)*target;
	return *target <= code->limit ? OK : exec_fault_code(x, VECTOR_GP, 0);
}

err_t segment_find_code(struct exec *x, u16 selector, bool is_return, u64 *target, struct segment *code)
{
	struct descriptor d;
	err_t err;

	if (!x->is_protected)
		return find_code_real(x, selector, target, code);
	if (selector_is_null(selector))
		return exec_fault_code(x, VECTOR_GP, 0);
	err = descriptor_read(x, selector, VECTOR_GP, &d);
	if (err)
		return err;
	if (is_return && (selector & SELECTOR_RPL) != x->cpl)
		return (selector & SELECTOR_RPL) < x->cpl ? selector_fault(x, VECTOR_GP, selector) : ERR_UNSUPPORTED;
	if (!(descriptor_rights(&d) & SEG_S))
		return ERR_UNSUPPORTED;
	if (!code_is_allowed(x, &d, is_return))
		return selector_fault(x, VECTOR_GP, selector);
	*code = descriptor_segment(&d);
	if (!(code->access & SEG_P))
		return selector_fault(x, VECTOR_NP, selector);
	code->access |= (u32)TYPE_ACCESSED;
	code->selector = (u16)((selector & ~SELECTOR_RPL) | x->cpl);
	err = check_new_target(x, code, target);
	return err ? err : descriptor_mark(x, &d, DESCRIPTOR_ACCESSED);
}

/* The upper half of a system descriptor in IA-32e mode: base 63:32, and bits that must be 0. */
static err_t descriptor_read_upper(struct exec *x, struct descriptor *d)
{
	bool is_local = d->selector & SELECTOR_LOCAL;
	u32 offset = (d->selector & 0xfff8u) + 8;
	struct span span;
	u64 upper;
	err_t err;

	if (!(x->cpu->efer & EFER_LMA))
		return OK;
	if (is_local || offset + 7 > x->cpu->gdtr_limit)
		return selector_fault(x, VECTOR_GP, d->selector);
	err = span_open_linear(x, x->cpu->gdtr_base + offset, 8, ACCESS_READ | ACCESS_IMPLICIT, &span);
	if (!err)
		err = span_read(x, &span, &upper);
	if (err)
		return err;
	d->base_upper = (u32)upper;
	if ((upper & BITS(44, 40)) || !address_is_canonical(x->cpu->cr4, descriptor_segment(d).base))
		return selector_fault(x, VECTOR_GP, d->selector);
	return OK;
}

static bool system_is_allowed(const struct exec *x, enum seg seg, const struct descriptor *d)
{
	u64 type = descriptor_type(d);

	if (descriptor_rights(d) & SEG_S || d->selector & SELECTOR_LOCAL)
		return false;
	if (seg == SEG_LDTR)
		return type == TYPE_LDT;
	return type == TYPE_TSS || (type == TYPE_TSS16 && !(x->cpu->efer & EFER_LMA));
}

err_t segment_load_system(struct exec *x, enum seg seg, u16 selector)
{
	struct segment null = {.selector = selector, .access = (u32)SEG_UNUSABLE};
	struct descriptor d;
	struct segment value;
	err_t err;

	if (selector_is_null(selector) && seg == SEG_LDTR) {
		segment_set(x, seg, &null);
		return OK;
	}
	if (selector_is_null(selector))
		return exec_fault_code(x, VECTOR_GP, 0);
	err = descriptor_read(x, selector, VECTOR_GP, &d);
	if (err)
		return err;
	if (!system_is_allowed(x, seg, &d))
		return selector_fault(x, VECTOR_GP, selector);
	if (!(descriptor_rights(&d) & SEG_P))
		return selector_fault(x, VECTOR_NP, selector);
	err = descriptor_read_upper(x, &d);
	if (!err && seg == SEG_TR)
		err = descriptor_mark(x, &d, DESCRIPTOR_BUSY);
	if (err)
		return err;
	value = descriptor_segment(&d);
	if (seg == SEG_TR)
		value.access |= TYPE_TSS_BUSY;
	segment_set(x, seg, &value);
	return OK;
}
