// SPDX-License-Identifier: Apache-2.0
// What the processor leaves to us of a local APIC that it works by itself (SDM 3C, APIC Virtualization and Virtual
// Interrupts).
#include "vm/apicv.h"
#include "vm/exits.h"
#include "x86/regs/msr.h"

#define OFFSET_EOI 0xb0u
#define OFFSET_ICR 0x300u

/* The store is done: the page has the value. */
static void xapic_write(struct vcpu *v, u32 offset, struct lapic_effects *fx)
{
	lapic_mmio_write(&v->lapic, offset, lapic_page_read(v->hvm.apic_page, offset), vm_now_ns(v->vm), fx);
	if (offset == OFFSET_ICR)
		lapic_page_command_sent(v->hvm.apic_page);
}

/* A self IPI that the processor does not send, as its vector is none, or another one that it leaves to us. */
static void x2apic_write(struct vcpu *v, u32 offset, struct lapic_effects *fx)
{
	u64 value = lapic_page_read(v->hvm.apic_page, offset);
	err_t err;

	if (offset == OFFSET_ICR)
		value |= (u64)v->lapic.icr_high << 32;
	err = lapic_msr_write(&v->lapic, MSR_X2APIC_FIRST + offset / 16, value, vm_now_ns(v->vm), fx);
	(void)err; /* the processor has checked the value; a register that there is not has no effect */
}

/* Of a level-triggered interrupt, by a processor that leaves the whole of it to us: the vector is still in service. */
static enum exit_next eoi_write(struct vcpu *v)
{
	const u8 value[4] = {0};

	board_memory_write(v, GPA((v->lapic.base & APIC_BASE_ADDRESS) + OFFSET_EOI), value, sizeof(value));
	return NEXT_RESUME;
}

enum exit_next exit_apic_write(struct vcpu *v, const struct exit *x)
{
	u32 offset = ALIGN_DOWN((u32)x->apic.offset, 16);
	struct lapic_effects fx;

	if (offset == OFFSET_EOI)
		return eoi_write(v);
	vm_lock(v->vm);
	apicv_timer_settle(v);
	apicv_command_take(v);
	if (v->hvm.apic_mode == HVM_APIC_XAPIC)
		xapic_write(v, offset, &fx);
	else
		x2apic_write(v, offset, &fx);
	if (offset != OFFSET_ICR)
		apicv_refresh(v);
	board_lapic_effects(v, &fx);
	vm_unlock(v->vm);
	return NEXT_RESUME;
}

/* Registers that count, or that there are none, and accesses of other widths. */
enum exit_next exit_apic_access(struct vcpu *v, const struct exit *x)
{
	struct emul_hint hint = {
		.is_valid = true,
		.is_write = x->apic.is_write,
		.gpa = GPA((v->lapic.base & APIC_BASE_ADDRESS) + x->apic.offset),
	};

	if (x->apic.is_fetch || x->apic.is_event) {
		vm_fault(v, x, "%s the local APIC's registers at %#lx",
			 x->apic.is_fetch ? "instruction fetch from" : "delivery of an event by", hint.gpa.v);
		return NEXT_LEAVE;
	}
	return vcpu_emulate(v, &hint);
}

enum exit_next exit_ipi(struct vcpu *v, const struct exit *x)
{
	(void)x;
	vm_lock(v->vm);
	lapic_page_command_sent(v->hvm.apic_page);
	apicv_table_wake(v->vm);
	vm_unlock(v->vm);
	return NEXT_RESUME;
}

enum exit_next exit_virtual_eoi(struct vcpu *v, const struct exit *x)
{
	struct lapic_effects fx;

	vm_lock(v->vm);
	apicv_command_take(v);
	lapic_level_ended(&v->lapic, x->apic.vector, &fx);
	apicv_refresh(v);
	board_lapic_effects(v, &fx);
	vm_unlock(v->vm);
	return NEXT_RESUME;
}
