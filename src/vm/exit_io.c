// SPDX-License-Identifier: Apache-2.0
// Port I/O: plain IN and OUT at once, the string forms by the emulator.
#include "base/bits.h"
#include "vm/board.h"
#include "vm/exits.h"
#include "x86/regs/control.h"

/* DR7: two enable bits and, from bit 16 on, R/W and LEN of each breakpoint (SDM 3A, Debug Control Register). */
#define DR7_ENABLES BITS(7, 0)
#define DR7_RW(n) BITS(17 + 4 * (n), 16 + 4 * (n))
#define DR7_LEN(n) BITS(19 + 4 * (n), 18 + 4 * (n))
#define RW_IO 2

/* Breakpoints on ports are traps that the CPU would have taken behind the instruction. */
static void io_breakpoints(struct vcpu *v, u16 port, u8 bytes)
{
	struct cpu_state *s = &v->hvm.state;
	u64 hits = 0;

	hvm_fetch(&v->hvm, STATE_CONTROL | STATE_DEBUG | STATE_BLOCKING);
	if (!(s->cr4 & CR4_DE))
		return;
	for (unsigned n = 0; n < 4; n++) {
		u64 length = GET(DR7_LEN(n), s->dr7) + 1;
		u64 first = s->dr[n] & ~(length - 1);

		if (s->dr7 >> 2 * n & 3 && GET(DR7_RW(n), s->dr7) == RW_IO && port < first + length &&
		    first < (u64)port + bytes)
			hits |= BIT(n);
	}
	if (!hits)
		return;
	s->pending_debug |= hits | PENDING_DEBUG_ENABLED;
	hvm_mark_dirty(&v->hvm, STATE_BLOCKING);
}

enum exit_next exit_io(struct vcpu *v, const struct exit *x)
{
	u64 *rax = &v->hvm.state.gpr[GPR_RAX];
	u64 mask = bits_byte_mask(x->io.bytes);

	if (x->io.is_string)
		return vcpu_emulate(v, NULL);
	if (!x->io.is_in)
		board_port_write(v, x->io.port, x->io.bytes, (u32)*rax);
	else if (x->io.bytes == 4)
		*rax = board_port_read(v, x->io.port, 4);
	else
		*rax = (*rax & ~mask) | (board_port_read(v, x->io.port, x->io.bytes) & mask);
	hvm_fetch(&v->hvm, STATE_DR7);
	if (v->hvm.state.dr7 & DR7_ENABLES)
		io_breakpoints(v, x->io.port, x->io.bytes);
	return vm_is_stopped(v->vm) ? NEXT_LEAVE : NEXT_ADVANCE;
}
