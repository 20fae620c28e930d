/* SPDX-License-Identifier: Apache-2.0 */
/* What the board's own files share. */
#ifndef ETERNA_VM_BOARD_PRIV_H
#define ETERNA_VM_BOARD_PRIV_H

#include "vm/board.h"

/* Level of ISA interrupt line `irq`; a line that rose and fell meanwhile is pulsed. */
void board_set_irq(struct vm *vm, unsigned irq, bool level);
void board_pulse_irq(struct vm *vm, unsigned irq);

/* All pins that HPET timers assert; one that pc-testdev sets. */
void board_set_hpet_lines(struct vm *vm, u32 lines);
void board_set_testdev_gsi(struct vm *vm, unsigned gsi, bool level);

/* The 8259 pair's output may have changed. */
void board_intr_update(struct vm *vm);

void board_send_ioapic_effects(struct vm *vm, const struct ioapic_effects *fx);

/* Has the guest not yet taken the last edge of IRQ 0? Then another one would be lost. */
bool board_tick_waits(const struct vm *vm);

/* Can IRQ 0 rise without anybody hearing of it? */
bool board_tick_is_masked(const struct vm *vm);

/*
 * Before and after the guest reads or writes a register of the 8259 pair or of the I/O APIC, where a mask of IRQ 0 may
 * change or a request show: the PIT's edges that nobody looked at, and the next one.
 */
void board_tick_look(struct vm *vm);

/* Lines and next events of single devices after an access, cheaper than board_retime(). */
void board_pit_update(struct vm *vm, u64 now_ns);
void board_rtc_update(struct vm *vm, u64 now_ns);
void board_hpet_update(struct vm *vm, u64 now_ns);
void board_pm_update(struct vm *vm, u64 now_ns);
void board_kbc_update(struct vm *vm);
void board_uart_update(struct vm *vm, u64 now_ns);

/* Does the guest take what is typed at this port? */
bool board_uart_is_ready(const struct uart *u);

#endif
