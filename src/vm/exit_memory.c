// SPDX-License-Identifier: Apache-2.0
// Second-level faults: RAM that is touched for the first time, and device memory.
#include "vm/debug.h"
#include "vm/exits.h"
#include "vm/gpa.h"
#include "vm/gpa_move.h"

enum exit_next exit_memory(struct vcpu *v, const struct exit *x)
{
	struct emul_hint hint = {
		.insn_bytes = x->memory.insn_bytes,
		.insn = x->memory.insn,
		.is_valid = (x->memory.is_read || x->memory.is_write) && !x->memory.is_fetch,
		.has_gva = x->memory.has_gva,
		.is_write = x->memory.is_write,
		.gva = x->memory.gva,
		.gpa = x->memory.gpa,
	};
	err_t err;

	if (!gpa_is_ram(v->vm, x->memory.gpa, 1)) {
		if (x->memory.is_fetch) {
			vm_fault(v, x, "instruction fetch from %#lx, which is not RAM", x->memory.gpa.v);
			return NEXT_LEAVE;
		}
		/* What touched it was the delivery of an event, not the instruction at RIP. */
		if (v->hvm.interrupted.is_valid) {
			vm_fault(v, x, "delivery of vector %u touches %#lx, which is not RAM",
				 v->hvm.interrupted.vector, x->memory.gpa.v);
			return NEXT_LEAVE;
		}
		return vcpu_emulate(v, &hint);
	}
	if (x->memory.is_present && v->vm->debug && debug_took_memory(v, x))
		return NEXT_LEAVE;
	if (x->memory.is_present && gpa_move_awaited(v, x))
		return NEXT_RESUME;
	err = gpa_fill(v->vm, x->memory.gpa);
	if (err || x->memory.is_present) {
		vm_fault(v, x, "access to RAM at %#lx: %s", x->memory.gpa.v,
			 err ? err_text(err) : "mapped, but not permitted");
		return NEXT_LEAVE;
	}
	return NEXT_RESUME;
}

enum exit_next exit_memory_bad_entry(struct vcpu *v, const struct exit *x)
{
	struct entry_fault f;

	if (pagetable_explain(&v->vm->hvm.second_level, x->memory.gpa.v, &f))
		vm_fault(v, x, "%s misconfiguration at %#lx: level %u entry %#lx at %#lx: %s", hvm->second_level_name,
			 x->memory.gpa.v, f.level, f.entry, f.entry_hpa.v, f.rule);
	else
		vm_fault(v, x, "%s misconfiguration at %#lx, but all entries look right", hvm->second_level_name,
			 x->memory.gpa.v);
	return NEXT_LEAVE;
}
