/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and interrupts of the host: the IDT, the frame that an entry saves, and who handles which vector. */
#ifndef ETERNA_HOST_TRAP_H
#define ETERNA_HOST_TRAP_H

#include "base/types.h"

/* Pushed by host/vectors.S, in this order from the top of the stack. */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error_code;
	u64 rip, cs, rflags, rsp, ss;
};

/* Vectors of ETERNA's own interrupts. */
enum host_vector {
	HOST_VECTOR_FIRST = 0x20,
	HOST_VECTOR_COM1 = 0x40,
	HOST_VECTOR_COM2 = 0x41,
	HOST_VECTOR_TIMER = 0xf0,
	HOST_VECTOR_KICK = 0xf1,   /* nothing but to leave the guest, or HLT */
	HOST_VECTOR_CALL = 0xf2,   /* ipi_call() */
	HOST_VECTOR_POSTED = 0xf3, /* the vcpu that runs here has vectors requested (hvm/hvm.h, struct hvm_posted) */
	HOST_VECTOR_WAKE = 0xf4,   /* the same of a vcpu of this CPU's that does not run (vm/apicv_ipi.c) */
	HOST_VECTOR_SPURIOUS = 0xff
};

/* Load the IDT on this CPU. Context: once a CPU. */
void trap_init(void);

/* Who handles interrupt `vector` (32..255); the handler runs with interrupts off and sends the EOI itself. */
void trap_set_handler(u8 vector, void (*handler)(void));

/* Call the handler of interrupt `vector`, which was acknowledged in another way than by delivery. Context: interrupts
 * off. */
void trap_interrupt(u8 vector);

/* Log the NMIs that this CPU had: their handler may have come while the log's lock was held. */
void trap_tell_nmis(void);

#endif
