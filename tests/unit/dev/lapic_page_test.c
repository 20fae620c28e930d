// SPDX-License-Identifier: Apache-2.0
// The register page agrees with what the guest reads, and what the processor does there comes back.
#include "dev/lapic_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lapic l;
static struct lapic_page page;

static const struct lapic_config config = {
	.apic_id = 3,
	.timer_hz = 25000000,
	.phys_bits = 40,
	.is_bsp = true,
	.has_x2apic = true,
	.has_tsc_deadline = true,
};

static void write(u32 offset, u32 value)
{
	struct lapic_effects fx;

	lapic_mmio_write(&l, offset, value, 0, &fx);
}

static void request(u8 vector, bool level)
{
	const struct apic_msg msg = {.delivery = APIC_FIXED, .vector = vector, .level = level};

	assert_int_not_equal(lapic_accept(&l, &msg), 0);
}

static u32 *reg(u32 offset)
{
	return &page.word[offset / 4];
}

static void start(void)
{
	memset(&page, 0xee, sizeof(page));
	memset(reg(0x200), 0, 0x80); /* nothing is requested there yet */
	lapic_init(&l, &config);
	write(0xf0, 0x1ff);
	write(0x80, 0x23);
	write(0xd0, 0x5000000);
	write(0x350, 0x8700);
	write(0x3e0, 0xb);
	request(0x31, false);
	request(0x72, true);
	request(0xfe, false);
	lapic_ack(&l, 0xfe);
}

/* SDM 3A, Local APIC Register Address Map. */
static void reads_as_by_mmio(void **state)
{
	static const u16 offsets[] = {0x20,  0x30,  0x80,  0xa0,  0xd0,  0xe0,  0xf0,  0x280, 0x300,
				      0x310, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380, 0x3e0};
	struct lapic before;

	(void)state;
	start();
	before = l;
	lapic_page_lend(&l, &page);
	for (size_t i = 0; i < ARRAY_COUNT(offsets); i++)
		assert_int_equal(*reg(offsets[i]), lapic_mmio_read(&before, offsets[i], 0));
	for (u32 offset = 0x100; offset < 0x280; offset += 0x10)
		assert_int_equal(*reg(offset), lapic_mmio_read(&before, offset, 0));
	assert_int_equal(*reg(0x80), 0x23);
	assert_int_equal(*reg(0x170), 0x40000000); /* 0xfe in service */
	assert_int_equal(*reg(0x1b0), 0x40000);    /* 0x72 is level-triggered */
	assert_int_equal(*reg(0x230), 0x40000);
	assert_int_equal(*reg(0x210), 0x20000);
	assert_int_equal(lapic_page_requested(&page), 0x72);
	assert_int_equal(lapic_page_in_service(&page), 0xfe);
	assert_int_equal(*reg(0x390), 0);
	assert_int_equal(*reg(0x400), 0);
}

static void has_a_wide_command_register_in_x2apic_mode(void **state)
{
	struct lapic_effects fx;

	(void)state;
	start();
	assert_int_equal(lapic_base_write(&l, l.base | 0xc00, &fx), OK);
	lapic_page_lend(&l, &page);
	assert_int_equal(lapic_msr_write(&l, 0x830, 0x1234567800000040ull, 0, &fx), OK);
	lapic_page_refresh(&l, &page);
	assert_int_equal(*reg(0x20), 3);
	assert_int_equal(*reg(0x300), 0x40);
	assert_int_equal(*reg(0x304), 0x12345678);
	assert_int_equal(*reg(0x80), 0x23); /* the processor's */
}

/* The guest stores the high half of a command, and writes another register before the low one. */
static void keeps_a_command_that_was_stored_without_an_exit(void **state)
{
	(void)state;
	start();
	lapic_page_lend(&l, &page);
	*reg(0x310) = 0x7f000000;
	*reg(0x300) = 0x4051;
	lapic_page_take_command(&l, &page);
	write(0x350, 0x8700);
	lapic_page_refresh(&l, &page);
	assert_int_equal(*reg(0x310), 0x7f000000);
	assert_int_equal(*reg(0x300), 0x4051);
	assert_true(lapic_valid(&l));
	*reg(0x310) = 0x80ffffff; /* the processor would have cleared what is reserved, and is not to be trusted */
	*reg(0x300) = 0xffffffff;
	lapic_page_take(&l, &page);
	assert_int_equal(lapic_mmio_read(&l, 0x310, 0), 0x80000000);
	assert_int_equal(lapic_mmio_read(&l, 0x300, 0), 0xccfff);
	assert_true(lapic_valid(&l));
}

static void takes_a_wide_command_back(void **state)
{
	struct lapic_effects fx;
	u64 value;

	(void)state;
	start();
	assert_int_equal(lapic_base_write(&l, l.base | 0xc00, &fx), OK);
	lapic_page_lend(&l, &page);
	*reg(0x300) = 0x4061;
	*reg(0x304) = 0x89abcdef;
	lapic_page_take_command(&l, &page);
	assert_int_equal(lapic_msr_read(&l, 0x830, 0, &value), OK);
	assert_int_equal(value, 0x89abcdef00004061ull);
}

static void sees_nothing_held_back_while_it_is_lent(void **state)
{
	(void)state;
	start();
	lapic_page_lend(&l, &page);
	assert_true(lapic_valid(&l));
	assert_int_equal(lapic_pending_vector(&l), 0);
	request(0x31, false);
	assert_int_equal(lapic_pending_vector(&l), 0x31);
}

/* What virtual-interrupt delivery does: EOI of 0xfe, then 0x72 goes into service; the guest lowers TPR. */
static void takes_back_what_the_processor_did(void **state)
{
	(void)state;
	start();
	assert_int_equal(lapic_pending_vector(&l), 0);
	lapic_page_lend(&l, &page);
	*reg(0x170) = 0;
	*reg(0x230) &= ~0x40000u;
	*reg(0x130) |= 0x40000;
	*reg(0x80) = 0x10;
	request(0x33, false);
	lapic_page_take(&l, &page);
	assert_true(lapic_valid(&l));
	assert_int_equal(l.isr_max, 0x72);
	assert_int_equal(l.irr_max, 0x33);
	assert_int_equal(lapic_pending_vector(&l), 0);
	assert_int_equal(l.tpr, 0x10);
	assert_int_equal(l.irr[0], 1ull << 0x31 | 1ull << 0x33);
	assert_int_equal(l.tmr[1], 1ull << (0x72 - 64));
}

static void comes_back_as_it_went(void **state)
{
	struct lapic before;

	(void)state;
	start();
	before = l;
	lapic_page_lend(&l, &page);
	assert_memory_not_equal(&l, &before, sizeof(l));
	lapic_page_take(&l, &page);
	assert_memory_equal(&l, &before, sizeof(l));
}

static void merges_requests_with_their_trigger_modes(void **state)
{
	(void)state;
	start();
	lapic_page_lend(&l, &page);
	request(0x72, false); /* level before */
	request(0xc0, true);
	lapic_page_merge(&l, &page);
	assert_int_equal(l.irr_max, 0);
	assert_int_equal(l.irr[1] | l.irr[3], 0);
	assert_int_equal(lapic_pending_vector(&l), 0);
	assert_int_equal(lapic_page_requested(&page), 0xc0);
	assert_int_equal(*reg(0x230), 0x40000);
	assert_int_equal(*reg(0x1b0), 0);
	assert_int_equal(*reg(0x260), 1);
	assert_int_equal(*reg(0x1e0), 1);
	assert_int_equal(*reg(0x210), 0x20000); /* of before */
	lapic_page_merge(&l, &page);            /* nothing new */
	assert_int_equal(*reg(0x260), 1);
}

/* LINT0, level-triggered: its remote IRR is set while the request is under way, and the EOI of it clears that. */
static void shows_a_level_pin_under_way(void **state)
{
	struct lapic_effects fx;

	(void)state;
	start();
	write(0x350, 0x8045);
	lapic_page_lend(&l, &page);
	assert_int_equal(lapic_lint_set(&l, 0, true), LAPIC_IRR);
	lapic_page_merge(&l, &page);
	assert_int_equal(*reg(0x350), 0xc045);
	lapic_lint_set(&l, 0, false);
	lapic_level_ended(&l, 0x45, &fx);
	assert_int_equal(fx.flags, LAPIC_EOI);
	assert_int_equal(fx.eoi_vector, 0x45);
	lapic_page_refresh(&l, &page);
	assert_int_equal(*reg(0x350), 0x8045);
}

static void an_edge_leaves_nothing_to_do_at_its_end(void **state)
{
	struct lapic_effects fx;

	(void)state;
	start();
	lapic_page_lend(&l, &page);
	lapic_level_ended(&l, 0x31, &fx);
	assert_int_equal(fx.flags, 0);
	write(0xf0, 0x11ff); /* no broadcast */
	lapic_level_ended(&l, 0x72, &fx);
	assert_int_equal(fx.flags, 0);
}

static void knows_what_would_be_delivered(void **state)
{
	(void)state;
	start();
	lapic_page_lend(&l, &page);
	assert_false(lapic_page_has_interrupt(&l, &page)); /* 0xfe is in service */
	*reg(0xa0) = 0x70;
	assert_false(lapic_page_has_interrupt(&l, &page)); /* 0x72 is of the same class */
	*reg(0xa0) = 0x6f;
	assert_true(lapic_page_has_interrupt(&l, &page));
	*reg(0xa0) = 0x70;
	request(0x80, false);
	assert_true(lapic_page_has_interrupt(&l, &page));
}

static void requests_go_by_another_way_and_come_back(void **state)
{
	u64 vectors[4];

	(void)state;
	start();
	lapic_page_lend(&l, &page);
	request(0x41, false);
	request(0xe0, false);
	lapic_requests_take(&l, vectors);
	assert_int_equal(vectors[1], 2);
	assert_int_equal(vectors[3], 1ull << 32);
	assert_int_equal(lapic_pending_vector(&l), 0);
	assert_true(lapic_valid(&l));
	request(0x42, false);
	lapic_requests_add(&l, vectors);
	assert_true(lapic_valid(&l));
	assert_int_equal(l.irr[1], 6);
	assert_int_equal(lapic_pending_vector(&l), 0xe0);
}

static void a_register_is_read_whole(void **state)
{
	(void)state;
	start();
	lapic_page_lend(&l, &page);
	assert_int_equal(lapic_page_read(&page, 0xf0), 0x1ff);
	assert_int_equal(lapic_page_read(&page, 0xf3), 0x1ff);
}

/* Processors write ICR in the page, and request vectors there while it is not lent. */
static void what_processors_write_stays(void **state)
{
	(void)state;
	start();
	lapic_page_lend(&l, &page);
	*reg(0x310) = 0x7000000;
	*reg(0x300) = 0x4041;
	lapic_page_take_command(&l, &page);
	lapic_page_refresh(&l, &page);
	assert_int_equal(*reg(0x310), 0x7000000);
	assert_int_equal(*reg(0x300), 0x4041);
	*reg(0x300) = 0x5041;
	lapic_page_command_sent(&page); /* delivery status: idle */
	assert_int_equal(*reg(0x300), 0x4041);
	lapic_page_take(&l, &page);
	assert_int_equal(l.icr_high, 0x7000000);
	assert_int_equal(l.icr_low, 0x4041);
	assert_int_equal(lapic_page_requested(&page), 0);
	*reg(0x250) = 1;
	lapic_page_lend(&l, &page);
	assert_int_equal(lapic_page_requested(&page), 0xa0);
	assert_int_equal(*reg(0x210), 0x20000);
	assert_int_equal(*reg(0x310), 0x7000000);
}

static void late_requests_are_found(void **state)
{
	(void)state;
	start();
	assert_false(lapic_page_requests_take(&l, &page));
	*reg(0x270) = 0x80000000;
	assert_true(lapic_page_requests_take(&l, &page));
	assert_int_equal(l.irr_max, 0xff);
	assert_false(lapic_page_requests_take(&l, &page));
	assert_true(lapic_valid(&l));
}

static void a_look_changes_nothing(void **state)
{
	struct lapic copy;

	(void)state;
	start();
	lapic_page_lend(&l, &page);
	copy = l;
	lapic_page_view(&copy, &page);
	assert_int_equal(copy.irr_max, 0x72);
	assert_int_equal(copy.isr_max, 0xfe);
	assert_int_equal(lapic_page_requested(&page), 0x72);
	assert_true(lapic_valid(&copy));
}

/* While the guest runs, which may be writing an entry of the vector table at this moment. */
static void posts_nothing_but_requests(void **state)
{
	(void)state;
	start();
	lapic_page_lend(&l, &page);
	*reg(0x350) = 0x10000;
	request(0x90, false);
	assert_true(lapic_page_post(&l, &page));
	assert_int_equal(lapic_page_requested(&page), 0x90);
	assert_int_equal(*reg(0x350), 0x10000);
	assert_int_equal(l.irr_max, 0);
	assert_true(lapic_valid(&l));
	*reg(0x350) = l.lvt[LAPIC_LVT_LINT0];
	write(0x350, 0x8095); /* a level-triggered pin, whose entry tells that it is under way */
	lapic_page_refresh(&l, &page);
	assert_int_not_equal(lapic_lint_set(&l, 0, true), 0);
	assert_false(lapic_page_post(&l, &page));
	assert_int_equal(l.irr_max, 0x95);
	lapic_page_merge(&l, &page);
	assert_int_equal(lapic_page_requested(&page), 0x95);
	assert_int_equal(*reg(0x350), 0xc095);
}

static void an_interrupt_goes_back(void **state)
{
	(void)state;
	start();
	lapic_page_lend(&l, &page);
	lapic_page_unserve(&page, 0xfe);
	assert_int_equal(lapic_page_in_service(&page), 0);
	assert_int_equal(lapic_page_requested(&page), 0xfe);
	assert_int_equal(*reg(0xa0), 0x23); /* PPR is TPR */
	*reg(0x110) = 1;
	lapic_page_ppr_update(&page);
	assert_int_equal(*reg(0xa0), 0x23); /* 0x20 is of the same class: TPR as a whole */
	*reg(0x120) = 1;
	lapic_page_ppr_update(&page);
	assert_int_equal(*reg(0xa0), 0x40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_as_by_mmio),
		cmocka_unit_test(has_a_wide_command_register_in_x2apic_mode),
		cmocka_unit_test(keeps_a_command_that_was_stored_without_an_exit),
		cmocka_unit_test(takes_a_wide_command_back),
		cmocka_unit_test(sees_nothing_held_back_while_it_is_lent),
		cmocka_unit_test(takes_back_what_the_processor_did),
		cmocka_unit_test(comes_back_as_it_went),
		cmocka_unit_test(merges_requests_with_their_trigger_modes),
		cmocka_unit_test(shows_a_level_pin_under_way),
		cmocka_unit_test(an_edge_leaves_nothing_to_do_at_its_end),
		cmocka_unit_test(knows_what_would_be_delivered),
		cmocka_unit_test(requests_go_by_another_way_and_come_back),
		cmocka_unit_test(a_register_is_read_whole),
		cmocka_unit_test(what_processors_write_stays),
		cmocka_unit_test(late_requests_are_found),
		cmocka_unit_test(a_look_changes_nothing),
		cmocka_unit_test(posts_nothing_but_requests),
		cmocka_unit_test(an_interrupt_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
