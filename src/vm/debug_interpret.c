// SPDX-License-Identifier: Apache-2.0
// Pages with breakpoints that may not be executed, and tables that may not be walked: instructions are carried out one
// after another by the emulator, on the vcpu's own CPU and while the other vcpus run, as far as it does surely what the
// processor would.
#include "vm/debug_priv.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* In one go: no more than an interrupt, or the host's work, may wait for. */
#define INSTRUCTIONS_MAX 512
#define WINDOW_EVERY 64

/* The guest has no breakpoints of its own that an instruction might be at. */
static bool is_free(struct vcpu *v)
{
	hvm_fetch(&v->hvm, STATE_DEBUG | STATE_DR7);
	for (unsigned n = 0; n < 4; n++)
		if (v->hvm.state.dr7 & DR7_ENABLE(n))
			return false;
	return true;
}

/* Is the next instruction also such a one, nothing due before it, and it is not to be stopped at? */
static bool goes_on(struct vcpu *v)
{
	const struct debug *d = v->vm->debug;
	u64 address = debug_linear_pc(v);
	gpa_t gpa;

	return !vcpu_pending(v) && vm_is_running(v->vm) && debug_translate(v, address, &gpa) &&
	       (debug_page_is_closed(d, gpa) || debug_tables_stop_walks(d)) && !debug_is_at_breakpoint(d, address);
}

bool debug_interpret(struct vcpu *v)
{
	u32 done = 0;

	while (done < INSTRUCTIONS_MAX && is_free(v) && (!done || goes_on(v)) && debug_emulate(v))
		if (!(++done % WINDOW_EVERY))
			interrupt_window();
	return done;
}
