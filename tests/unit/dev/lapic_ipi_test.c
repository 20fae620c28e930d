// SPDX-License-Identifier: Apache-2.0
// Local APIC: the ICR, self-IPIs and whom a message is for (SDM 3A, Issuing Interprocessor Interrupts).
#include "unit/dev/lapic_guest.h"

static void icr_makes_the_message(void **state)
{
	struct guest g = guest_enabled(5);

	(void)state;
	guest_write(&g, X_ICR_HIGH, 0x9abcdef0);
	assert_int_equal(guest_write(&g, X_ICR, 0x00004841), LAPIC_IPI);
	assert_int_equal(g.fx.ipi.destination, 0x9a);
	assert_int_equal(g.fx.ipi.source, 5);
	assert_int_equal(g.fx.ipi.vector, 0x41);
	assert_int_equal(g.fx.ipi.delivery, APIC_FIXED);
	assert_int_equal(g.fx.ipi.shorthand, APIC_TO_DESTINATION);
	assert_true(g.fx.ipi.logical);
	assert_false(g.fx.ipi.wide);
	assert_int_equal(guest_read(&g, X_ICR), 0x4841);
	assert_int_equal(guest_read(&g, X_ICR_HIGH), 0x9a000000);
}

static void x2apic_icr_is_one_64_bit_register(void **state)
{
	struct guest g = guest_x2apic(0x105);

	(void)state;
	assert_int_equal(guest_wrmsr(&g, 0x830, 0x0001234500004041), OK);
	assert_int_equal(g.fx.flags, LAPIC_IPI);
	assert_int_equal(g.fx.ipi.destination, 0x12345);
	assert_int_equal(g.fx.ipi.source, 0x105);
	assert_int_equal(g.fx.ipi.vector, 0x41);
	assert_false(g.fx.ipi.logical);
	assert_true(g.fx.ipi.wide);
	assert_int_equal(guest_rdmsr(&g, 0x830), 0x0001234500004041);
	assert_int_equal(guest_wrmsr(&g, 0x830, 0x5041), OK); /* delivery status is ignored */
	assert_int_equal(guest_rdmsr(&g, 0x830), 0x4041);
}

static void every_delivery_mode_is_sent(void **state)
{
	static const struct {
		u32 icr, flags;
		u8 delivery;
	} rows[] = {
		{0x04041, LAPIC_IPI, APIC_FIXED},
		{0x04141, LAPIC_IPI, APIC_LOWEST},
		{0x04200, LAPIC_IPI, APIC_SMI},
		{0x04300, 0, 0},
		{0x04400, LAPIC_IPI, APIC_NMI},
		{0x04500, LAPIC_IPI, APIC_INIT},
		{0x0c500, LAPIC_IPI, APIC_INIT},
		{0x08500, 0, 0}, /* level de-assert: not since the Pentium 4 */
		{0x00500, LAPIC_IPI, APIC_INIT},
		{0x04608, LAPIC_IPI, APIC_STARTUP},
		{0x04741, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct guest g = guest_enabled(0);

		assert_int_equal(guest_write(&g, X_ICR, rows[i].icr), rows[i].flags);
		if (rows[i].flags)
			assert_int_equal(g.fx.ipi.delivery, rows[i].delivery);
		if (rows[i].delivery == APIC_STARTUP)
			assert_int_equal(g.fx.ipi.vector, 8);
		assert_false(g.fx.ipi.level && rows[i].flags);
	}
}

/* The sending side works while software-disabled. */
static void a_disabled_apic_can_still_send(void **state)
{
	struct guest g = guest_at_reset(0);

	(void)state;
	assert_int_equal(guest_write(&g, X_ICR, 0x000c4500), LAPIC_IPI);
	assert_int_equal(g.fx.ipi.shorthand, APIC_TO_OTHERS);
	assert_int_equal(guest_write(&g, X_ICR, 0x00040041), 0);
	assert_int_equal(lapic_pending_vector(&g.l), 0);
}

static void fixed_self_ipis_stay_inside(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	assert_int_equal(guest_write(&g, X_ICR, 0x000440f1), LAPIC_IRR);
	assert_int_equal(guest_take(&g), 0xf1);
	assert_int_equal(guest_write(&g, X_ICR, 0x00044400), LAPIC_IPI); /* NMI to self goes out */
	assert_int_equal(g.fx.ipi.shorthand, APIC_TO_SELF);
	assert_true(lapic_is_destination(&g.l, &g.fx.ipi));
}

static void the_self_ipi_register(void **state)
{
	struct guest g = guest_x2apic(0);

	(void)state;
	assert_int_equal(guest_wrmsr(&g, 0x83f, 0xf2), OK);
	assert_int_equal(g.fx.flags, LAPIC_IRR);
	assert_int_equal(guest_take(&g), 0xf2);
	assert_int_equal(guest_wrmsr(&g, 0x80b, 0), OK);
	assert_int_equal(g.fx.flags, 0); /* edge */
	assert_int_equal(guest_wrmsr(&g, 0x83f, 0x0f), OK);
	assert_int_equal(guest_wrmsr(&g, 0x828, 0), OK);
	assert_int_equal(guest_rdmsr(&g, 0x828), 0x20);
}

static void sending_an_illegal_vector_is_an_error(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	for (u32 v = 0; v < 16; v++) {
		assert_int_equal(guest_write(&g, X_ICR, v), 0);
		guest_write(&g, X_ESR, 0);
		assert_int_equal(guest_read(&g, X_ESR), 0x20);
		assert_int_equal(guest_write(&g, X_ICR, 0x100 | v), 0);
		guest_write(&g, X_ESR, 0);
		assert_int_equal(guest_read(&g, X_ESR), 0x20);
	}
	assert_int_equal(guest_write(&g, X_ICR, 0x400), LAPIC_IPI); /* an NMI has no vector */
	assert_int_equal(guest_write(&g, X_ICR, 0x010), LAPIC_IPI);
	assert_int_equal(guest_write(&g, X_ICR, 0x110), LAPIC_IPI);
	assert_int_equal(lapic_base_write(&g.l, BASE_X2APIC, &g.fx), OK);
	assert_int_equal(guest_wrmsr(&g, 0x83f, 0x10), OK);
	assert_int_equal(g.fx.flags, LAPIC_IRR);
}

static bool reaches(const struct guest *g, u32 destination, bool logical, bool wide)
{
	struct apic_msg msg = {.destination = destination, .logical = logical, .wide = wide};

	return lapic_is_destination(&g->l, &msg);
}

static void physical_destinations(void **state)
{
	struct guest x = guest_enabled(7), x2 = guest_x2apic(0x107), x2_255 = guest_x2apic(0xff);

	(void)state;
	for (u32 d = 0; d < 256; d++)
		assert_int_equal(reaches(&x, d, false, false), d == 7 || d == 0xff);
	assert_true(reaches(&x, 7, false, true));
	assert_false(reaches(&x, 0x107, false, true));
	assert_false(reaches(&x, 0xff, false, true)); /* an id among others to a 32-bit sender */
	assert_true(reaches(&x, 0xffffffff, false, true));
	assert_true(reaches(&x2, 0x107, false, true));
	assert_false(reaches(&x2, 7, false, true));
	assert_false(reaches(&x2, 7, false, false));
	assert_false(reaches(&x2, 0xff, false, true));
	assert_true(reaches(&x2, 0xff, false, false));
	assert_true(reaches(&x2, 0xffffffff, false, true));
	assert_true(reaches(&x2_255, 0xff, false, true));
}

static void a_written_xapic_id_counts(void **state)
{
	struct guest g = guest_enabled(1);

	(void)state;
	guest_write(&g, X_ID, 0x30000000);
	assert_true(reaches(&g, 0x30, false, false));
	assert_false(reaches(&g, 1, false, false));
}

static void logical_flat_destinations(void **state)
{
	struct guest g = guest_enabled(7);

	(void)state;
	for (unsigned ldr = 0; ldr < 256; ldr++) {
		guest_write(&g, X_LDR, ldr << 24);
		for (unsigned d = 0; d < 256; d++)
			assert_int_equal(reaches(&g, d, true, false), (ldr & d) || d == 0xff);
	}
}

static void logical_cluster_destinations(void **state)
{
	struct guest g = guest_enabled(7);

	(void)state;
	guest_write(&g, X_DFR, 0x0fffffff);
	for (unsigned ldr = 0; ldr < 256; ldr++) {
		guest_write(&g, X_LDR, ldr << 24);
		for (unsigned d = 0; d < 256; d++)
			assert_int_equal(reaches(&g, d, true, false),
					 (ldr / 16 == d / 16 && (ldr % 16 & d % 16)) || d == 0xff);
	}
	guest_write(&g, X_DFR, 0x7fffffff); /* no such model */
	guest_write(&g, X_LDR, 0x11000000);
	assert_false(reaches(&g, 0x11, true, false));
}

static void logical_x2apic_destinations(void **state)
{
	(void)state;
	for (u32 id = 0; id < 64; id++) {
		struct guest g = guest_x2apic(id);

		assert_true(reaches(&g, (id / 16) << 16 | 1u << id % 16, true, true));
		assert_true(reaches(&g, (id / 16) << 16 | 0xffff, true, true));
		assert_true(reaches(&g, 0xffffffff, true, true));
		assert_false(reaches(&g, (id / 16) << 16 | (0xffffu & ~(1u << id % 16)), true, true));
		assert_false(reaches(&g, (id / 16 + 1) << 16 | 0xffff, true, true));
		assert_int_equal(reaches(&g, 0x0f, true, false), id < 4); /* an I/O APIC's 8 bits: cluster 0 */
	}
}

static void shorthands(void **state)
{
	struct guest a = guest_enabled(1), b = guest_x2apic(0x101);
	struct apic_msg msg = {.source = 0x101, .destination = 77};

	(void)state;
	msg.shorthand = APIC_TO_SELF;
	assert_false(lapic_is_destination(&a.l, &msg));
	assert_true(lapic_is_destination(&b.l, &msg));
	msg.shorthand = APIC_TO_ALL;
	assert_true(lapic_is_destination(&a.l, &msg));
	assert_true(lapic_is_destination(&b.l, &msg));
	msg.shorthand = APIC_TO_OTHERS;
	assert_true(lapic_is_destination(&a.l, &msg));
	assert_false(lapic_is_destination(&b.l, &msg));
	assert_int_equal(lapic_base_write(&a.l, 0xfee00100, &a.fx), OK);
	assert_false(lapic_is_destination(&a.l, &msg));
	assert_false(reaches(&a, 0xff, false, false));
}

static void msi_decodes(void **state)
{
	struct apic_msg msg = apic_msg_from_msi(0xfee0300c, 0x0000c151, false);

	(void)state;
	assert_int_equal(msg.destination, 3);
	assert_int_equal(msg.vector, 0x51);
	assert_int_equal(msg.delivery, APIC_LOWEST);
	assert_true(msg.logical);
	assert_true(msg.level);
	assert_false(msg.wide);
	assert_int_equal(msg.shorthand, APIC_TO_DESTINATION);
	msg = apic_msg_from_msi(0xfeeff000, 0x00000430, false);
	assert_int_equal(msg.destination, 0xff);
	assert_int_equal(msg.delivery, APIC_NMI);
	assert_false(msg.logical);
	assert_false(msg.level);
	msg = apic_msg_from_msi(0xfee01004, 0x00000051, false); /* Linux, logical flat mode: no hint */
	assert_true(msg.logical);
	assert_int_equal(msg.delivery, APIC_FIXED);
	msg = apic_msg_from_msi(0xfee0300c, 0x00000051, false); /* the hint: one of them */
	assert_int_equal(msg.delivery, APIC_LOWEST);
	msg = apic_msg_from_msi(0xfee0300c, 0x00000451, false);
	assert_int_equal(msg.delivery, APIC_NMI);
}

static void msi_has_fifteen_bits_where_offered(void **state)
{
	(void)state;
	assert_int_equal(apic_msg_from_msi(0xfee01fe0, 0x51, true).destination, 0x7f01);
	assert_int_equal(apic_msg_from_msi(0xfee01020, 0x51, true).destination, 0x101);
	assert_int_equal(apic_msg_from_msi(0xfee01030, 0x51, true).destination, 1); /* the remappable format */
	assert_int_equal(apic_msg_from_msi(0xfee01fe0, 0x51, false).destination, 1);
	assert_false(apic_msg_from_msi(0xfee01fe0, 0x51, true).wide);
}

/* SDM 3A, Deriving Logical x2APIC ID from the Local x2APIC ID: cluster ID[19:4], bit ID[3:0]. */
static void wide_ids_are_reached(void **state)
{
	static const u32 ids[] = {0x100, 0x1fe, 0x1201, 0x7fff};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(ids); i++) {
		u32 id = ids[i], cluster = id >> 4 << 16;
		struct guest x2 = guest_x2apic(id), x = guest_enabled(id);

		assert_int_equal(guest_rdmsr(&x2, 0x802), id);
		assert_int_equal(guest_rdmsr(&x2, 0x80d), cluster | 1u << (id & 15));
		assert_int_equal(guest_read(&x, X_ID), id << 24);
		assert_true(reaches(&x2, id, false, true));
		assert_true(reaches(&x2, id, false, false)); /* 15 bits of an I/O APIC */
		assert_false(reaches(&x2, id & 0xff, false, true));
		assert_false(reaches(&x2, id & 0xff, false, false) && (id & 0xff) != 0xff);
		assert_true(reaches(&x2, cluster | 1u << (id & 15), true, true));
		assert_false(reaches(&x2, 1u << (id & 15), true, true));
		/* In xAPIC mode by what its ID register says, and by what that cannot say. */
		assert_true(reaches(&x, id & 0xff, false, true));
		assert_true(reaches(&x, id, false, true));
		assert_false(reaches(&x, id ^ 0x200, false, true));
	}
}

static void the_x2apic_icr_has_32_bits_of_destination(void **state)
{
	struct guest g = guest_x2apic(0x101);

	(void)state;
	assert_int_equal(guest_wrmsr(&g, 0x830, 0x1201ull << 32 | 0x4500), OK);
	assert_int_equal(g.fx.flags, LAPIC_IPI);
	assert_int_equal(g.fx.ipi.destination, 0x1201);
	assert_int_equal(g.fx.ipi.delivery, APIC_INIT);
	assert_int_equal(g.fx.ipi.source, 0x101);
	assert_true(g.fx.ipi.wide);
	assert_int_equal(guest_rdmsr(&g, 0x830), 0x1201ull << 32 | 0x4500);
}

/* What firmware has to do where ids pass 254, and what an INIT leaves as it is (SDM 3A, x2APIC State Transitions). */
static void a_wide_id_starts_in_x2apic_mode(void **state)
{
	struct lapic_config config = guest_config(0x100);
	struct guest g = {.now_ns = 1};

	(void)state;
	config.is_bsp = false;
	config.starts_x2apic = true;
	lapic_init(&g.l, &config);
	assert_true(lapic_valid(&g.l));
	assert_int_equal(g.l.base, 0xfee00c00);
	assert_int_equal(guest_rdmsr(&g, 0x802), 0x100);
	lapic_init_signal(&g.l);
	assert_int_equal(g.l.base, 0xfee00c00);
	assert_true(reaches(&g, 0x100, false, true));
	lapic_reset(&g.l, false);
	assert_int_equal(g.l.base, 0xfee00800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(icr_makes_the_message),
		cmocka_unit_test(x2apic_icr_is_one_64_bit_register),
		cmocka_unit_test(every_delivery_mode_is_sent),
		cmocka_unit_test(a_disabled_apic_can_still_send),
		cmocka_unit_test(fixed_self_ipis_stay_inside),
		cmocka_unit_test(the_self_ipi_register),
		cmocka_unit_test(sending_an_illegal_vector_is_an_error),
		cmocka_unit_test(physical_destinations),
		cmocka_unit_test(a_written_xapic_id_counts),
		cmocka_unit_test(logical_flat_destinations),
		cmocka_unit_test(logical_cluster_destinations),
		cmocka_unit_test(logical_x2apic_destinations),
		cmocka_unit_test(shorthands),
		cmocka_unit_test(msi_decodes),
		cmocka_unit_test(msi_has_fifteen_bits_where_offered),
		cmocka_unit_test(wide_ids_are_reached),
		cmocka_unit_test(the_x2apic_icr_has_32_bits_of_destination),
		cmocka_unit_test(a_wide_id_starts_in_x2apic_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
