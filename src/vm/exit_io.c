// SPDX-License-Identifier: Apache-2.0
// Port I/O: plain IN and OUT at once, the string forms by the emulator.
#include "base/bits.h"
#include "vm/board.h"
#include "vm/exits.h"

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
	return v->vm->state == VM_RUNNING ? NEXT_ADVANCE : NEXT_LEAVE;
}
