// SPDX-License-Identifier: Apache-2.0
// Entries of the GDT and the LDT (SDM 3A, Segment Descriptors; System Descriptor Types).
#include "emul/descriptor_table.h"

err_t selector_fault(struct exec *x, enum vector vector, u32 selector)
{
	return exec_fault_code(x, vector, selector & ~(u32)SELECTOR_RPL);
}

err_t descriptor_read(struct exec *x, u16 selector, enum vector vector, struct descriptor *d)
{
	const struct cpu_state *cpu = x->cpu;
	const struct segment *ldt = &cpu->seg[SEG_LDTR];
	bool is_local = selector & SELECTOR_LOCAL;
	u64 base = is_local ? ldt->base : cpu->gdtr_base;
	u64 limit = is_local ? ldt->limit : cpu->gdtr_limit;
	u32 offset = selector & 0xfff8u;
	err_t err;

	if ((is_local && (ldt->access & SEG_UNUSABLE)) || offset + 7 > limit)
		return selector_fault(x, vector, selector);
	d->selector = selector;
	d->base_upper = 0;
	err = span_open_linear(x, base + offset, 8, ACCESS_READ | ACCESS_IMPLICIT, &d->span);
	return err ? err : span_read(x, &d->span, &d->value);
}

u32 descriptor_rights(const struct descriptor *d)
{
	return (u32)(GET(DESCRIPTOR_RIGHTS_LOW, d->value) | GET(DESCRIPTOR_RIGHTS_HIGH, d->value) << 12);
}

u64 descriptor_type(const struct descriptor *d)
{
	return GET(SEG_TYPE, descriptor_rights(d));
}

struct segment descriptor_segment(const struct descriptor *d)
{
	u32 rights = descriptor_rights(d);
	u32 limit = (u32)(GET(DESCRIPTOR_LIMIT_LOW, d->value) | GET(DESCRIPTOR_LIMIT_HIGH, d->value) << 16);

	return (struct segment){
		.selector = (u16)d->selector,
		.access = rights,
		.limit = rights & SEG_G ? limit << 12 | 0xfff : limit,
		.base = GET(DESCRIPTOR_BASE_LOW, d->value) | GET(DESCRIPTOR_BASE_HIGH, d->value) << 24 |
			d->base_upper << 32,
	};
}

err_t descriptor_mark(struct exec *x, const struct descriptor *d, u64 bit)
{
	u64 marked = d->value | bit;
	struct span span;
	u64 linear;
	err_t err;

	if (d->value & bit)
		return OK;
	linear = (d->selector & SELECTOR_LOCAL ? x->cpu->seg[SEG_LDTR].base : x->cpu->gdtr_base) +
		 (d->selector & 0xfff8u);
	err = span_open_linear(x, linear, 8, ACCESS_WRITE | ACCESS_IMPLICIT, &span);
	if (err)
		return err;
	if (span.bytes[1])
		return span_write(x, &span, &marked);
	err = guest_compare_exchange(x->emul->memory, span.gpa[0], &d->value, &marked, 8);
	return err == ERR_UNSUPPORTED ? span_write(x, &span, &marked) : err;
}
