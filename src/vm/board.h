/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mainboard of a VM: which device answers which port and address, which line goes where, and when a device next
 * wants time to be looked at. Devices know none of this, and none of each other.
 *
 * The VM is locked (vm_lock()) in all calls but those that lock it themselves: port and memory accesses, and the tick.
 */
#ifndef ETERNA_VM_BOARD_H
#define ETERNA_VM_BOARD_H

#include "base/err.h"
#include "dev/acpi_pm.h"
#include "dev/chipset.h"
#include "dev/edge_debt.h"
#include "dev/hpet.h"
#include "dev/ioapic.h"
#include "dev/kbc.h"
#include "dev/lapic.h"
#include "dev/pci_host.h"
#include "dev/pic.h"
#include "dev/pit.h"
#include "dev/rtc.h"
#include "dev/testdev.h"
#include "dev/uart.h"

struct vm;
struct vcpu;

/* Interrupt lines, by their number at the 8259 pair; the I/O APIC has IRQ 0 at pin 2 (MADT, Interrupt Source Override).
 */
enum board_irq { IRQ_PIT = 0, IRQ_KEYBOARD = 1, IRQ_COM2 = 3, IRQ_COM1 = 4, IRQ_RTC = 8, IRQ_SCI = 9, IRQ_MOUSE = 12 };

/* Serial ports; COM1 is number 0, and always there. The odd ones share one interrupt, as do the even ones. */
#define BOARD_COMS 4
#define BOARD_COM1_PORT 0x3f8
#define BOARD_COM_REGISTERS 8

static inline u16 board_com_port(u32 com)
{
	static const u16 ports[BOARD_COMS] = {BOARD_COM1_PORT, 0x2f8, 0x3e8, 0x2e8};

	return ports[com];
}

struct board {
	struct pic pic;
	struct ioapic ioapic;
	struct pit pit;
	struct rtc rtc;
	struct hpet hpet;
	struct acpi_pm acpi_pm;
	struct kbc kbc;
	struct chipset chipset;
	struct pci_host pci;
	struct uart uart[BOARD_COMS];
	struct testdev testdev;
	struct testdev_ram *testdev_ram; /* NULL: the VM has no test device */
	u32 isa_lines;                   /* bit n: a device asserts IRQ n */
	u32 testdev_lines;               /* bit n: pc-testdev asserts GSI n */
	u32 hpet_lines;                  /* bit n: a HPET timer asserts I/O APIC pin n */
	struct edge_debt tick_debt;      /* edges of IRQ 0, from the PIT or the HPET */
	bool tick_is_silent;             /* IRQ 0 is masked, and nobody looks at the PIT's edges (board_tick_look()) */
	u64 next_event_ns;               /* of all devices */
};

/*
 * Power-up state of all devices. `wall_seconds`: what the clock shows, seconds since 1970. With the test device, whose
 * memory comes from the pool: ERR_NOMEM.
 */
err_t board_init(struct vm *vm, u64 wall_seconds) MUST_CHECK;
void board_fini(struct vm *vm);

/* Write the ACPI tables into the guest's memory; *rsdp_gpa tells where they begin. Context: its memory is loaded. */
err_t board_place_tables(struct vm *vm, u64 *rsdp_gpa) MUST_CHECK;

/* A port access of `bytes` 1, 2 or 4 by vcpu `v`; ports that nobody has read as ones. Locks the VM. */
u32 board_port_read(struct vcpu *v, u16 port, u32 bytes);
void board_port_write(struct vcpu *v, u16 port, u32 bytes, u32 value);

/* A memory access that is not RAM, within one page. Locks the VM. */
void board_memory_read(struct vcpu *v, gpa_t gpa, void *buf, u32 bytes);
void board_memory_write(struct vcpu *v, gpa_t gpa, const void *buf, u32 bytes);

/*
 * Let the vcpu's local APIC, and with vcpu 0 the devices, see the time: deliver what is due, and find out when to be
 * called next. Locks the VM. Context: the vcpu's CPU.
 */
void board_tick(struct vcpu *v);

/* When the devices want to see the time, in the VM's nanoseconds; the local APICs say that for themselves. */
static inline u64 board_next_event(const struct board *b)
{
	return b->next_event_ns;
}

/* Something moved a device's next event; look at all of them before the next entry. */
void board_retime(struct vm *vm);

/* The 8259 pair has an interrupt for this vcpu; acknowledge it. */
bool board_has_extint(const struct vcpu *v);
u8 board_ack_extint(struct vcpu *v);

/* Send a message to the local APICs it is for. False: nobody accepted it. */
bool board_deliver(struct vm *vm, const struct apic_msg *msg);

/* See to what a local APIC wants done (enum lapic_flag, effects). */
void board_lapic_effects(struct vcpu *v, const struct lapic_effects *fx);
void board_lapic_flags(struct vcpu *v, u32 flags, u8 startup_vector);

/* Press the guest's power button. */
void board_press_power_button(struct vm *vm);

/* Bytes were taken from a serial port: see to its interrupt. */
void board_uart_retime(struct vm *vm);

/*
 * A byte was typed for the VM at a serial port that it has. False: the guest is not ready for it, try again when the
 * host loop's work is asked for, which is done once the port is ready and empty. It is ready when there is room and it
 * raised RTS, as a terminal with flow control expects: what is typed before a driver has set the port up would be lost
 * when that clears the FIFO.
 */
bool board_console_type(struct vm *vm, u32 com, u8 byte);

#endif
