/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI fixed hardware: PM1 event and control registers and the power management timer, in one block of ports. */
#ifndef ETERNA_DEV_ACPI_PM_H
#define ETERNA_DEV_ACPI_PM_H

#include "dev/power.h"

#include "base/fields.h"

/* The block's ports: where QEMU's q35 has them, so that power-off code written for it works. */
#define ACPI_PM_PORT 0x600
#define ACPI_PM_PORTS 16
#define ACPI_PM_EVENT 0   /* PM1a_EVT: status, then enable, 2 bytes each */
#define ACPI_PM_CONTROL 4 /* PM1a_CNT, 2 bytes */
#define ACPI_PM_TIMER 8   /* PM_TMR, 4 bytes */

#define ACPI_PM_HZ 3579545ull
#define ACPI_PM_SCI 9        /* ISA interrupt, level, active high */
#define ACPI_PM_SLP_TYP_S5 0 /* what _S5 in the DSDT says */

#define ACPI_PM_FIELDS(F, A, S)                                                                                        \
	F(u16, status, "PM1 status; the timer's bit up to synced_tick")                                                \
	F(u16, enable, "PM1 enable")                                                                                   \
	F(u16, control, "PM1 control: BM_RLD and SLP_TYP as written; SCI_EN is always 1")                              \
	F(bool, timer_32bit, "width of the timer: 32 bits, else 24")                                                   \
	F(u64, synced_tick, "timer ticks that status is brought up to")

struct acpi_pm {
	ACPI_PM_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc acpi_pm_desc;

/* The state after a reset. The machine is in ACPI mode from the start: there is no SMI to switch it. */
void acpi_pm_reset(struct acpi_pm *p, bool timer_32bit, u64 now_ns);

bool acpi_pm_valid(const struct acpi_pm *p);

/*
 * Access 1, 2 or 4 bytes at `offset` from ACPI_PM_PORT; bytes outside the registers read 0 and ignore writes.
 * `now_ns` never goes back and stays below 2^62. A write returns POWER_OFF when it enters S5, else POWER_NONE.
 * Source: ACPI specification, "ACPI Hardware Specification: Fixed Hardware Features, Registers".
 */
u32 acpi_pm_read(struct acpi_pm *p, u16 offset, unsigned bytes, u64 now_ns);
enum power_request acpi_pm_write(struct acpi_pm *p, u16 offset, unsigned bytes, u32 value, u64 now_ns);

/* Level of the SCI, and when it may rise by time alone, after now_ns (NEVER if it will not). */
bool acpi_pm_sci(const struct acpi_pm *p, u64 now_ns);
u64 acpi_pm_next_event(const struct acpi_pm *p, u64 now_ns);

/* The host presses the guest's power button. */
void acpi_pm_press_power_button(struct acpi_pm *p);

#endif
