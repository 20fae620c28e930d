// SPDX-License-Identifier: Apache-2.0
// Any accesses, messages and pins keep the local APIC's invariants; its timer fires exactly when it was announced.
#include "dev/lapic.h"

#include "base/assert.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

#define STEP_BYTES 8
static const struct lapic_clock tsc = {.tsc_khz = 2995200, .tsc_at_zero = 1000};

static void check_effects(const struct lapic_effects *fx)
{
	if (fx->flags & LAPIC_IPI)
		ASSERT(fx->ipi.delivery < 8 && fx->ipi.shorthand < 4 && (fx->ipi.wide || fx->ipi.destination < 256));
	if (fx->flags & LAPIC_EOI)
		ASSERT(fx->eoi_vector >= 16);
}

static void receive(struct lapic *l, const u8 *in)
{
	struct apic_msg msg = apic_msg_from_msi(load_u32(in + 2), load_u16(in + 6), in[1] & 8);

	msg.shorthand = in[1] & 3;
	msg.wide = in[1] & 4;
	if (!lapic_is_destination(l, &msg))
		return;
	if (msg.delivery == APIC_LOWEST && lapic_arbitrate(l) == LAPIC_ARBITRATE_NEVER)
		ASSERT(!lapic_accept(l, &msg));
	else
		(void)lapic_accept(l, &msg);
}

static void access_registers(struct lapic *l, const u8 *in, u64 now_ns)
{
	struct lapic_effects fx = {0};
	u32 value = load_u32(in + 4);
	u64 wide = value | (u64)in[3] << 56;

	switch (in[0] >> 1 & 3) {
	case 0:
		(void)lapic_mmio_read(l, load_u16(in + 1) & 0xfff, now_ns);
		break;
	case 1:
		lapic_mmio_write(l, load_u16(in + 1) & 0xfff, value, now_ns, &fx);
		break;
	case 2:
		if (lapic_msr_read(l, 0x800u + in[1], now_ns, &wide))
			ASSERT(wide == (value | (u64)in[3] << 56));
		break;
	default:
		if (lapic_msr_write(l, 0x800u + in[1], wide, now_ns, &fx))
			ASSERT(!fx.flags);
		break;
	}
	check_effects(&fx);
}

static void step(struct lapic *l, const u8 *in, u64 now_ns)
{
	struct lapic_effects fx;
	u32 value = load_u32(in + 4);

	if (in[0] & 1) {
		access_registers(l, in, now_ns);
		return;
	}
	switch (in[0] >> 1 & 7) {
	case 0:
		receive(l, in);
		break;
	case 1:
		(void)lapic_lint_set(l, in[1] & 1, in[1] & 2);
		break;
	case 2:
		(void)lapic_deadline_write(l, tsc.tsc_at_zero + 3 * now_ns + value, now_ns, &tsc);
		break;
	case 3:
		if (lapic_base_write(l, 0xfee00000ull | (load_u16(in + 1) << 8 & 0xd00), &fx))
			ASSERT(!fx.flags);
		break;
	case 4:
		lapic_set_cr8(l, in[1] & 15);
		break;
	case 5:
		(void)lapic_local_raise(l, in[1] & 1 ? LAPIC_LVT_PERF : LAPIC_LVT_THERMAL);
		break;
	case 6:
		if (lapic_pending_vector(l))
			lapic_ack(l, lapic_pending_vector(l));
		break;
	default:
		if (in[1] < 4)
			lapic_init_signal(l);
		else if (in[1] < 8)
			lapic_virtual_wire(l);
		else
			(void)lapic_deadline_retime(l, now_ns, &tsc);
		break;
	}
}

static void check_time(const struct lapic *l, u64 now_ns)
{
	u64 next = lapic_next_event(l);
	struct lapic later = *l;

	ASSERT(next > now_ns);
	if (next == NEVER)
		return;
	ASSERT(!lapic_tick_due(&later, next - 1));
	ASSERT(later.pending == l->pending && lapic_next_event(&later) == next);
	ASSERT(lapic_tick(&later, next) & LAPIC_TIMER);
	ASSERT(lapic_valid(&later) && lapic_next_event(&later) > next);
}

/* What lapic_pending_vector() promises, from the registers alone. */
static void check_pending(const struct lapic *l)
{
	unsigned vector = lapic_pending_vector(l);

	if (!vector)
		return;
	ASSERT(vector >= 16 && (l->irr[vector / 64] >> vector % 64 & 1) && vector >> 4 > l->tpr >> 4u);
	ASSERT(lapic_tpr_threshold(l) == 0);
}

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	struct lapic_config config = {
		.apic_id = 5, .timer_hz = 25000000, .phys_bits = 39, .is_bsp = true, .has_x2apic = true};
	struct lapic l;
	u64 now_ns = 1000;

	if (!bytes)
		return 0;
	config.has_tsc_deadline = in[0] & 1;
	config.timer_hz = in[0] & 2 ? 33333333 : 25000000;
	config.starts_x2apic = in[0] & 4;
	config.apic_id = in[0] & 4 ? 0x1205 : 5;
	lapic_init(&l, &config);
	for (size_t i = 1; i + STEP_BYTES <= bytes; i += STEP_BYTES) {
		now_ns += 1ull << (in[i] >> 4 & 15);
		step(&l, in + i, now_ns);
		(void)lapic_tick(&l, now_ns);
		ASSERT(lapic_valid(&l));
		check_pending(&l);
		check_time(&l, now_ns);
	}
	return 0;
}
