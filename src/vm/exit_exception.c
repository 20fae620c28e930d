// SPDX-License-Identifier: Apache-2.0
// Exceptions that exit: #DB and #AC are handed back to the guest, #UD may be the forced-emulation prefix.
#include "base/mem.h"
#include "emul/walk.h"
#include "host/memory.h"
#include "vm/debug.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "x86/regs/control.h"

/* UD2 and the letters "kvm": the instruction behind it is carried out by the emulator (see docs/config.md, testdev). */
static const u8 prefix[] = {0x0f, 0x0b, 'k', 'v', 'm'};

static bool fetch_code(struct vcpu *v, void *buf, u32 bytes)
{
	const struct cpu_state *s = &v->hvm.state;
	const struct walk_limits limits = {.phys_bits = memory_host_caps()->pa_bits, .has_gib_pages = true};
	u64 at = s->seg[SEG_CS].access & SEG_L && s->efer & EFER_LMA ? s->rip : (u32)(s->seg[SEG_CS].base + s->rip);
	u8 *to = buf;

	for (u32 done = 0; done < bytes;) {
		u32 part = (u32)MIN(bytes - done, PAGE_BYTES - (at + done) % PAGE_BYTES);
		u32 error;
		gpa_t gpa;

		if (walk(&v->memory, s, &limits, GVA(at + done), WALK_PEEK, &gpa, &error) ||
		    guest_read(&v->memory, gpa, to + done, part))
			return false;
		done += part;
	}
	return true;
}

static enum exit_next exit_ud(struct vcpu *v)
{
	u8 code[sizeof(prefix)];

	hvm_fetch(&v->hvm, STATE_RIP | STATE_RFLAGS | STATE_SEGMENTS | STATE_CONTROL);
	if (v->vm->has_testdev && fetch_code(v, code, sizeof(code)) && !memcmp(code, prefix, sizeof(code))) {
		v->hvm.state.rip += sizeof(prefix);
		hvm_mark_dirty(&v->hvm, STATE_RIP);
		return vcpu_emulate(v, NULL);
	}
	event_raise(v, VECTOR_UD);
	return NEXT_RESUME;
}

/* Breakpoints are a debugger's first, then the guest's own. */
static enum exit_next exit_bp(struct vcpu *v, const struct exit *x)
{
	u64 bits = 0;

	if (v->vm->debug && debug_took_exception(v, x, &bits))
		return NEXT_LEAVE;
	event_raise_breakpoint(v, (u8)MAX(x->insn_len, 1));
	return NEXT_RESUME;
}

static enum exit_next exit_db(struct vcpu *v, const struct exit *x)
{
	u64 bits = x->exception.qualification & (DR6_B | DR6_BD | DR6_BS);

	if (v->vm->debug && debug_took_exception(v, x, &bits))
		return NEXT_LEAVE;
	event_raise_debug(v, bits);
	/* SDM 3C, Checks on Guest Non-Register State: with TF and a STI or MOV SS shadow, BS must be pending. */
	hvm_fetch(&v->hvm, STATE_BLOCKING | STATE_RFLAGS);
	if (v->hvm.state.rflags & RFLAGS_TF && v->hvm.state.blocking & (BLOCKING_STI | BLOCKING_MOV_SS)) {
		v->hvm.state.pending_debug |= DR6_BS;
		hvm_mark_dirty(&v->hvm, STATE_BLOCKING);
	}
	return NEXT_RESUME;
}

enum exit_next exit_exception(struct vcpu *v, const struct exit *x)
{
	if (x->exception.vector == VECTOR_UD)
		return exit_ud(v);
	if (x->exception.type == EVENT_ICEBP) {
		event_raise_icebp(v, (u8)x->insn_len);
		return NEXT_RESUME;
	}
	if (x->exception.vector == VECTOR_DB)
		return exit_db(v, x);
	if (x->exception.vector == VECTOR_BP)
		return exit_bp(v, x);
	if (x->exception.vector == VECTOR_PF)
		event_raise_page_fault(v, x->exception.qualification, x->exception.error);
	else if (x->exception.has_error)
		event_raise_error(v, x->exception.vector, x->exception.error);
	else
		event_raise(v, x->exception.vector);
	return NEXT_RESUME;
}
