// SPDX-License-Identifier: Apache-2.0
// Which device answers which guest-physical address.
#include "base/bits.h"
#include "base/mem.h"
#include "vm/apicv.h"
#include "vm/board_priv.h"
#include "vm/vcpu.h"

/* A 32-bit register device's answer to an access of any size at any offset within its dwords. */
static void give_part(u32 value, gpa_t gpa, void *buf, u32 bytes)
{
	u8 part[4];

	store_u32(part, value);
	memset(buf, 0, bytes);
	memcpy(buf, part + gpa.v % 4, MIN(bytes, 4 - (u32)(gpa.v % 4)));
}

static bool is_lapic(const struct vcpu *v, gpa_t gpa)
{
	return (v->lapic.base & BIT(11)) && (v->lapic.base & BITS(51, 12)) == ALIGN_DOWN(gpa.v, PAGE_BYTES);
}

static bool is_ioapic(gpa_t gpa)
{
	return ALIGN_DOWN(gpa.v, PAGE_BYTES) == IOAPIC_BASE;
}

static bool is_hpet(gpa_t gpa)
{
	return gpa.v >= HPET_BASE && gpa.v < HPET_BASE + HPET_BYTES;
}

static void hpet_load(struct vcpu *v, u32 offset, void *buf, u32 bytes)
{
	u8 value[8];

	store_u64(value, hpet_read(&v->vm->board.hpet, offset, MIN(bytes, 8), vm_now_ns(v->vm)));
	memset(buf, 0, bytes);
	memcpy(buf, value, MIN(bytes, 8));
}

static void hpet_store(struct vcpu *v, u32 offset, const void *buf, u32 bytes)
{
	u64 now = vm_now_ns(v->vm);
	u8 value[8] = {0};

	memcpy(value, buf, MIN(bytes, 8));
	hpet_write(&v->vm->board.hpet, offset, MIN(bytes, 8), load_u64(value), now);
	edge_debt_forgive(&v->vm->board.tick_debt);
	board_hpet_update(v->vm, now);
}

static bool is_testdev(const struct vm *vm, gpa_t gpa)
{
	return vm->board.testdev_ram && gpa.v >= TESTDEV_RAM_BASE && gpa.v < TESTDEV_RAM_BASE + TESTDEV_RAM_BYTES;
}

/* At most 8 bytes at once, in the device's words. */
static void testdev_load(struct vm *vm, gpa_t gpa, u8 *buf, u32 bytes)
{
	for (u32 done = 0; done < bytes; done += 8) {
		u32 part = MIN(bytes - done, 8);
		u8 value[8];

		store_u64(value, testdev_ram_read(vm->board.testdev_ram, (u32)(gpa.v - TESTDEV_RAM_BASE) + done, part));
		memcpy(buf + done, value, part);
	}
}

static void testdev_store(struct vm *vm, gpa_t gpa, const u8 *buf, u32 bytes)
{
	for (u32 done = 0; done < bytes; done += 8) {
		u32 part = MIN(bytes - done, 8);
		u8 value[8] = {0};

		memcpy(value, buf + done, part);
		testdev_ram_write(vm->board.testdev_ram, (u32)(gpa.v - TESTDEV_RAM_BASE) + done, part, load_u64(value));
	}
}

/* Reading a register that is not there may make the local APIC ask for its error interrupt. */
static u32 lapic_load(struct vcpu *v, gpa_t gpa)
{
	u32 value;

	vcpu_tpr_fetch(v);
	apicv_borrow(v);
	value = lapic_mmio_read(&v->lapic, (u32)(gpa.v % PAGE_BYTES), vm_now_ns(v->vm));
	if (lapic_pending_vector(&v->lapic))
		vcpu_kick(v, PENDING_INTERRUPT);
	apicv_return(v);
	return value;
}

static void memory_read(struct vcpu *v, gpa_t gpa, void *buf, u32 bytes)
{
	if (is_lapic(v, gpa))
		give_part(lapic_load(v, gpa), GPA(0), buf, bytes);
	else if (is_ioapic(gpa))
		give_part(ioapic_mmio_read(&v->vm->board.ioapic, (u32)(gpa.v % PAGE_BYTES)), GPA(0), buf, bytes);
	else if (is_hpet(gpa))
		hpet_load(v, (u32)(gpa.v - HPET_BASE), buf, bytes);
	else if (is_testdev(v->vm, gpa))
		testdev_load(v->vm, gpa, buf, bytes);
	else
		memset(buf, 0xff, bytes);
}

void board_memory_read(struct vcpu *v, gpa_t gpa, void *buf, u32 bytes)
{
	vm_lock(v->vm);
	memory_read(v, gpa, buf, bytes);
	vm_unlock(v->vm);
}

static void lapic_store(struct vcpu *v, u32 offset, u32 value)
{
	struct lapic_effects fx;

	vcpu_tpr_fetch(v);
	apicv_borrow(v);
	lapic_mmio_write(&v->lapic, offset, value, vm_now_ns(v->vm), &fx);
	apicv_return(v);
	if (apicv_has_ipis(v))
		apicv_registers_changed(v);
	if (apicv_has_tables && !apicv_is_lent(v))
		apicv_table_begin(v);
	vcpu_tpr_store(v);
	board_lapic_effects(v, &fx);
}

static void ioapic_store(struct vcpu *v, u32 offset, u32 value)
{
	struct ioapic_effects fx;

	board_tick_look(v->vm);
	ioapic_mmio_write(&v->vm->board.ioapic, offset, value, &fx);
	board_send_ioapic_effects(v->vm, &fx);
	board_tick_look(v->vm);
}

static void memory_write(struct vcpu *v, gpa_t gpa, const void *buf, u32 bytes)
{
	u32 offset = (u32)(gpa.v % PAGE_BYTES);

	if (is_lapic(v, gpa) && bytes >= 4)
		lapic_store(v, offset, load_u32(buf));
	else if (is_ioapic(gpa) && bytes >= 4)
		ioapic_store(v, offset, load_u32(buf));
	else if (is_hpet(gpa))
		hpet_store(v, (u32)(gpa.v - HPET_BASE), buf, bytes);
	else if (is_testdev(v->vm, gpa))
		testdev_store(v->vm, gpa, buf, bytes);
}

void board_memory_write(struct vcpu *v, gpa_t gpa, const void *buf, u32 bytes)
{
	vm_lock(v->vm);
	memory_write(v, gpa, buf, bytes);
	vm_unlock(v->vm);
}
