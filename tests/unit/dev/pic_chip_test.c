// SPDX-License-Identifier: Apache-2.0
// One 8259A against the datasheet's description of each command word and mode.
#include "unit/dev/pic_guest.h"

static void a_higher_request_nests(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 5, true);
	assert_int_equal(ack(&p), 0x25);
	line(&p, 6, true);
	assert_false(pic_pending(&p));
	line(&p, 3, true);
	assert_int_equal(ack(&p), 0x23);
	assert_int_equal(isr(&p, 0x20), 0x28);
	out(&p, 0x20, EOI); /* ends 3, the one in service with the highest priority */
	assert_int_equal(isr(&p, 0x20), 0x20);
	assert_false(pic_pending(&p));
	out(&p, 0x20, 0x60 | 5);
	assert_int_equal(ack(&p), 0x26);
}

static void masks_hold_requests_back(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	out(&p, 0x21, 0x10);
	assert_int_equal(in(&p, 0x21), 0x10);
	line(&p, 4, true);
	assert_false(pic_pending(&p));
	assert_int_equal(irr(&p, 0x20), 0x10);
	out(&p, 0x21, 0);
	assert_int_equal(ack(&p), 0x24);
	assert_int_equal(irr(&p, 0x20), 0);
	out(&p, 0x20, EOI);
	out(&p, 0x21, 0x04); /* the cascade masks the slave as a whole */
	line(&p, 12, true);
	assert_false(pic_pending(&p));
	assert_int_equal(irr(&p, 0xa0), 0x10);
}

static void initialisation_starts_afresh(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 3, true);
	ack(&p);
	line(&p, 1, true);
	out(&p, 0x21, 0x80);
	out(&p, 0x20, SET_SPECIAL_MASK);
	out(&p, 0x20, 0xc3);
	out(&p, 0x20, READ_ISR);
	out(&p, 0x20, 0x11);
	assert_false(pic_pending(&p)); /* not before the sequence is through */
	line(&p, 4, true);
	out(&p, 0x21, 0x47); /* vector: only bits 7:3 count */
	assert_false(pic_pending(&p));
	out(&p, 0x21, 0x04);
	assert_false(pic_pending(&p));
	out(&p, 0x21, 0x01);
	assert_int_equal(in(&p, 0x21), 0);    /* masks are cleared */
	assert_int_equal(in(&p, 0x20), 0x10); /* a read gives IRR; the edges of 1 and 3 are forgotten, not 4's */
	assert_int_equal(isr(&p, 0x20), 0);
	assert_int_equal(ack(&p), 0x44);
	line(&p, 5, true);
	assert_false(pic_pending(&p)); /* priorities are as at first, special mask mode is off */
	line(&p, 1, false);
	line(&p, 1, true);
	assert_int_equal(ack(&p), 0x41);
}

static void icw4_and_icw3_can_be_left_out(void **state)
{
	struct pic p = programmed(3, 1); /* automatic EOI ... */

	(void)state;
	out(&p, 0x20, 0x12); /* ... is off again without ICW4; single: no ICW3 */
	out(&p, 0x21, 0x50);
	line(&p, 6, true);
	assert_int_equal(ack(&p), 0x56);
	assert_int_equal(isr(&p, 0x20), 0x40);
	out(&p, 0x20, 0x10); /* cascaded, no ICW4 */
	out(&p, 0x21, 0x60);
	out(&p, 0x21, 0x04);
	line(&p, 6, false);
	line(&p, 6, true);
	assert_int_equal(ack(&p), 0x66);
	out(&p, 0x20, 0x13); /* single, with ICW4 */
	out(&p, 0x21, 0x70);
	out(&p, 0x21, 0x03);
	line(&p, 6, false);
	line(&p, 6, true);
	assert_int_equal(ack(&p), 0x76);
	assert_int_equal(isr(&p, 0x20), 0);
	line(&p, 8, true); /* a single chip knows no slave: the pin is an interrupt like others */
	assert_int_equal(ack(&p), 0x72);
	assert_int_equal(isr(&p, 0xa0), 0);
}

static void automatic_eoi_leaves_nothing_in_service(void **state)
{
	struct pic p = programmed(3, 3);

	(void)state;
	line(&p, 4, true);
	line(&p, 12, true);
	assert_int_equal(ack(&p), 0x2c);
	assert_int_equal(isr(&p, 0x20) | isr(&p, 0xa0), 0);
	assert_int_equal(ack(&p), 0x24);
	assert_false(pic_pending(&p));
}

static void automatic_rotation_is_round_robin(void **state)
{
	struct pic p = programmed(3, 1);

	(void)state;
	out(&p, 0x4d0, 0xf8); /* 3 to 7 are levels: they ask for ever */
	for (unsigned irq = 3; irq < 8; irq++)
		line(&p, irq, true);
	assert_int_equal(ack(&p), 0x23);
	assert_int_equal(ack(&p), 0x23); /* fixed priorities: the highest again */
	out(&p, 0x20, 0x80);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(ack(&p), 0x23 + i % 5);
	out(&p, 0x20, 0x00); /* off: the lowest stays what it is */
	assert_int_equal(ack(&p), 0x23);
	assert_int_equal(ack(&p), 0x23);
}

static void rotate_on_eoi_gives_the_lowest_priority(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 4, true);
	line(&p, 6, true);
	assert_int_equal(ack(&p), 0x24);
	out(&p, 0x20, 0xa0); /* rotate on non-specific EOI: 4 is lowest, 5 highest */
	assert_int_equal(isr(&p, 0x20), 0);
	line(&p, 0, true);
	assert_int_equal(ack(&p), 0x26);
	out(&p, 0x20, 0xe6); /* rotate on specific EOI: 6 is lowest, 7 highest */
	line(&p, 5, true);
	line(&p, 7, true);
	assert_int_equal(ack(&p), 0x27);
	line(&p, 6, false);
	out(&p, 0x20, EOI);
	assert_int_equal(ack(&p), 0x20);
	out(&p, 0x20, EOI);
	assert_int_equal(ack(&p), 0x25);
}

static void set_priority_command(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	out(&p, 0x20, 0xc0 | 5); /* 5 is lowest, 6 highest */
	for (unsigned irq = 0; irq < 8; irq++)
		line(&p, irq, true);
	assert_int_equal(ack(&p), 0x26);
	out(&p, 0x20, EOI);
	assert_int_equal(ack(&p), 0x27);
	out(&p, 0x20, EOI);
	assert_int_equal(ack(&p), 0x20);
	out(&p, 0x20, 0x40); /* no operation */
	assert_int_equal(isr(&p, 0x20), 0x01);
}

static void eoi_with_nothing_in_service_is_harmless(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	out(&p, 0x20, EOI);
	out(&p, 0x20, 0xa0);
	out(&p, 0x20, 0x63);
	line(&p, 0, true);
	line(&p, 7, true);
	assert_int_equal(ack(&p), 0x20); /* nothing was rotated */
}

static void special_mask_lets_lower_levels_in(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 3, true);
	assert_int_equal(ack(&p), 0x23);
	line(&p, 6, true);
	out(&p, 0x21, 0x08);
	assert_false(pic_pending(&p));
	out(&p, 0x20, SET_SPECIAL_MASK);
	assert_int_equal(ack(&p), 0x26);
	assert_int_equal(isr(&p, 0x20), 0x48);
	out(&p, 0x20, EOI); /* not specific: spares the masked level */
	assert_int_equal(isr(&p, 0x20), 0x08);
	out(&p, 0x20, EOI);
	assert_int_equal(isr(&p, 0x20), 0x08);
	out(&p, 0x20, CLEAR_SPECIAL_MASK);
	line(&p, 7, true);
	assert_false(pic_pending(&p));
	out(&p, 0x20, EOI);
	assert_int_equal(ack(&p), 0x27);
}

/* OCW3 without ESMM leaves the mode, without RR the register to read. */
static void ocw3_changes_only_what_it_enables(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 3, true);
	ack(&p);
	out(&p, 0x20, READ_ISR);
	out(&p, 0x20, SET_SPECIAL_MASK);
	assert_int_equal(in(&p, 0x20), 0x08);
	out(&p, 0x20, 0x28); /* SMM without ESMM */
	out(&p, 0x20, 0x08);
	out(&p, 0x21, 0x08);
	line(&p, 6, true);
	assert_true(pic_pending(&p));
	assert_int_equal(in(&p, 0x20), 0x08);
	out(&p, 0x20, READ_IRR);
	assert_int_equal(in(&p, 0x20), 0x40);
	assert_int_equal(in(&p, 0x20), 0x40);
}

static void special_fully_nested_lets_the_slave_nest(void **state)
{
	for (unsigned sfnm = 0; sfnm < 2; sfnm++) {
		struct pic p = programmed(sfnm ? 0x11 : 0x01, 1);

		(void)state;
		line(&p, 12, true);
		assert_int_equal(ack(&p), 0x2c);
		line(&p, 9, true); /* higher, at the same slave */
		assert_int_equal(pic_pending(&p), sfnm);
		line(&p, 5, true); /* lower than the slave at the master: waits in both modes */
		assert_int_equal(pic_pending(&p), sfnm);
		if (sfnm)
			assert_int_equal(ack(&p), 0x29);
		assert_false(pic_pending(&p));
		line(&p, 14, true); /* lower at the slave */
		assert_false(pic_pending(&p));
		line(&p, 1, true);
		assert_int_equal(ack(&p), 0x21);
	}
}

static void poll_acknowledges_by_reading(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	out(&p, 0x20, POLL);
	assert_int_equal(in(&p, 0x20) & 0x80, 0);
	line(&p, 4, true);
	out(&p, 0x20, POLL);
	assert_int_equal(in(&p, 0x20), 0x84);
	assert_false(pic_pending(&p));
	assert_int_equal(isr(&p, 0x20), 0x10);
	assert_int_equal(in(&p, 0x21), 0); /* one read only */
	out(&p, 0x20, EOI);
	line(&p, 13, true);
	out(&p, 0x20, POLL);
	assert_int_equal(in(&p, 0x21), 0x82); /* at either address; then the slave is asked */
	out(&p, 0xa0, POLL);
	assert_int_equal(in(&p, 0xa0), 0x85);
	assert_int_equal(isr(&p, 0xa0), 0x20);
	assert_int_equal(isr(&p, 0x20), 0x04);
	assert_false(pic_pending(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_higher_request_nests),
		cmocka_unit_test(masks_hold_requests_back),
		cmocka_unit_test(initialisation_starts_afresh),
		cmocka_unit_test(icw4_and_icw3_can_be_left_out),
		cmocka_unit_test(automatic_eoi_leaves_nothing_in_service),
		cmocka_unit_test(automatic_rotation_is_round_robin),
		cmocka_unit_test(rotate_on_eoi_gives_the_lowest_priority),
		cmocka_unit_test(set_priority_command),
		cmocka_unit_test(eoi_with_nothing_in_service_is_harmless),
		cmocka_unit_test(special_mask_lets_lower_levels_in),
		cmocka_unit_test(ocw3_changes_only_what_it_enables),
		cmocka_unit_test(special_fully_nested_lets_the_slave_nest),
		cmocka_unit_test(poll_acknowledges_by_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
