// SPDX-License-Identifier: Apache-2.0
// Checks on the new task's segments (SDM 3A, Exception Conditions Checked During a Task Switch).
#include "emul/task_segments.h"

#include "emul/descriptor.h"

#define CODE_ACCESSED 11
#define DATA_ACCESSED 3

/* What every segment of virtual-8086 mode is (SDM 3C, Checks on Guest Segment Registers). */
#define VM86_ACCESS ((u32)(SEG_P | SEG_S | SEG_DPL | DATA_ACCESSED))
#define VM86_LIMIT 0xffff

/* CS must be a code segment on every entry; that nothing can be fetched from it does not matter: no instruction runs
 * before the exception's handler has its own. */
static struct segment unloaded(const struct exec *x, enum seg seg, u16 selector)
{
	u64 dpl = PUT(SEG_DPL, x->cpl);
	struct segment s = {.selector = selector, .access = (u32)(SEG_UNUSABLE | dpl)};

	if (seg == SEG_CS)
		s.access = (u32)(SEG_P | SEG_S | CODE_ACCESSED | dpl);
	return s;
}

static struct segment vm86_segment(u16 selector)
{
	return (struct segment){selector, VM86_ACCESS, VM86_LIMIT, (u64)selector << 4};
}

void task_segments_start(struct exec *x, const struct task_state *task)
{
	bool is_vm86 = x->cpu->rflags & RFLAGS_VM;
	struct segment ldtr = {.selector = task->ldtr, .access = (u32)SEG_UNUSABLE};

	x->is_protected = !is_vm86;
	x->cpl = is_vm86 ? 3 : task->seg[SEG_CS] & SELECTOR_RPL;
	segment_set(x, SEG_LDTR, &ldtr);
	for (unsigned i = 0; i < ARRAY_COUNT(task->seg); i++) {
		struct segment s = is_vm86 ? vm86_segment(task->seg[i]) : unloaded(x, (enum seg)i, task->seg[i]);

		segment_set(x, (enum seg)i, &s);
	}
}

static err_t ldtr_load(struct exec *x, u16 selector)
{
	struct descriptor d;
	struct segment s;
	err_t err;

	if (selector_is_null(selector))
		return OK;
	if (selector & SELECTOR_LOCAL)
		return selector_fault(x, VECTOR_TS, selector);
	err = descriptor_read(x, selector, VECTOR_TS, &d);
	if (err)
		return err;
	s = descriptor_segment(&d);
	if (s.access & SEG_S || descriptor_type(&d) != TYPE_LDT || !(s.access & SEG_P))
		return selector_fault(x, VECTOR_TS, selector);
	segment_set(x, SEG_LDTR, &s);
	return OK;
}

static bool code_is_allowed(const struct exec *x, const struct descriptor *d)
{
	u64 dpl = GET(SEG_DPL, descriptor_rights(d));

	if (!(descriptor_type(d) & TYPE_CODE))
		return false;
	return descriptor_type(d) & TYPE_CONFORMING ? dpl <= x->cpl : dpl == x->cpl;
}

static bool stack_is_allowed(const struct exec *x, const struct descriptor *d)
{
	u64 type = descriptor_type(d);

	return !(type & TYPE_CODE) && (type & TYPE_WRITABLE) && GET(SEG_DPL, descriptor_rights(d)) == x->cpl &&
	       (d->selector & SELECTOR_RPL) == x->cpl;
}

static bool data_is_allowed(const struct exec *x, const struct descriptor *d)
{
	u64 type = descriptor_type(d);
	u64 dpl = GET(SEG_DPL, descriptor_rights(d));

	if ((type & TYPE_CODE) && !(type & TYPE_WRITABLE))
		return false;
	if ((type & TYPE_CODE) && (type & TYPE_CONFORMING))
		return true;
	return x->cpl <= dpl && (d->selector & SELECTOR_RPL) <= dpl;
}

static bool is_allowed(const struct exec *x, enum seg seg, const struct descriptor *d)
{
	if (!(descriptor_rights(d) & SEG_S))
		return false;
	if (seg == SEG_CS)
		return code_is_allowed(x, d);
	return seg == SEG_SS ? stack_is_allowed(x, d) : data_is_allowed(x, d);
}

static err_t segment_load(struct exec *x, enum seg seg, u16 selector)
{
	bool may_be_null = seg != SEG_CS && seg != SEG_SS;
	struct descriptor d;
	struct segment s;
	err_t err;

	if (selector_is_null(selector))
		return may_be_null ? OK : selector_fault(x, VECTOR_TS, selector);
	err = descriptor_read(x, selector, VECTOR_TS, &d);
	if (err)
		return err;
	if (!is_allowed(x, seg, &d))
		return selector_fault(x, VECTOR_TS, selector);
	s = descriptor_segment(&d);
	if (!(s.access & SEG_P))
		return selector_fault(x, seg == SEG_SS ? VECTOR_SS : VECTOR_NP, selector);
	err = descriptor_mark(x, &d, DESCRIPTOR_ACCESSED);
	s.access |= (u32)TYPE_ACCESSED;
	if (!err)
		segment_set(x, seg, &s);
	return err;
}

err_t task_segments_load(struct exec *x, const struct task_state *task)
{
	static const u8 order[] = {SEG_CS, SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS};
	err_t err = ldtr_load(x, task->ldtr);

	if (x->cpu->rflags & RFLAGS_VM)
		return err;
	for (unsigned i = 0; i < ARRAY_COUNT(order) && !err; i++)
		err = segment_load(x, (enum seg)order[i], task->seg[order[i]]);
	return err;
}
