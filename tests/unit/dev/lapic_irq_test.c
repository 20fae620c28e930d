// SPDX-License-Identifier: Apache-2.0
// Local APIC: acceptance, priorities, EOI and errors (SDM 3A, Handling Interrupts; Error Handling).
#include "unit/dev/lapic_guest.h"

static void a_request_is_taken_served_and_ended(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	assert_int_equal(guest_receive(&g, 0x31, false), LAPIC_IRR);
	assert_true(guest_sees(&g, X_IRR, 0x31));
	assert_int_equal(guest_take(&g), 0x31);
	assert_false(guest_sees(&g, X_IRR, 0x31));
	assert_true(guest_sees(&g, X_ISR, 0x31));
	assert_int_equal(guest_read(&g, X_PPR), 0x30);
	assert_int_equal(guest_write(&g, X_EOI, 0), 0);
	assert_false(guest_sees(&g, X_ISR, 0x31));
	assert_int_equal(guest_read(&g, X_PPR), 0);
}

/* SDM 3A, Local APIC State After It Has Been Software Disabled; Local APIC State After Power-Up or Reset. */
static void fixed_interrupts_want_it_enabled_by_both(void **state)
{
	struct guest g = guest_enabled(0);
	struct lapic_effects fx;

	(void)state;
	assert_true(lapic_takes_fixed(&g.l));
	guest_write(&g, X_SVR, 0xff);
	assert_false(lapic_takes_fixed(&g.l));
	assert_int_equal(guest_receive(&g, 0x31, false), 0);
	guest_write(&g, X_SVR, 0x1ff);
	assert_true(lapic_takes_fixed(&g.l));
	assert_int_equal(lapic_base_write(&g.l, g.l.base & ~0x800ull, &fx), OK);
	assert_false(lapic_takes_fixed(&g.l));
	g = guest_enabled(0);
	lapic_init_signal(&g.l);
	assert_false(lapic_takes_fixed(&g.l));
}

static void the_highest_vector_goes_first(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	for (unsigned v = 16; v < 256; v++)
		guest_receive(&g, (u8)v, false);
	for (unsigned v = 255; v >= 16; v--) {
		assert_int_equal(guest_take(&g), v);
		assert_int_equal(guest_write(&g, X_EOI, 0), v > 16 ? LAPIC_IRR : 0);
	}
	assert_int_equal(guest_take(&g), 0);
}

static void only_a_higher_class_interrupts_a_handler(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_receive(&g, 0x51, false);
	assert_int_equal(guest_take(&g), 0x51);
	guest_receive(&g, 0x5f, false);
	guest_receive(&g, 0x41, false);
	assert_int_equal(guest_take(&g), 0);
	guest_receive(&g, 0x60, false);
	assert_int_equal(guest_take(&g), 0x60);
	assert_int_equal(guest_read(&g, X_PPR), 0x60);
	guest_write(&g, X_EOI, 0);
	assert_int_equal(guest_read(&g, X_PPR), 0x50);
	assert_int_equal(guest_take(&g), 0);
	guest_write(&g, X_EOI, 0);
	assert_int_equal(guest_take(&g), 0x5f);
	guest_write(&g, X_EOI, 0);
	assert_int_equal(guest_take(&g), 0x41);
}

static void tpr_holds_classes_back(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_receive(&g, 0x61, false);
	assert_int_equal(lapic_tpr_threshold(&g.l), 0);
	guest_write(&g, X_TPR, 0x60);
	assert_int_equal(guest_take(&g), 0);
	assert_int_equal(guest_read(&g, X_PPR), 0x60);
	assert_int_equal(lapic_tpr_threshold(&g.l), 6);
	lapic_set_cr8(&g.l, 15);
	assert_int_equal(guest_take(&g), 0);
	assert_int_equal(guest_write(&g, X_TPR, 0x5f), LAPIC_IRR);
	assert_int_equal(guest_read(&g, X_PPR), 0x5f);
	assert_int_equal(guest_take(&g), 0x61);
	guest_write(&g, X_TPR, 0xff);
	assert_int_equal(guest_read(&g, X_PPR), 0xff);
	guest_receive(&g, 0x65, false);
	assert_int_equal(lapic_tpr_threshold(&g.l), 0); /* held back by what is in service as well */
	guest_write(&g, X_TPR, 0x67);
	assert_int_equal(guest_read(&g, X_PPR), 0x67); /* equal classes: TPR with its subclass */
}

static void a_vector_can_be_pending_once_and_in_service_once(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_receive(&g, 0x80, false);
	guest_receive(&g, 0x80, false);
	assert_int_equal(guest_take(&g), 0x80);
	guest_receive(&g, 0x80, false);
	assert_int_equal(guest_take(&g), 0);
	guest_write(&g, X_EOI, 0);
	assert_int_equal(guest_take(&g), 0x80);
	guest_write(&g, X_EOI, 0);
	assert_int_equal(guest_take(&g), 0);
}

static void eoi_of_a_level_is_broadcast(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_receive(&g, 0x44, true);
	assert_true(guest_sees(&g, X_TMR, 0x44));
	guest_take(&g);
	assert_int_equal(guest_write(&g, X_EOI, 0), LAPIC_EOI);
	assert_int_equal(g.fx.eoi_vector, 0x44);
	guest_receive(&g, 0x44, true);
	guest_take(&g);
	guest_receive(&g, 0x43, false);
	assert_int_equal(guest_write(&g, X_EOI, 0), LAPIC_EOI | LAPIC_IRR);
	assert_int_equal(guest_take(&g), 0x43);
	guest_write(&g, X_EOI, 0);
	guest_receive(&g, 0x44, false);
	assert_false(guest_sees(&g, X_TMR, 0x44));
	guest_take(&g);
	assert_int_equal(guest_write(&g, X_EOI, 0), 0);
	assert_int_equal(guest_write(&g, X_EOI, 0), 0); /* with nothing in service */
}

static void eoi_broadcast_can_be_suppressed(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	assert_true(guest_read(&g, X_VERSION) & BIT(24));
	guest_write(&g, X_SVR, 0x11ff);
	guest_receive(&g, 0x44, true);
	guest_take(&g);
	assert_int_equal(guest_write(&g, X_EOI, 0), 0);
	assert_false(guest_sees(&g, X_ISR, 0x44));
}

static void delivery_modes_become_flags(void **state)
{
	static const struct {
		u8 delivery;
		u32 flags, flags_when_software_disabled;
	} rows[] = {
		{APIC_FIXED, LAPIC_IRR, 0},
		{APIC_LOWEST, LAPIC_IRR, 0},
		{APIC_SMI, LAPIC_SMI, LAPIC_SMI},
		{3, 0, 0},
		{APIC_NMI, LAPIC_NMI, LAPIC_NMI},
		{APIC_INIT, LAPIC_INIT, LAPIC_INIT},
		{APIC_STARTUP, LAPIC_STARTUP, LAPIC_STARTUP},
		{APIC_EXTINT, LAPIC_EXTINT, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct apic_msg msg = {.vector = 0x40, .delivery = rows[i].delivery};
		struct guest g = guest_enabled(0);

		assert_int_equal(lapic_accept(&g.l, &msg), rows[i].flags);
		assert_int_equal(lapic_pending_vector(&g.l), rows[i].flags == LAPIC_IRR ? 0x40 : 0);
		g = guest_at_reset(0);
		assert_int_equal(lapic_accept(&g.l, &msg), rows[i].flags_when_software_disabled);
		assert_int_equal(lapic_base_write(&g.l, 0xfee00100, &g.fx), OK);
		assert_int_equal(lapic_accept(&g.l, &msg), 0);
	}
}

static void illegal_vectors_are_errors_and_not_requests(void **state)
{
	(void)state;
	for (u8 v = 0; v < 16; v++) {
		struct guest g = guest_enabled(0);

		guest_write(&g, X_LVT_ERROR, 0xfe);
		assert_int_equal(guest_receive(&g, v, false), LAPIC_IRR); /* of the error interrupt */
		assert_false(guest_sees(&g, X_IRR, v));
		assert_int_equal(guest_read(&g, X_ESR), 0); /* shown after a write only */
		guest_write(&g, X_ESR, 0);
		assert_int_equal(guest_read(&g, X_ESR), 0x40);
		assert_int_equal(guest_take(&g), 0xfe);
	}
}

static void esr_accumulates_and_rearms(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_write(&g, X_LVT_ERROR, 0xfe);
	guest_receive(&g, 3, false);
	assert_int_equal(guest_take(&g), 0xfe);
	guest_write(&g, X_EOI, 0);
	guest_read(&g, 0x40); /* illegal register: the interrupt is not armed again before a write */
	guest_write(&g, X_ICR, 0x00040005);
	assert_int_equal(guest_take(&g), 0);
	guest_write(&g, X_ESR, 0x12345);
	assert_int_equal(guest_read(&g, X_ESR), 0xe0);
	assert_int_equal(guest_read(&g, X_ESR), 0xe0);
	guest_receive(&g, 3, false);
	assert_int_equal(guest_take(&g), 0xfe);
	guest_write(&g, X_ESR, 0);
	guest_write(&g, X_ESR, 0);
	assert_int_equal(guest_read(&g, X_ESR), 0);
}

static void an_illegal_error_vector_does_not_loop(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_write(&g, X_LVT_ERROR, 2);
	guest_read(&g, 0x40);
	guest_write(&g, X_ESR, 0);
	assert_int_equal(guest_read(&g, X_ESR), 0xc0);
	assert_int_equal(guest_take(&g), 0);
}

static void x2apic_has_no_illegal_register_error(void **state)
{
	struct guest g = guest_x2apic(0);
	u64 value;

	(void)state;
	assert_int_equal(lapic_msr_read(&g.l, 0x804, 0, &value), ERR_FAULT);
	assert_int_equal(guest_wrmsr(&g, 0x828, 0), OK);
	assert_int_equal(guest_rdmsr(&g, 0x828), 0);
}

static void local_sources_use_their_entries(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	assert_int_equal(lapic_local_raise(&g.l, LAPIC_LVT_THERMAL), 0);
	guest_write(&g, X_LVT_THERMAL, 0xfa);
	assert_int_equal(lapic_local_raise(&g.l, LAPIC_LVT_THERMAL), LAPIC_IRR);
	assert_int_equal(guest_take(&g), 0xfa);
	assert_int_equal(guest_read(&g, X_LVT_THERMAL), 0xfa);
	guest_write(&g, X_LVT_PERF, 0x400); /* NMI, as Linux has it */
	assert_int_equal(lapic_local_raise(&g.l, LAPIC_LVT_PERF), LAPIC_NMI);
	assert_int_equal(guest_read(&g, X_LVT_PERF), 0x10400);
	assert_int_equal(lapic_local_raise(&g.l, LAPIC_LVT_PERF), 0);
	guest_write(&g, X_LVT_THERMAL, 0x200);
	assert_int_equal(lapic_local_raise(&g.l, LAPIC_LVT_THERMAL), LAPIC_SMI);
	guest_write(&g, X_LVT_THERMAL, 0x500);
	assert_int_equal(lapic_local_raise(&g.l, LAPIC_LVT_THERMAL), LAPIC_INIT);
	guest_write(&g, X_LVT_THERMAL, 0x700);
	assert_int_equal(lapic_local_raise(&g.l, LAPIC_LVT_THERMAL), LAPIC_EXTINT);
	guest_write(&g, X_LVT_THERMAL, 0x300);
	assert_int_equal(lapic_local_raise(&g.l, LAPIC_LVT_THERMAL), 0);
	assert_int_equal(lapic_base_write(&g.l, 0xfee00100, &g.fx), OK);
	assert_int_equal(lapic_local_raise(&g.l, LAPIC_LVT_PERF), 0);
	assert_true(lapic_valid(&g.l));
}

static void lint1_gives_nmi_on_the_edge(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	assert_int_equal(lapic_lint_set(&g.l, 1, true), 0);
	guest_write(&g, X_LVT_LINT1, 0x400);
	assert_int_equal(lapic_lint_set(&g.l, 1, true), 0);
	assert_int_equal(lapic_lint_set(&g.l, 1, false), 0);
	assert_int_equal(lapic_lint_set(&g.l, 1, true), LAPIC_NMI);
	assert_int_equal(lapic_lint_set(&g.l, 1, false), 0);
	assert_int_equal(lapic_base_write(&g.l, 0xfee00100, &g.fx), OK);
	assert_int_equal(lapic_lint_set(&g.l, 1, true), LAPIC_NMI);
	assert_int_equal(lapic_lint_set(&g.l, 0, true), LAPIC_EXTINT);
}

static void lint0_as_extint_lets_the_8259_through(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	assert_false(lapic_extint_accepted(&g.l));
	guest_write(&g, X_LVT_LINT0, 0x700);
	assert_true(lapic_extint_accepted(&g.l));
	assert_int_equal(lapic_lint_set(&g.l, 0, true), LAPIC_EXTINT);
	guest_write(&g, X_LVT_LINT0, 0x10700);
	assert_false(lapic_extint_accepted(&g.l));
	guest_write(&g, X_LVT_LINT0, 0x30);
	assert_false(lapic_extint_accepted(&g.l));
	assert_int_equal(lapic_base_write(&g.l, 0xfee00100, &g.fx), OK);
	assert_true(lapic_extint_accepted(&g.l));
}

/* Linux's "virtual wire through LVT0 as fixed" fallback. */
static void lint0_fixed_edge(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_write(&g, X_LVT_LINT0, 0x30);
	assert_int_equal(lapic_lint_set(&g.l, 0, true), LAPIC_IRR);
	assert_int_equal(guest_take(&g), 0x30);
	assert_int_equal(guest_write(&g, X_EOI, 0), 0);
	assert_int_equal(lapic_lint_set(&g.l, 0, true), 0);
	assert_int_equal(lapic_lint_set(&g.l, 0, false), 0);
	assert_int_equal(lapic_lint_set(&g.l, 0, true), LAPIC_IRR);
}

static void lint0_level_comes_again_until_it_drops(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	assert_int_equal(lapic_lint_set(&g.l, 0, true), 0);
	assert_int_equal(guest_write(&g, X_LVT_LINT0, 0x8055), LAPIC_IRR); /* unmasking finds it asserted */
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0xc055);
	assert_true(guest_sees(&g, X_TMR, 0x55));
	assert_int_equal(lapic_lint_set(&g.l, 0, true), 0);
	assert_int_equal(guest_take(&g), 0x55);
	assert_true(guest_write(&g, X_EOI, 0) & LAPIC_IRR);
	assert_int_equal(guest_take(&g), 0x55);
	lapic_lint_set(&g.l, 0, false);
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0xc055);
	guest_write(&g, X_EOI, 0);
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0x8055);
	assert_int_equal(guest_take(&g), 0);
	assert_int_equal(lapic_lint_set(&g.l, 0, true), LAPIC_IRR);
	guest_receive(&g, 0x99, true);
	assert_int_equal(guest_take(&g), 0x99);
	lapic_lint_set(&g.l, 0, false);
	guest_write(&g, X_EOI, 0); /* of another level */
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0xc055);
	guest_write(&g, X_LVT_LINT0, 0x55); /* edge: no remote IRR */
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0x55);
	assert_int_equal(guest_take(&g), 0x55);
	guest_write(&g, X_EOI, 0); /* a level without remote IRR: nothing comes again */
	lapic_lint_set(&g.l, 0, true);
	guest_take(&g);
	guest_write(&g, X_EOI, 0);
	guest_write(&g, X_LVT_LINT0, 0x800f);
	guest_write(&g, X_ESR, 0);
	assert_int_equal(guest_read(&g, X_ESR), 0x40);
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0x800f);
	assert_int_equal(guest_write(&g, X_LVT_LINT0, 0x8010), LAPIC_IRR); /* 16 is legal */
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0xc010);
}

static void arbitration_prefers_the_idle_and_takes_turns(void **state)
{
	struct guest a = guest_enabled(0), b = guest_enabled(1), off = guest_at_reset(2);
	struct apic_msg msg = {.vector = 0x40, .delivery = APIC_LOWEST};

	(void)state;
	assert_int_equal(lapic_arbitrate(&off.l), LAPIC_ARBITRATE_NEVER);
	assert_int_equal(lapic_arbitrate(&a.l), lapic_arbitrate(&b.l));
	lapic_accept(&a.l, &msg);
	guest_take(&a);
	guest_write(&a, X_EOI, 0);
	assert_true(lapic_arbitrate(&a.l) > lapic_arbitrate(&b.l));
	guest_write(&b, X_TPR, 0x10);
	assert_true(lapic_arbitrate(&a.l) < lapic_arbitrate(&b.l));
	assert_int_equal(lapic_base_write(&a.l, 0xfee00100, &a.fx), OK);
	assert_int_equal(lapic_arbitrate(&a.l), LAPIC_ARBITRATE_NEVER);
}

/* IF TPR[7:4] >= IRRV[7:4] AND TPR[7:4] > ISRV[7:4] THEN TPR ELSE max(TPR[7:4] AND ISRV[7:4], IRRV[7:4]):0 */
static void apr_follows_its_formula(void **state)
{
	(void)state;
	srand(7);
	for (int i = 0; i < 5000; i++) {
		struct guest g = guest_enabled(0);
		u8 isr = (u8)(16 + rand() % 240), irr = (u8)(16 + rand() % 240), tpr = (u8)rand();

		guest_receive(&g, isr, false);
		guest_take(&g);
		guest_receive(&g, irr, false);
		guest_write(&g, X_TPR, tpr);

		unsigned t = tpr >> 4, q = irr >> 4, s = isr >> 4;
		unsigned want = t >= q && t > s ? tpr : MAX(t & s, q) << 4;

		assert_int_equal(guest_read(&g, X_APR), want);
	}
}

/* Against the manual's definitions, evaluated the slow way over plain arrays. */
struct model {
	bool irr[256], isr[256];
	u8 tpr;
};

static int model_highest(const bool *set)
{
	for (int v = 255; v >= 0; v--)
		if (set[v])
			return v;
	return 0;
}

static int model_pending(const struct model *m)
{
	int irr = model_highest(m->irr), isr = model_highest(m->isr);

	return irr >> 4 > m->tpr >> 4 && irr >> 4 > isr >> 4 ? irr : 0;
}

static void priorities_match_a_plain_model(void **state)
{
	struct guest g = guest_enabled(0);
	struct model m = {0};

	(void)state;
	srand(11);
	for (int i = 0; i < 50000; i++) {
		u8 v = (u8)(16 + rand() % 240);
		int want = model_pending(&m);

		assert_int_equal(lapic_pending_vector(&g.l), want);
		switch (rand() % 4) {
		case 0:
			m.irr[v] = true;
			guest_receive(&g, v, rand() & 1);
			break;
		case 1:
			m.tpr = (u8)(rand() % (rand() % 4 ? 0x40 : 0x100));
			guest_write(&g, X_TPR, m.tpr);
			break;
		case 2:
			assert_int_equal(guest_take(&g), want);
			m.irr[want] = false;
			m.isr[want] = want;
			break;
		default:
			m.isr[model_highest(m.isr)] = false;
			guest_write(&g, X_EOI, 0);
			break;
		}
		int isr = model_highest(m.isr);

		assert_int_equal(guest_read(&g, X_PPR), m.tpr >> 4 >= isr >> 4 ? m.tpr : isr & 0xf0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_taken_served_and_ended),
		cmocka_unit_test(fixed_interrupts_want_it_enabled_by_both),
		cmocka_unit_test(the_highest_vector_goes_first),
		cmocka_unit_test(only_a_higher_class_interrupts_a_handler),
		cmocka_unit_test(tpr_holds_classes_back),
		cmocka_unit_test(a_vector_can_be_pending_once_and_in_service_once),
		cmocka_unit_test(eoi_of_a_level_is_broadcast),
		cmocka_unit_test(eoi_broadcast_can_be_suppressed),
		cmocka_unit_test(delivery_modes_become_flags),
		cmocka_unit_test(illegal_vectors_are_errors_and_not_requests),
		cmocka_unit_test(esr_accumulates_and_rearms),
		cmocka_unit_test(an_illegal_error_vector_does_not_loop),
		cmocka_unit_test(x2apic_has_no_illegal_register_error),
		cmocka_unit_test(local_sources_use_their_entries),
		cmocka_unit_test(lint1_gives_nmi_on_the_edge),
		cmocka_unit_test(lint0_as_extint_lets_the_8259_through),
		cmocka_unit_test(lint0_fixed_edge),
		cmocka_unit_test(lint0_level_comes_again_until_it_drops),
		cmocka_unit_test(arbitration_prefers_the_idle_and_takes_turns),
		cmocka_unit_test(apr_follows_its_formula),
		cmocka_unit_test(priorities_match_a_plain_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
