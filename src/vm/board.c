// SPDX-License-Identifier: Apache-2.0
// The board's power-up, its time and its console.
#include "vm/board.h"

#include "base/mem.h"
#include "host/memory.h"
#include "vm/apicv.h"
#include "vm/board_priv.h"
#include "vm/gpa.h"
#include "vm/vm.h"

#define IOAPIC_ID 0
#define UART_MCR_RTS BIT(1)

static u32 testdev_pages(void)
{
	return pool_pages(sizeof(struct testdev_ram));
}

err_t board_init(struct vm *vm, u64 wall_seconds)
{
	struct board *b = &vm->board;
	u64 now = vm_now_ns(vm);

	memset(b, 0, sizeof(*b));
	pic_init(&b->pic);
	ioapic_init(&b->ioapic, IOAPIC_ID);
	b->ioapic.has_extended_destination = vnuma_has_wide_ids(&vm->numa);
	pit_reset(&b->pit, now);
	rtc_init(&b->rtc, (s64)wall_seconds, now);
	rtc_set_memory(&b->rtc, vm->low_bytes, vm->high_bytes);
	hpet_reset(&b->hpet);
	acpi_pm_reset(&b->acpi_pm, true, now);
	kbc_reset(&b->kbc);
	chipset_reset(&b->chipset);
	pci_host_reset(&b->pci);
	for (u32 i = 0; i < BOARD_COMS; i++)
		uart_reset(&b->uart[i]);
	testdev_reset(&b->testdev);
	if (vm->has_testdev) {
		b->testdev_ram = pool_alloc(memory_pool(), testdev_pages());
		if (!b->testdev_ram)
			return ERR_NOMEM;
	}
	return OK;
}

void board_fini(struct vm *vm)
{
	if (vm->board.testdev_ram)
		pool_free(memory_pool(), vm->board.testdev_ram, testdev_pages());
	vm->board.testdev_ram = NULL;
}

static void event_consider(struct vm *vm, u64 event_ns)
{
	vm->board.next_event_ns = MIN(vm->board.next_event_ns, event_ns);
}

/* Is IRQ 0 to rise now, `edges` of its source after the last call? */
static bool tick_take(struct vm *vm, u32 edges, u64 now_ns)
{
	struct edge_debt *d = &vm->board.tick_debt;
	bool is_given;

	if (!edges && !d->count)
		return false;
	is_given = edge_debt_take(d, edges, board_tick_waits(vm), now_ns);
	event_consider(vm, edge_debt_next(d));
	return is_given;
}

/*
 * Firmware leaves the PIT ticking, and who has a better timer masks it and lets it tick: its edges, which request one
 * interrupt at most, are then not worth an exit each. Those that a guest is owed still come one by one.
 */
void board_pit_update(struct vm *vm, u64 now_ns)
{
	struct board *b = &vm->board;
	struct pit *p = &b->pit;
	u32 edges = pit_irq0_edges(p, now_ns);
	bool level = pit_irq0(p, now_ns);

	/* With legacy replacement on, IRQ 0 and IRQ 8 are the HPET's. */
	if (hpet_is_legacy(&b->hpet))
		return;
	if (tick_take(vm, b->tick_is_silent ? MIN(edges, 1u) : edges, now_ns))
		board_pulse_irq(vm, IRQ_PIT);
	board_set_irq(vm, IRQ_PIT, level);
	b->tick_is_silent = board_tick_is_masked(vm) && !b->tick_debt.count;
	if (!b->tick_is_silent)
		event_consider(vm, pit_next_edge(p, now_ns));
}

void board_tick_look(struct vm *vm)
{
	if (vm->board.tick_is_silent)
		board_pit_update(vm, vm_now_ns(vm));
}

void board_rtc_update(struct vm *vm, u64 now_ns)
{
	if (hpet_is_legacy(&vm->board.hpet))
		return;
	board_set_irq(vm, IRQ_RTC, rtc_irq(&vm->board.rtc, now_ns));
	event_consider(vm, rtc_next_event(&vm->board.rtc, now_ns));
}

/* The HPET speaks of I/O APIC pins; in legacy replacement pins 2 and 8 are IRQ 0 and IRQ 8 of the 8259s as well. */
#define LEGACY_PINS ((u32)(BIT(2) | BIT(8)))

static void hpet_drive(struct vm *vm, u32 pins)
{
	bool is_legacy = hpet_is_legacy(&vm->board.hpet);

	board_set_hpet_lines(vm, is_legacy ? pins & ~LEGACY_PINS : pins);
	if (!is_legacy)
		return;
	board_set_irq(vm, IRQ_PIT, pins & BIT(2));
	board_set_irq(vm, IRQ_RTC, pins & BIT(8));
}

void board_hpet_update(struct vm *vm, u64 now_ns)
{
	struct hpet *h = &vm->board.hpet;
	u32 pulses = hpet_take_pulses(h, now_ns);
	u32 ticks = hpet_take_ticks(h);
	u32 levels = hpet_levels(h, now_ns);

	if (hpet_is_legacy(h))
		pulses = (pulses & ~(u32)BIT(2)) | (tick_take(vm, ticks, now_ns) ? (u32)BIT(2) : 0);
	if (pulses) {
		hpet_drive(vm, levels & ~pulses);
		hpet_drive(vm, levels | pulses);
	}
	hpet_drive(vm, levels);
	event_consider(vm, hpet_next_event(h, now_ns));
}

void board_pm_update(struct vm *vm, u64 now_ns)
{
	board_set_irq(vm, IRQ_SCI, acpi_pm_sci(&vm->board.acpi_pm, now_ns));
	event_consider(vm, acpi_pm_next_event(&vm->board.acpi_pm, now_ns));
}

void board_press_power_button(struct vm *vm)
{
	acpi_pm_press_power_button(&vm->board.acpi_pm);
	board_pm_update(vm, vm_now_ns(vm));
}

void board_kbc_update(struct vm *vm)
{
	board_set_irq(vm, IRQ_KEYBOARD, kbc_irq1(&vm->board.kbc));
	board_set_irq(vm, IRQ_MOUSE, kbc_irq12(&vm->board.kbc));
}

/* COM1 and COM3 have one line, COM2 and COM4 the other: its level is that of either. */
void board_uart_update(struct vm *vm, u64 now_ns)
{
	bool level[2] = {false, false};

	for (u32 mask = vm->com_mask; mask; mask &= mask - 1) {
		u32 com = bit_lowest(mask);
		const struct uart *u = &vm->board.uart[com];

		level[com & 1] |= uart_irq(u, now_ns);
		event_consider(vm, uart_next_event(u, now_ns));
	}
	board_set_irq(vm, IRQ_COM1, level[0]);
	board_set_irq(vm, IRQ_COM2, level[1]);
}

void board_retime(struct vm *vm)
{
	u64 now = vm_now_ns(vm);

	vm->board.next_event_ns = NEVER;
	board_pit_update(vm, now);
	board_rtc_update(vm, now);
	board_hpet_update(vm, now);
	board_pm_update(vm, now);
	board_uart_update(vm, now);
}

void board_tick(struct vcpu *v)
{
	struct vm *vm = v->vm;
	u64 now = vm_now_ns(vm);
	bool is_board_due = !v->index && now >= vm->board.next_event_ns;

	if (now < lapic_next_event(&v->lapic) && !is_board_due)
		return;
	vm_lock(vm);
	apicv_timer_settle(v);
	board_lapic_flags(v, lapic_tick(&v->lapic, now), 0);
	if (is_board_due)
		board_retime(vm);
	vm_unlock(vm);
}

void board_uart_retime(struct vm *vm)
{
	board_uart_update(vm, vm_now_ns(vm));
}

bool board_uart_is_ready(const struct uart *u)
{
	return (u->mcr & UART_MCR_RTS) && uart_rx_room(u);
}

bool board_console_type(struct vm *vm, u32 com, u8 byte)
{
	struct uart *u = &vm->board.uart[com];
	u64 now = vm_now_ns(vm);

	if (!board_uart_is_ready(u)) {
		vm->input_waits |= 1u << com;
		return false;
	}
	uart_receive(u, byte, now);
	board_uart_update(vm, now);
	return true;
}
