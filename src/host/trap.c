// SPDX-License-Identifier: Apache-2.0
// The host's IDT: interrupts go to their handlers, exceptions end in the panic dump, an NMI is told and survived.
#include "host/trap.h"

#include "host/cpu.h"
#include "host/layout.h"
#include "host/log.h"
#include "host/panic.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

extern const u8 trap_vectors[256][16];

static struct gate idt[256] ALIGNED(16);
static void (*handlers[256])(void);

void trap_handle(struct trap_frame *frame);

static u8 vector_stack(unsigned vector)
{
	switch (vector) {
	case VECTOR_NMI:
		return IST_NMI;
	case VECTOR_DF:
		return IST_DOUBLE_FAULT;
	case VECTOR_MC:
		return IST_MACHINE_CHECK;
	case VECTOR_DB:
		return IST_DEBUG;
	default:
		return IST_NONE;
	}
}

static void idt_fill(void)
{
	for (unsigned i = 0; i < 256; i++) {
		u64 entry = (u64)trap_vectors[i];

		idt[i] = (struct gate){
			.offset_low = (u16)entry,
			.offset_mid = (u16)(entry >> 16),
			.offset_high = (u32)(entry >> 32),
			.selector = SELECTOR_CODE,
			.ist = vector_stack(i),
			.type = GATE_INTERRUPT,
		};
	}
}

void trap_init(void)
{
	struct table_pointer pointer = {sizeof(idt) - 1, (u64)idt};

	if (!idt[0].selector)
		idt_fill();
	lidt(&pointer);
}

void trap_set_handler(u8 vector, void (*handler)(void))
{
	handlers[vector] = handler;
}

/* It may come anywhere, with any lock held: it takes none, and says nothing. In a panic it is the order to stop. */
static void nmi_handle(const struct trap_frame *frame)
{
	struct cpu *cpu = this_cpu();

	if (panic_is_under_way()) {
		cpu_phase_set(cpu, CPU_STOPPED);
		cpu_halt();
	}
	cpu->nmi_rip = frame->rip;
	cpu->nmi_count++;
}

/* A guest's breakpoint, where an emulator has those in force for the host, too: the host has none of its own. */
static bool is_guest_breakpoint(struct trap_frame *frame)
{
	u64 dr6;

	if (frame->vector != VECTOR_DB || read_dr7() == DR7_FIXED)
		return false;
	dr6 = read_dr6();
	if (!(dr6 & DR6_B) || dr6 & (DR6_BS | DR6_BD))
		return false;
	write_dr6(DR6_FIXED);
	frame->rflags |= RFLAGS_RF;
	return true;
}

void trap_interrupt(u8 vector)
{
	if (handlers[vector])
		handlers[vector]();
	else if (vector != HOST_VECTOR_SPURIOUS)
		log_warn("unexpected interrupt, vector %#x", vector);
}

void trap_handle(struct trap_frame *frame)
{
	if (frame->vector >= HOST_VECTOR_FIRST) {
		trap_interrupt((u8)frame->vector);
		return;
	}
	if (frame->vector == VECTOR_NMI) {
		nmi_handle(frame);
		return;
	}
	if (!is_guest_breakpoint(frame))
		panic_trap(frame);
}

void trap_tell_nmis(void)
{
	struct cpu *cpu = this_cpu();

	if (__builtin_expect(cpu->nmi_told == cpu->nmi_count, 1))
		return;
	log_warn("CPU %u: NMI at rip %#lx, %u so far", cpu->index, cpu->nmi_rip, cpu->nmi_count);
	cpu->nmi_told = cpu->nmi_count;
}
