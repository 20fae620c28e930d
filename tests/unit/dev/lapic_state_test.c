// SPDX-License-Identifier: Apache-2.0
// Local APIC: saved and restored at any moment, it goes on as if nothing had been; random stimuli keep the invariant.
#include "unit/dev/lapic_guest.h"
#include "unit/dev/saved_copy.h"

struct stimulus {
	unsigned action;
	u32 offset, msr, value;
	u64 wide, now_ns;
};

struct outcome {
	u64 values[4];
};

static const struct lapic_clock clock_3ghz = {.tsc_khz = 2995200, .tsc_at_zero = 12345};

static u32 random_u32(void)
{
	return (u32)rand() << 16 ^ (u32)rand();
}

/* Registers that matter are hit often, and values are often plausible. */
static struct stimulus random_stimulus(u64 now_ns)
{
	static const u32 masks[] = {0xff, 0x1ff, 0x700ff, 0x0000ffff, 0xffffffff, 0x000ccfff};
	u32 reg = random_u32() % 0x41;

	return (struct stimulus){
		.action = (unsigned)rand() % 16,
		.offset = reg * 16 + (rand() % 16 ? 0 : random_u32() % 16),
		.msr = 0x800 + reg,
		.value = random_u32() & masks[rand() % 6],
		.wide = rand() % 4 ? 0 : (u64)random_u32() << 32,
		.now_ns = now_ns,
	};
}

/* Rarely: a mode. */
static u64 random_base(const struct stimulus *s)
{
	static const u64 bases[] = {0xfee00900, 0xfee00d00, 0xfee00100, 0xfed00900};

	return bases[s->value % 4];
}

static struct outcome apply(struct lapic *l, const struct stimulus *s)
{
	struct lapic_effects fx = {0};
	struct outcome out = {0};
	struct apic_msg msg = {.destination = s->value,
			       .vector = (u8)s->offset,
			       .delivery = s->value >> 8 & 7,
			       .logical = s->value >> 11 & 1,
			       .level = s->value >> 12 & 1,
			       .wide = s->value >> 13 & 1};

	switch (s->action) {
	case 0 ... 2:
		lapic_mmio_write(l, s->offset, s->value, s->now_ns, &fx);
		break;
	case 3:
		out.values[0] = lapic_mmio_read(l, s->offset, s->now_ns);
		break;
	case 4 ... 6:
		out.values[0] = (u64)lapic_msr_write(l, s->msr, s->value | s->wide, s->now_ns, &fx);
		break;
	case 7:
		out.values[0] = (u64)lapic_msr_read(l, s->msr, s->now_ns, &out.values[1]);
		break;
	case 8:
		out.values[0] = lapic_is_destination(l, &msg) ? lapic_accept(l, &msg) : 77;
		break;
	case 9:
		msg.delivery = APIC_FIXED;
		out.values[0] = lapic_accept(l, &msg);
		break;
	case 10:
	case 11:
		if (lapic_pending_vector(l))
			lapic_ack(l, lapic_pending_vector(l));
		break;
	case 12:
		out.values[0] = lapic_lint_set(l, s->value & 1, s->value & 2);
		break;
	case 13:
		out.values[0] = lapic_deadline_write(l, s->now_ns * 3 + s->value, s->now_ns, &clock_3ghz);
		out.values[1] = lapic_deadline_read(l, s->now_ns);
		break;
	case 14:
		if (s->offset % 8 == 0)
			out.values[0] = (u64)lapic_base_write(l, random_base(s), &fx);
		else if (s->offset % 64 == 1)
			lapic_init_signal(l);
		else
			lapic_set_cr8(l, s->value & 15);
		break;
	default:
		out.values[0] = lapic_local_raise(l, s->value & 1 ? LAPIC_LVT_PERF : LAPIC_LVT_THERMAL);
		out.values[1] = lapic_deadline_retime(l, s->now_ns, &clock_3ghz);
		break;
	}
	out.values[2] = fx.flags | (u64)fx.eoi_vector << 32 | (u64)fx.ipi.vector << 40 | (u64)fx.ipi.shorthand << 48;
	out.values[3] = fx.ipi.destination;
	return out;
}

static void check_same(const struct lapic *a, const struct lapic *b)
{
	assert_true(saved_equal(&lapic_desc, a, b));
	assert_int_equal(lapic_pending_vector(a), lapic_pending_vector(b));
	assert_int_equal(lapic_next_event(a), lapic_next_event(b));
	assert_int_equal(lapic_arbitrate(a), lapic_arbitrate(b));
	assert_int_equal(lapic_tpr_threshold(a), lapic_tpr_threshold(b));
	assert_int_equal(lapic_extint_accepted(a), lapic_extint_accepted(b));
}

static void a_restored_apic_behaves_identically(void **state)
{
	struct guest g = guest_enabled(0x21);
	struct lapic copy;
	u64 now_ns = g.now_ns;

	(void)state;
	srand(42);
	for (int i = 0; i < 200000; i++) {
		struct stimulus s = random_stimulus(now_ns += (u64)rand() % 20000);

		if (i % 8 == 0)
			saved_copy(&lapic_desc, &g.l, &copy);

		struct outcome a = apply(&g.l, &s), b = apply(&copy, &s);

		assert_memory_equal(&a, &b, sizeof(a));
		assert_int_equal(lapic_tick(&g.l, now_ns), lapic_tick(&copy, now_ns));
		assert_true(lapic_valid(&g.l));
		assert_true(lapic_next_event(&g.l) > now_ns);
		if (i % 8 == 7)
			check_same(&g.l, &copy);
		if (i % 1000 == 0) { /* out of dead ends: disabled modes, a full ISR */
			lapic_reset(&g.l, true);
			g.l.svr |= 0x100;
			copy = g.l;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_restored_apic_behaves_identically)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
