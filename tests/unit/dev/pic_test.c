// SPDX-License-Identifier: Apache-2.0
// The 8259 pair: lines, cascade, ELCR, acknowledge and saved state.
#include "unit/dev/pic_guest.h"
#include "unit/dev/saved_copy.h"

static void power_up_is_as_firmware_leaves_it(void **state)
{
	struct pic p;

	(void)state;
	pic_init(&p);
	assert_int_equal(in(&p, 0x21), 0xff);
	assert_int_equal(in(&p, 0xa1), 0xff);
	line(&p, 0, true);
	line(&p, 8, true);
	assert_false(pic_pending(&p));
	out(&p, 0x21, 0xfe);
	assert_int_equal(ack(&p), 0x08);
	out(&p, 0x20, EOI);
	assert_false(pic_is_masked(&p, 0));
	assert_true(pic_is_masked(&p, 8));
	out(&p, 0x21, 0xfb);
	out(&p, 0xa1, 0xfe);
	assert_true(pic_is_masked(&p, 0));
	assert_false(pic_is_masked(&p, 8));
	assert_int_equal(ack(&p), 0x70);
}

static void each_irq_gives_its_vector(void **state)
{
	(void)state;
	for (unsigned irq = 0; irq < 16; irq++) {
		struct pic p = programmed(1, 1);

		if (irq == 2)
			continue;
		line(&p, irq, true);
		assert_int_equal(ack(&p), 0x20 + irq);
		assert_int_equal(isr(&p, 0x20), irq < 8 ? 1u << irq : 4);
		assert_int_equal(isr(&p, 0xa0), irq < 8 ? 0 : 1u << (irq - 8));
		assert_false(pic_pending(&p));
		line(&p, irq, false);
		line(&p, irq, true); /* in service: the same level waits */
		assert_false(pic_pending(&p));
		if (irq >= 8)
			out(&p, 0xa0, EOI);
		assert_false(pic_pending(&p));
		out(&p, 0x20, EOI);
		assert_int_equal(ack(&p), 0x20 + irq);
	}
}

static void line_2_is_the_cascade(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 2, true);
	assert_false(pic_pending(&p));
	assert_int_equal(irr(&p, 0x20), 0);
}

static void lower_numbers_have_priority(void **state)
{
	struct pic p = programmed(1, 1);
	static const u8 order[] = {0, 1, 8, 9, 10, 11, 12, 13, 14, 15, 3, 4, 5, 6, 7};

	(void)state;
	for (unsigned irq = 0; irq < 16; irq++)
		line(&p, irq, true);
	for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
		assert_int_equal(ack(&p), 0x20 + order[i]);
		if (order[i] >= 8)
			out(&p, 0xa0, EOI);
		out(&p, 0x20, EOI);
	}
	assert_false(pic_pending(&p));
}

static void an_edge_stays_until_it_is_acknowledged(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 3, true);
	line(&p, 3, false);
	assert_int_equal(ack(&p), 0x23);
	out(&p, 0x20, EOI);
	assert_false(pic_pending(&p));
	line(&p, 3, true);
	assert_int_equal(ack(&p), 0x23);
	out(&p, 0x20, EOI);
	assert_false(pic_pending(&p)); /* still high: no new edge */
	line(&p, 3, true);
	assert_false(pic_pending(&p));
}

static void an_acknowledge_of_nothing_is_spurious(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	out(&p, 0x4d0, 0x08);
	line(&p, 3, true);
	assert_true(pic_pending(&p));
	line(&p, 3, false); /* a level that goes takes its request with it */
	assert_false(pic_pending(&p));
	assert_int_equal(pic_ack(&p), 0x27); /* the default IR7 */
	assert_true(pic_valid(&p));
	assert_int_equal(isr(&p, 0x20), 0); /* and nothing in service */
	line(&p, 9, true);
	out(&p, 0xa1, 0x02); /* so does the slave when its request is masked */
	assert_false(pic_pending(&p));
	assert_int_equal(irr(&p, 0x20), 0);
}

static void a_level_asks_as_long_as_it_lasts(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	out(&p, 0x4d0, 0x20);
	out(&p, 0x4d1, 0x08);
	line(&p, 5, true);
	assert_int_equal(ack(&p), 0x25);
	assert_int_equal(irr(&p, 0x20), 0x20);
	out(&p, 0x20, EOI);
	assert_int_equal(ack(&p), 0x25);
	line(&p, 5, false);
	out(&p, 0x20, EOI);
	assert_false(pic_pending(&p));
	line(&p, 11, true);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ack(&p), 0x2b);
		out(&p, 0xa0, EOI);
		out(&p, 0x20, EOI);
	}
	line(&p, 11, false);
	assert_false(pic_pending(&p));
}

static void elcr_has_fixed_edges(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	out(&p, 0x4d0, 0xff);
	out(&p, 0x4d1, 0xff);
	assert_int_equal(in(&p, 0x4d0), 0xf8);
	assert_int_equal(in(&p, 0x4d1), 0xde);
	line(&p, 1, true);
	assert_int_equal(ack(&p), 0x21);
	out(&p, 0x20, EOI);
	assert_false(pic_pending(&p));
}

static void elcr_turns_a_high_line_into_a_request(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 10, true);
	ack(&p);
	out(&p, 0xa0, EOI);
	out(&p, 0x20, EOI);
	assert_false(pic_pending(&p));
	line(&p, 12, true);
	out(&p, 0x4d1, 0x04);
	assert_int_equal(ack(&p), 0x2a);
	assert_int_equal(irr(&p, 0xa0), 0x14); /* the edge of 12 is still there */
}

static void without_a_slave_ir2_is_an_interrupt_like_others(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	out(&p, 0x20, 0x11);
	out(&p, 0x21, 0x40);
	out(&p, 0x21, 0x00); /* ICW3: no input has a slave */
	out(&p, 0x21, 0x01);
	line(&p, 9, true);
	assert_int_equal(ack(&p), 0x42);
	assert_int_equal(isr(&p, 0xa0), 0);
}

static void a_slave_with_another_number_stays_silent(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	out(&p, 0xa0, 0x11);
	out(&p, 0xa1, 0x28);
	out(&p, 0xa1, 0x03);
	out(&p, 0xa1, 0x01);
	line(&p, 9, true);
	assert_int_equal(ack(&p), 0xff); /* nobody drives the bus */
	assert_int_equal(irr(&p, 0xa0), 0x02);
}

static void automatic_eoi_of_the_slave_gives_each_request_an_edge(void **state)
{
	struct pic p = programmed(3, 3);

	(void)state;
	line(&p, 12, true);
	line(&p, 9, true);
	assert_int_equal(ack(&p), 0x29);
	assert_int_equal(ack(&p), 0x2c);
	assert_false(pic_pending(&p));
}

static void polling_the_slave_alone_withdraws_its_request(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 13, true);
	assert_true(pic_pending(&p));
	out(&p, 0xa0, POLL);
	assert_int_equal(in(&p, 0xa0), 0x85);
	assert_false(pic_pending(&p));
	line(&p, 8, true);
	assert_int_equal(ack(&p), 0x28);
}

static void slave_eoi_lets_the_next_request_through(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 9, true);
	line(&p, 12, true);
	assert_int_equal(ack(&p), 0x29);
	out(&p, 0x20, EOI); /* master first */
	assert_false(pic_pending(&p));
	out(&p, 0xa0, EOI);
	assert_int_equal(ack(&p), 0x2c);
}

static void other_ports_are_not_ours(void **state)
{
	struct pic p = programmed(1, 1), before;

	(void)state;
	out(&p, 0xa1, 0x5a);
	assert_int_equal(in(&p, 0xa1), 0x5a);
	before = p;
	assert_int_equal(in(&p, 0x9f), 0xff);
	assert_int_equal(in(&p, 0xa2), 0xff);
	assert_int_equal(in(&p, 0x22), 0xff);
	assert_int_equal(in(&p, 0x4d2), 0xff);
	out(&p, 0x22, 0x11);
	assert_memory_equal(&p, &before, sizeof(p));
}

static void reset_keeps_the_lines(void **state)
{
	struct pic p = programmed(1, 1);

	(void)state;
	line(&p, 5, true);
	pic_reset(&p);
	assert_true(pic_valid(&p));
	out(&p, 0x4d0, 0x20);
	out(&p, 0x21, 0);
	assert_int_equal(ack(&p), 0x0d);
}

static void validity_sees_each_inconsistency(void **state)
{
	struct pic p = programmed(1, 1), good;

	(void)state;
	out(&p, 0x4d0, 0x20);
	line(&p, 5, true);
	line(&p, 9, true);
	good = p;
#define SPOILS(change)                                                                                                 \
	do {                                                                                                           \
		p = good;                                                                                              \
		p.change;                                                                                              \
		assert_false(pic_valid(&p));                                                                           \
	} while (0)
	SPOILS(intr = false);
	SPOILS(chip[0].lowest = 8);
	SPOILS(chip[0].icw2 = 1);
	SPOILS(chip[0].irr &= 0xdf);
	SPOILS(chip[0].lines &= 0xfb);
	SPOILS(chip[0].elcr = 0x01);
	SPOILS(chip[1].elcr = 0x01);
	SPOILS(chip[1].imr = 0xff);
	good = programmed(1, 1);
	SPOILS(chip[1].step = 1);
	SPOILS(chip[0].irr = 0x04);
	SPOILS(chip[0].step = 5);
#undef SPOILS
}

static void a_restored_pair_behaves_identically(void **state)
{
	static const u16 ports[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};
	struct pic p = programmed(1, 1), copy;

	(void)state;
	srand(3);
	for (int i = 0; i < 50000; i++) {
		u16 port = ports[rand() % 6];
		u8 value = (u8)rand();
		unsigned irq = (unsigned)rand() % 16;

		saved_copy(&pic_desc, &p, &copy);
		switch (rand() % 4) {
		case 0:
			out(&p, port, value);
			out(&copy, port, value);
			break;
		case 1:
			assert_int_equal(in(&p, port), in(&copy, port));
			break;
		case 2:
			line(&p, irq, value & 1);
			line(&copy, irq, value & 1);
			break;
		default:
			assert_int_equal(pic_ack(&p), pic_ack(&copy));
			break;
		}
		assert_true(pic_valid(&p));
		assert_true(saved_equal(&pic_desc, &p, &copy));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_up_is_as_firmware_leaves_it),
		cmocka_unit_test(each_irq_gives_its_vector),
		cmocka_unit_test(line_2_is_the_cascade),
		cmocka_unit_test(lower_numbers_have_priority),
		cmocka_unit_test(an_edge_stays_until_it_is_acknowledged),
		cmocka_unit_test(an_acknowledge_of_nothing_is_spurious),
		cmocka_unit_test(a_level_asks_as_long_as_it_lasts),
		cmocka_unit_test(elcr_has_fixed_edges),
		cmocka_unit_test(elcr_turns_a_high_line_into_a_request),
		cmocka_unit_test(without_a_slave_ir2_is_an_interrupt_like_others),
		cmocka_unit_test(a_slave_with_another_number_stays_silent),
		cmocka_unit_test(automatic_eoi_of_the_slave_gives_each_request_an_edge),
		cmocka_unit_test(polling_the_slave_alone_withdraws_its_request),
		cmocka_unit_test(slave_eoi_lets_the_next_request_through),
		cmocka_unit_test(other_ports_are_not_ours),
		cmocka_unit_test(reset_keeps_the_lines),
		cmocka_unit_test(validity_sees_each_inconsistency),
		cmocka_unit_test(a_restored_pair_behaves_identically),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
