// SPDX-License-Identifier: Apache-2.0
// Interrupt wiring of the board: device lines to the 8259 pair and the I/O APIC, messages to local APICs.
#include "base/bits.h"
#include "vm/apicv.h"
#include "vm/board_priv.h"
#include "vm/run.h"
#include "vm/vm.h"

/* IRQ 0 is at the I/O APIC's pin 2; the cascade's own pin 2 has no device. */
static unsigned ioapic_pin(unsigned irq)
{
	return irq == IRQ_PIT ? 2 : irq;
}

void board_send_ioapic_effects(struct vm *vm, const struct ioapic_effects *fx)
{
	for (u32 i = 0; i < fx->count; i++)
		if (!board_deliver(vm, &fx->msg[i]))
			ioapic_undelivered(&vm->board.ioapic, fx->pin[i]);
}

/* What asserts an I/O APIC pin: the ISA line behind it, a HPET timer, the test device. */
static bool pin_level(const struct board *b, unsigned pin)
{
	u32 isa = pin == 2 ? GET(BIT(IRQ_PIT), b->isa_lines) : pin < 16 && pin ? b->isa_lines >> pin & 1 : 0;

	return isa || (b->hpet_lines >> pin & 1) || (b->testdev_lines >> pin & 1);
}

static void pin_update(struct vm *vm, unsigned pin)
{
	struct ioapic_effects fx;

	ioapic_set_line(&vm->board.ioapic, pin, pin_level(&vm->board, pin), &fx);
	board_send_ioapic_effects(vm, &fx);
}

/* INTR goes to the bootstrap processor's LINT0. */
void board_intr_update(struct vm *vm)
{
	struct vcpu *v = vm->vcpu[0];

	board_lapic_flags(v, lapic_lint_set(&v->lapic, 0, pic_pending(&vm->board.pic)), 0);
	if (board_has_extint(v))
		vcpu_kick(v, PENDING_INTERRUPT);
}

void board_set_irq(struct vm *vm, unsigned irq, bool level)
{
	struct board *b = &vm->board;
	u32 lines = level ? b->isa_lines | (u32)BIT(irq) : b->isa_lines & ~(u32)BIT(irq);

	if (lines == b->isa_lines)
		return;
	b->isa_lines = lines;
	pic_set_line(&b->pic, irq, level || (irq < 16 && b->testdev_lines >> irq & 1));
	board_intr_update(vm);
	pin_update(vm, ioapic_pin(irq));
}

void board_pulse_irq(struct vm *vm, unsigned irq)
{
	board_set_irq(vm, irq, false);
	board_set_irq(vm, irq, true);
}

void board_set_hpet_lines(struct vm *vm, u32 lines)
{
	u32 changed = lines ^ vm->board.hpet_lines;

	vm->board.hpet_lines = lines;
	for (; changed; changed &= changed - 1)
		pin_update(vm, bit_lowest(changed));
}

void board_set_testdev_gsi(struct vm *vm, unsigned gsi, bool level)
{
	struct board *b = &vm->board;

	if (gsi >= IOAPIC_PINS)
		return;
	b->testdev_lines = level ? b->testdev_lines | (u32)BIT(gsi) : b->testdev_lines & ~(u32)BIT(gsi);
	if (gsi < PIC_IRQS) {
		pic_set_line(&b->pic, gsi, level || (b->isa_lines >> gsi & 1));
		board_intr_update(vm);
	}
	pin_update(vm, gsi);
}

/* Does a local APIC have the request? */
static bool vector_waits(const struct vm *vm, u8 vector)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		if (vm->vcpu[i]->lapic.irr[vector / 64] >> vector % 64 & 1)
			return true;
	return false;
}

bool board_tick_waits(const struct vm *vm)
{
	const struct pic_chip *master = &vm->board.pic.chip[0];
	u8 vector = ioapic_edge_vector(&vm->board.ioapic, ioapic_pin(IRQ_PIT));

	if (vector)
		return vector_waits(vm, vector);
	return master->irr & ~master->imr & BIT(IRQ_PIT);
}

bool board_tick_is_masked(const struct vm *vm)
{
	return pic_is_masked(&vm->board.pic, IRQ_PIT) && ioapic_is_masked(&vm->board.ioapic, ioapic_pin(IRQ_PIT));
}

bool board_has_extint(const struct vcpu *v)
{
	return v->index == 0 && pic_pending(&v->vm->board.pic) && lapic_extint_accepted(&v->lapic);
}

u8 board_ack_extint(struct vcpu *v)
{
	u8 vector = pic_ack(&v->vm->board.pic);

	board_intr_update(v->vm);
	return vector;
}

static struct vcpu *lowest_priority(struct vm *vm, const struct apic_msg *msg)
{
	struct vcpu *best = NULL;
	u64 best_value = LAPIC_ARBITRATE_NEVER;

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *v = vm->vcpu[i];
		u64 value = lapic_is_destination(&v->lapic, msg) ? lapic_arbitrate(&v->lapic) : LAPIC_ARBITRATE_NEVER;

		if (value < best_value) {
			best_value = value;
			best = v;
		}
	}
	return best;
}

static bool accept(struct vcpu *v, const struct apic_msg *msg)
{
	u32 flags = lapic_accept(&v->lapic, msg);

	board_lapic_flags(v, flags, msg->vector);
	return flags;
}

bool board_deliver(struct vm *vm, const struct apic_msg *msg)
{
	bool is_accepted = false;

	if (msg->delivery == APIC_LOWEST) {
		struct vcpu *v = lowest_priority(vm, msg);

		return v && accept(v, msg);
	}
	for (u32 i = 0; i < vm->vcpu_count; i++)
		if (lapic_is_destination(&vm->vcpu[i]->lapic, msg))
			is_accepted |= accept(vm->vcpu[i], msg);
	return is_accepted;
}

void board_lapic_flags(struct vcpu *v, u32 flags, u8 startup_vector)
{
	u32 pending = 0;

	if (flags & LAPIC_IRR && apicv_post(v))
		flags &= ~(u32)LAPIC_IRR;
	if (flags & (LAPIC_IRR | LAPIC_EXTINT))
		pending |= PENDING_INTERRUPT;
	if (flags & LAPIC_NMI)
		pending |= PENDING_NMI;
	if (flags & LAPIC_INIT)
		pending |= PENDING_INIT;
	if (flags & LAPIC_STARTUP) {
		pending |= PENDING_STARTUP;
		v->startup_vector = startup_vector;
	}
	if (flags & LAPIC_TIMER)
		run_lapic_moved(v);
	if (pending)
		vcpu_kick(v, pending);
}

void board_lapic_effects(struct vcpu *v, const struct lapic_effects *fx)
{
	if (!fx->flags)
		return;
	board_lapic_flags(v, fx->flags, 0);
	if (fx->flags & LAPIC_IPI)
		(void)board_deliver(v->vm, &fx->ipi);
	if (fx->flags & LAPIC_EOI) {
		struct ioapic_effects io;

		ioapic_eoi(&v->vm->board.ioapic, fx->eoi_vector, &io);
		board_send_ioapic_effects(v->vm, &io);
	}
	/* A global disable hands the CPU's INTR pin to the 8259 pair, and an enable takes it back. */
	if (fx->flags & LAPIC_MODE)
		board_intr_update(v->vm);
}
