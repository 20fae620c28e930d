// SPDX-License-Identifier: Apache-2.0
// The 8259A pair against the datasheet's description of each command word and mode.
#include "dev/pic.h"

#include "unit/dev/saved_copy.h"

#define EOI 0x20
#define READ_IRR 0x0a
#define READ_ISR 0x0b
#define POLL 0x0c
#define SET_SPECIAL_MASK 0x68
#define CLEAR_SPECIAL_MASK 0x48

static void out(struct pic *p, u16 port, u8 value)
{
	pic_write(p, port, value);
	assert_true(pic_valid(p));
}

static u8 in(struct pic *p, u16 port)
{
	u8 value = pic_read(p, port);

	assert_true(pic_valid(p));
	return value;
}

static void line(struct pic *p, unsigned irq, bool asserted)
{
	pic_set_line(p, irq, asserted);
	assert_true(pic_valid(p));
}

/* Acknowledges what must be pending. */
static u8 ack(struct pic *p)
{
	assert_true(pic_pending(p));

	u8 vector = pic_ack(p);

	assert_true(pic_valid(p));
	return vector;
}

/* ICW1 to ICW4 as an OS gives them: vectors 0x20 and 0x28, all unmasked. */
static struct pic programmed(u8 master_icw4, u8 slave_icw4)
{
	struct pic p;

	pic_init(&p);
	assert_true(pic_valid(&p));
	out(&p, 0x20, 0x11);
	out(&p, 0x21, 0x20);
	out(&p, 0x21, 0x04);
	out(&p, 0x21, master_icw4);
	out(&p, 0xa0, 0x11);
	out(&p, 0xa1, 0x28);
	out(&p, 0xa1, 0x02);
	out(&p, 0xa1, slave_icw4);
	return p;
}

static u8 isr(struct pic *p, u16 port)
{
	out(p, port, READ_ISR);
	return in(p, port);
}

static u8 irr(struct pic *p, u16 port)
{
	out(p, port, READ_IRR);
	return in(p, port);
}

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
	out(&p, 0x21, 0xfb);
	out(&p, 0xa1, 0xfe);
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
		cmocka_unit_test(a_higher_request_nests),
		cmocka_unit_test(masks_hold_requests_back),
		cmocka_unit_test(an_edge_stays_until_it_is_acknowledged),
		cmocka_unit_test(an_acknowledge_of_nothing_is_spurious),
		cmocka_unit_test(a_level_asks_as_long_as_it_lasts),
		cmocka_unit_test(elcr_has_fixed_edges),
		cmocka_unit_test(elcr_turns_a_high_line_into_a_request),
		cmocka_unit_test(initialisation_starts_afresh),
		cmocka_unit_test(icw4_and_icw3_can_be_left_out),
		cmocka_unit_test(without_a_slave_ir2_is_an_interrupt_like_others),
		cmocka_unit_test(a_slave_with_another_number_stays_silent),
		cmocka_unit_test(automatic_eoi_leaves_nothing_in_service),
		cmocka_unit_test(automatic_eoi_of_the_slave_gives_each_request_an_edge),
		cmocka_unit_test(automatic_rotation_is_round_robin),
		cmocka_unit_test(rotate_on_eoi_gives_the_lowest_priority),
		cmocka_unit_test(set_priority_command),
		cmocka_unit_test(eoi_with_nothing_in_service_is_harmless),
		cmocka_unit_test(special_mask_lets_lower_levels_in),
		cmocka_unit_test(ocw3_changes_only_what_it_enables),
		cmocka_unit_test(special_fully_nested_lets_the_slave_nest),
		cmocka_unit_test(poll_acknowledges_by_reading),
		cmocka_unit_test(polling_the_slave_alone_withdraws_its_request),
		cmocka_unit_test(slave_eoi_lets_the_next_request_through),
		cmocka_unit_test(other_ports_are_not_ours),
		cmocka_unit_test(reset_keeps_the_lines),
		cmocka_unit_test(validity_sees_each_inconsistency),
		cmocka_unit_test(a_restored_pair_behaves_identically),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
