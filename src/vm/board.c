// SPDX-License-Identifier: Apache-2.0
// The board's power-up, its time and its console.
#include "vm/board.h"

#include "base/mem.h"
#include "host/console.h"
#include "vm/board_priv.h"
#include "vm/gpa.h"
#include "vm/vm.h"

#define IOAPIC_ID 0

void board_init(struct vm *vm, u64 wall_seconds)
{
	struct board *b = &vm->board;
	u64 now = vm_now_ns(vm);

	memset(b, 0, sizeof(*b));
	pic_init(&b->pic);
	ioapic_init(&b->ioapic, IOAPIC_ID);
	pit_reset(&b->pit, now);
	rtc_init(&b->rtc, (s64)wall_seconds, now);
	rtc_set_memory(&b->rtc, vm->low_bytes, vm->high_bytes);
	acpi_pm_reset(&b->acpi_pm, true, now);
	uart_reset(&b->uart);
}

static u64 earliest(u64 a, u64 b)
{
	return MIN(a, b);
}

static void event_consider(struct vm *vm, u64 event_ns)
{
	vm->board.next_event_ns = earliest(vm->board.next_event_ns, event_ns);
}

void board_pit_update(struct vm *vm, u64 now_ns)
{
	struct pit *p = &vm->board.pit;
	bool rose = pit_irq0_edges(p, now_ns);
	bool level = pit_irq0(p, now_ns);

	if (rose)
		board_pulse_irq(vm, IRQ_PIT);
	board_set_irq(vm, IRQ_PIT, level);
	event_consider(vm, pit_next_edge(p, now_ns));
}

void board_rtc_update(struct vm *vm, u64 now_ns)
{
	board_set_irq(vm, IRQ_RTC, rtc_irq(&vm->board.rtc, now_ns));
	event_consider(vm, rtc_next_event(&vm->board.rtc, now_ns));
}

void board_pm_update(struct vm *vm, u64 now_ns)
{
	board_set_irq(vm, IRQ_SCI, acpi_pm_sci(&vm->board.acpi_pm, now_ns));
	event_consider(vm, acpi_pm_next_event(&vm->board.acpi_pm, now_ns));
}

void board_uart_update(struct vm *vm, u64 now_ns)
{
	board_set_irq(vm, IRQ_COM1, uart_irq(&vm->board.uart, now_ns));
	event_consider(vm, uart_next_event(&vm->board.uart, now_ns));
}

void board_retime(struct vm *vm)
{
	u64 now = vm_now_ns(vm);

	vm->board.next_event_ns = NEVER;
	board_pit_update(vm, now);
	board_rtc_update(vm, now);
	board_pm_update(vm, now);
	board_uart_update(vm, now);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		event_consider(vm, lapic_next_event(&vm->vcpu[i]->lapic));
}

void board_tick(struct vm *vm)
{
	u64 now = vm_now_ns(vm);

	if (now < vm->board.next_event_ns)
		return;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		board_lapic_flags(vm->vcpu[i], lapic_tick(&vm->vcpu[i]->lapic, now), 0);
	board_retime(vm);
}

void board_console_pump(struct vm *vm)
{
	struct uart *u = &vm->board.uart;
	u8 byte;

	while (console_room() && uart_take_tx(u, &byte))
		if (vm->has_console)
			(void)console_try_put(byte);
	board_uart_update(vm, vm_now_ns(vm));
}

bool board_console_type(struct vm *vm, u8 byte)
{
	u64 now = vm_now_ns(vm);

	if (!uart_rx_room(&vm->board.uart))
		return false;
	uart_receive(&vm->board.uart, byte, now);
	board_uart_update(vm, now);
	return true;
}
