/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest does with its local APIC, in few words, for the tests; every access checks the invariant. */
#ifndef ETERNA_TESTS_LAPIC_GUEST_H
#define ETERNA_TESTS_LAPIC_GUEST_H

#include "dev/lapic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Offsets and values as the manual's table has them, on purpose not those of the source. */
#define X_ID 0x20
#define X_VERSION 0x30
#define X_TPR 0x80
#define X_APR 0x90
#define X_PPR 0xa0
#define X_EOI 0xb0
#define X_LDR 0xd0
#define X_DFR 0xe0
#define X_SVR 0xf0
#define X_ISR 0x100
#define X_TMR 0x180
#define X_IRR 0x200
#define X_ESR 0x280
#define X_ICR 0x300
#define X_ICR_HIGH 0x310
#define X_LVT_TIMER 0x320
#define X_LVT_THERMAL 0x330
#define X_LVT_PERF 0x340
#define X_LVT_LINT0 0x350
#define X_LVT_LINT1 0x360
#define X_LVT_ERROR 0x370
#define X_TIMER_INITIAL 0x380
#define X_TIMER_CURRENT 0x390
#define X_TIMER_DIVIDE 0x3e0

#define BASE_RESET_BSP 0xfee00900ull
#define BASE_X2APIC 0xfee00d00ull

struct guest {
	struct lapic l;
	struct lapic_effects fx;
	u64 now_ns;
};

static inline struct lapic_config guest_config(u32 apic_id)
{
	return (struct lapic_config){.apic_id = apic_id,
				     .timer_hz = 25000000,
				     .phys_bits = 39,
				     .is_bsp = true,
				     .has_x2apic = true,
				     .has_tsc_deadline = true};
}

static inline struct guest guest_at_reset(u32 apic_id)
{
	struct guest g = {.now_ns = 1000000};
	struct lapic_config config = guest_config(apic_id);

	lapic_init(&g.l, &config);
	assert_true(lapic_valid(&g.l));
	return g;
}

static inline u32 guest_read(struct guest *g, u32 offset)
{
	u32 value = lapic_mmio_read(&g->l, offset, g->now_ns);

	assert_true(lapic_valid(&g->l));
	return value;
}

/* Returns the flags. */
static inline u32 guest_write(struct guest *g, u32 offset, u32 value)
{
	lapic_mmio_write(&g->l, offset, value, g->now_ns, &g->fx);
	assert_true(lapic_valid(&g->l));
	return g->fx.flags;
}

static inline err_t guest_wrmsr(struct guest *g, u32 msr, u64 value)
{
	err_t err = lapic_msr_write(&g->l, msr, value, g->now_ns, &g->fx);

	assert_true(lapic_valid(&g->l));
	return err;
}

static inline u64 guest_rdmsr(struct guest *g, u32 msr)
{
	u64 value = 0;

	assert_int_equal(lapic_msr_read(&g->l, msr, g->now_ns, &value), OK);
	assert_true(lapic_valid(&g->l));
	return value;
}

/* Software-enabled, as an OS has it. */
static inline struct guest guest_enabled(u32 apic_id)
{
	struct guest g = guest_at_reset(apic_id);

	guest_write(&g, X_SVR, 0x1ff);
	return g;
}

static inline struct guest guest_x2apic(u32 apic_id)
{
	struct guest g = guest_enabled(apic_id);

	assert_int_equal(lapic_base_write(&g.l, BASE_X2APIC, &g.fx), OK);
	return g;
}

static inline u32 guest_receive(struct guest *g, u8 vector, bool level)
{
	struct apic_msg msg = {.vector = vector, .delivery = APIC_FIXED, .level = level};
	u32 flags = lapic_accept(&g->l, &msg);

	assert_true(lapic_valid(&g->l));
	return flags;
}

/* The CPU takes what is pending; 0 if nothing is. */
static inline u8 guest_take(struct guest *g)
{
	u8 vector = lapic_pending_vector(&g->l);

	if (vector)
		lapic_ack(&g->l, vector);
	assert_true(lapic_valid(&g->l));
	return vector;
}

static inline bool guest_sees(struct guest *g, u32 bank, u8 vector)
{
	return guest_read(g, bank + vector / 32 * 16u) >> vector % 32 & 1;
}

#endif
