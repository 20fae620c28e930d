// SPDX-License-Identifier: Apache-2.0
// The intercepted instruction, where the processor tells neither its length nor its operands.
#include "emul/identify.h"

#include "base/mem.h"
#include "host/memory.h"
#include "hvm/svm/svm.h"
#include "x86/regs/control.h"

#define PTE_P BIT(0)
#define PTE_PS BIT(7)
#define PTE_ADDRESS BITS(51, 12)
#define LEVELS 4
#define INDEX_BITS 9

/* 64-bit code under 4-level paging, which is nearly all that exits: the rest goes to the decoder. */
static bool is_plain_64bit(const struct vmcb *b)
{
	return vmcb_cs_attributes(b) & VMCB_SEG_L && vmcb_efer(b) & EFER_LMA && !(vmcb_cr4(b) & CR4_LA57);
}

/* Walk the guest's tables to the page at `page`, and keep each step. SDM 3A, 4-Level Paging. */
static bool __attribute__((noinline)) code_page_find(struct hvm_vcpu *v, struct code_page *c, u64 cr3, u64 page)
{
	u64 table = cr3 & PTE_ADDRESS;
	unsigned shift = PAGE_SHIFT + (LEVELS - 1) * INDEX_BITS;

	c->page = 1;
	for (unsigned i = 0; i < LEVELS; i++, shift -= INDEX_BITS) {
		u64 at = table + (page >> shift & (BIT(INDEX_BITS) - 1)) * sizeof(u64);

		c->entry[i] = v->vm->ram(v, GPA(at), sizeof(u64));
		if (!c->entry[i])
			return false;
		c->value[i] = __atomic_load_n(c->entry[i], __ATOMIC_RELAXED);
		if (!(c->value[i] & PTE_P))
			return false;
		table = c->value[i] & PTE_ADDRESS;
		if (i == 0 || i == LEVELS - 1 || !(c->value[i] & PTE_PS))
			continue;
		table = (table & ~(BIT(shift) - 1)) | (page & (BIT(shift) - 1));
		while (++i < LEVELS) {
			c->entry[i] = c->entry[i - 1];
			c->value[i] = c->value[i - 1];
		}
	}
	c->code = v->vm->ram(v, GPA(table), PAGE_BYTES);
	if (!c->code)
		return false;
	c->cr3 = cr3;
	c->page = page;
	return true;
}

/* All four entries are as they were: then so is what they lead to. */
static bool code_page_holds(const struct code_page *c, u64 cr3, u64 page)
{
	return c->page == page && c->cr3 == cr3 && __atomic_load_n(c->entry[0], __ATOMIC_RELAXED) == c->value[0] &&
	       __atomic_load_n(c->entry[1], __ATOMIC_RELAXED) == c->value[1] &&
	       __atomic_load_n(c->entry[2], __ATOMIC_RELAXED) == c->value[2] &&
	       __atomic_load_n(c->entry[3], __ATOMIC_RELAXED) == c->value[3];
}

bool svm_code_is(struct hvm_vcpu *v, u32 opcode, u32 bytes)
{
	const struct vmcb *b = v->control;
	u64 offset = v->state.rip % PAGE_BYTES;
	u64 page = v->state.rip - offset;
	struct code_page *c = &svm_vcpu(v)->code[page / PAGE_BYTES % CODE_PAGES];
	u64 cr3 = vmcb_cr3(b);

	if (!is_plain_64bit(b) || offset > PAGE_BYTES - sizeof(u32))
		return false;
	if (!code_page_holds(c, cr3, page) && !code_page_find(v, c, cr3, page))
		return false;
	return !((load_u32(c->code + offset) ^ opcode) & (u32)(BIT(8 * bytes) - 1));
}

/* What the guest gets because its instruction cannot be fetched or read any more. */
static void becomes_fault(struct exit *x, const struct emul_result *r)
{
	x->kind = EXIT_EXCEPTION;
	x->insn_len = 0;
	x->detail = r->vector;
	x->exception.vector = r->vector;
	x->exception.type = EVENT_EXCEPTION;
	x->exception.has_error = r->has_error_code;
	x->exception.error = r->error_code;
	x->exception.qualification = r->cr2;
}

bool svm_identify(struct hvm_vcpu *v, struct exit *x, struct insn_identity *insn)
{
	struct emul_result result;
	struct emul e = {
		.cpu = &v->state,
		.memory = v->memory,
		.cache = v->insn_cache,
		.limits = {.phys_bits = memory_host_caps()->pa_bits, .has_gib_pages = true},
	};
	enum emul_status status;

	hvm_fetch(v, STATE_RIP | STATE_RSP | STATE_RFLAGS | STATE_SEGMENTS | STATE_CONTROL);
	status = emul_identify(&e, &result, insn);
	if (status == EMUL_DONE)
		return true;
	if (status == EMUL_FAULT) {
		becomes_fault(x, &result);
		return false;
	}
	/* Somebody changes the code while it runs: with no stale translation in the way the guest finds out itself. */
	tags_vcpu_flush(&v->tags);
	x->kind = EXIT_NONE;
	return false;
}
