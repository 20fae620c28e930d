// SPDX-License-Identifier: Apache-2.0
// PM1 registers and the PM timer, as the ACPI specification's fixed hardware chapter has them.
#include "dev/acpi_pm.h"

#include "dev/rate.h"

#include "base/bits.h"
#include "base/mem.h"

#define PM1_TIMER 0x0001
#define PM1_GLOBAL_LOCK 0x0020
#define PM1_POWER_BUTTON 0x0100
#define PM1_SLEEP_BUTTON 0x0200
#define PM1_RTC 0x0400
#define PM1_EVENTS (PM1_TIMER | PM1_GLOBAL_LOCK | PM1_POWER_BUTTON)
/* Drivers expect to read back the enables of the events that never come, too. */
#define PM1_ENABLES (PM1_EVENTS | PM1_SLEEP_BUTTON | PM1_RTC)

#define CONTROL_SCI_EN 0x0001
#define CONTROL_BM_RLD 0x0002
#define CONTROL_SLP_TYP 0x1c00ull
#define CONTROL_SLP_EN 0x2000
#define CONTROL_KEPT (CONTROL_BM_RLD | CONTROL_SLP_TYP)

#define DESC_STRUCT struct acpi_pm
DESC_DEFINE(acpi_pm, ACPI_PM_FIELDS, 1);
#undef DESC_STRUCT

void acpi_pm_reset(struct acpi_pm *p, bool timer_32bit, u64 now_ns)
{
	*p = (struct acpi_pm){.timer_32bit = timer_32bit, .synced_tick = rate_ticks(now_ns, ACPI_PM_HZ)};
}

bool acpi_pm_valid(const struct acpi_pm *p)
{
	return !(p->status & ~PM1_EVENTS) && !(p->enable & ~PM1_ENABLES) && !(p->control & ~CONTROL_KEPT);
}

/* The timer's highest bit turns at each multiple of this. */
static u64 half_turn(const struct acpi_pm *p)
{
	return p->timer_32bit ? BIT(31) : BIT(23);
}

static u16 status_at(const struct acpi_pm *p, u64 tick)
{
	bool turned = tick / half_turn(p) != p->synced_tick / half_turn(p);

	return p->status | (turned ? PM1_TIMER : 0);
}

static void acpi_pm_sync(struct acpi_pm *p, u64 now_ns)
{
	u64 tick = rate_ticks(now_ns, ACPI_PM_HZ);

	p->status = status_at(p, tick);
	p->synced_tick = tick;
}

static u32 timer_value(const struct acpi_pm *p, u64 tick)
{
	return (u32)(tick & (2 * half_turn(p) - 1));
}

bool acpi_pm_sci(const struct acpi_pm *p, u64 now_ns)
{
	return status_at(p, rate_ticks(now_ns, ACPI_PM_HZ)) & p->enable;
}

u64 acpi_pm_next_event(const struct acpi_pm *p, u64 now_ns)
{
	u64 tick = rate_ticks(now_ns, ACPI_PM_HZ);

	if (!(p->enable & PM1_TIMER) || acpi_pm_sci(p, now_ns))
		return NEVER;
	return rate_start_ns((tick / half_turn(p) + 1) * half_turn(p), ACPI_PM_HZ);
}

void acpi_pm_press_power_button(struct acpi_pm *p)
{
	p->status |= PM1_POWER_BUTTON;
}

u32 acpi_pm_read(struct acpi_pm *p, u16 offset, unsigned bytes, u64 now_ns)
{
	u8 image[ACPI_PM_PORTS + 4] = {0};

	acpi_pm_sync(p, now_ns);
	store_u16(image + ACPI_PM_EVENT, p->status);
	store_u16(image + ACPI_PM_EVENT + 2, p->enable);
	store_u16(image + ACPI_PM_CONTROL, p->control | CONTROL_SCI_EN);
	store_u32(image + ACPI_PM_TIMER, timer_value(p, p->synced_tick));
	return load_u32(image + offset % ACPI_PM_PORTS) & (u32)bits_byte_mask(bytes);
}

/* SLP_TYP as it stands when SLP_EN is written decides; we know S5 alone. */
static enum power_request write_control(struct acpi_pm *p, u16 value)
{
	p->control = value & CONTROL_KEPT;
	if ((value & CONTROL_SLP_EN) && GET(CONTROL_SLP_TYP, value) == ACPI_PM_SLP_TYP_S5)
		return POWER_OFF;
	return POWER_NONE;
}

enum power_request acpi_pm_write(struct acpi_pm *p, u16 offset, unsigned bytes, u32 value, u64 now_ns)
{
	u8 image[ACPI_PM_PORTS + 4] = {0};

	/* bytes that are not written leave their registers alone: clear no status, keep enable and control */
	acpi_pm_sync(p, now_ns);
	store_u16(image + ACPI_PM_EVENT + 2, p->enable);
	store_u16(image + ACPI_PM_CONTROL, p->control);
	offset %= ACPI_PM_PORTS;
	for (unsigned i = 0; i < bytes; i++)
		image[offset + i] = (u8)(value >> 8 * i);

	p->status &= (u16)~load_u16(image + ACPI_PM_EVENT);
	p->enable = load_u16(image + ACPI_PM_EVENT + 2) & PM1_ENABLES;
	return write_control(p, load_u16(image + ACPI_PM_CONTROL));
}
