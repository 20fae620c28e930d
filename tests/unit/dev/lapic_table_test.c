// SPDX-License-Identifier: Apache-2.0
// Who stands for which bit of a logical destination, against what the local APICs themselves take for theirs.
#include "dev/lapic_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT 4u

static struct lapic l[COUNT];
static struct lapic_slots slots;

static void write(struct lapic *to, u32 offset, u32 value)
{
	struct lapic_effects fx;

	lapic_mmio_write(to, offset, value, 0, &fx);
}

/* Enabled, with these logical ids. */
static void start(const u8 ids[COUNT], u32 dfr)
{
	for (u32 i = 0; i < COUNT; i++) {
		const struct lapic_config config = {
			.apic_id = 10 + i, .timer_hz = 25000000, .phys_bits = 40, .is_bsp = !i, .has_x2apic = true};

		lapic_init(&l[i], &config);
		write(&l[i], 0xf0, 0x1ff);
		write(&l[i], 0xe0, dfr);
		write(&l[i], 0xd0, (u32)ids[i] << 24);
	}
}

static void fill(void)
{
	lapic_slots_clear(&slots);
	for (u32 i = 0; i < COUNT; i++)
		lapic_slots_add(&slots, &l[i]);
}

/* By the APICs' own rules (SDM 3A, Logical Destination Mode): the only one that a destination of one bit is for. */
static u16 only_one(u32 destination)
{
	const struct apic_msg msg = {.destination = destination, .logical = true};
	u16 found = LAPIC_SLOT_FREE;

	for (u32 i = 0; i < COUNT; i++)
		if (lapic_is_destination(&l[i], &msg))
			found = found == LAPIC_SLOT_FREE ? (u16)(10 + i) : LAPIC_SLOT_SHARED;
	return found;
}

static void flat_bits_are_slots(void **state)
{
	static const u8 ids[COUNT] = {0x01, 0x82, 0x04, 0x84};

	(void)state;
	start(ids, 0xffffffff);
	fill();
	for (u32 bit = 0; bit < 8; bit++)
		assert_int_equal(slots.id[bit], only_one(1u << bit));
	assert_true(lapic_slot_is_clear(&slots, 0));
	assert_false(lapic_slot_is_clear(&slots, 2)); /* two have it */
	assert_false(lapic_slot_is_clear(&slots, 5)); /* nobody */
}

static void clusters_have_four_each(void **state)
{
	static const u8 ids[COUNT] = {0x01, 0x02, 0x31, 0xe8};

	(void)state;
	start(ids, 0x0fffffff);
	fill();
	for (u32 cluster = 0; cluster < 15; cluster++)
		for (u32 bit = 0; bit < 4; bit++)
			assert_int_equal(slots.id[4 * cluster + bit], only_one(cluster << 4 | 1u << bit));
	assert_int_equal(slots.id[59], 13);
}

static void two_models_are_too_much(void **state)
{
	static const u8 ids[COUNT] = {0x01, 0x02, 0x04, 0x08};

	(void)state;
	start(ids, 0xffffffff);
	write(&l[2], 0xe0, 0x0fffffff);
	fill();
	for (u32 i = 0; i < LAPIC_SLOTS; i++)
		assert_false(lapic_slot_is_clear(&slots, i));
}

static void a_disabled_one_takes_none(void **state)
{
	static const u8 ids[COUNT] = {0x01, 0x02, 0x04, 0x08};

	(void)state;
	start(ids, 0xffffffff);
	assert_true(lapic_takes_fixed(&l[1]));
	write(&l[1], 0xf0, 0xff);
	assert_false(lapic_takes_fixed(&l[1]));
	fill();
	assert_false(lapic_slot_is_clear(&slots, 1));
	assert_true(lapic_slot_is_clear(&slots, 2));
}

static void fits_as_it_began(void **state)
{
	static const u8 ids[COUNT] = {0x01, 0x02, 0x04, 0x08};
	struct lapic_effects fx;

	(void)state;
	start(ids, 0xffffffff);
	for (u32 i = 0; i < COUNT; i++)
		assert_true(lapic_fits_tables(&l[i]));
	write(&l[0], 0x20, 0x20000000); /* another id */
	assert_false(lapic_fits_tables(&l[0]));
	assert_int_equal(lapic_base_write(&l[1], l[1].base | 0x400, &fx), OK); /* x2APIC mode */
	assert_false(lapic_fits_tables(&l[1]));
	fill();
	assert_false(lapic_slot_is_clear(&slots, 1));
	assert_int_equal(lapic_base_write(&l[2], (l[2].base & 0xfff) | 0xfed00000, &fx), OK); /* moved */
	assert_false(lapic_fits_tables(&l[2]));
	assert_int_equal(lapic_base_write(&l[3], l[3].base & ~0x800ull, &fx), OK); /* disabled */
	assert_true(lapic_fits_tables(&l[3]));
	assert_false(lapic_takes_fixed(&l[3]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flat_bits_are_slots),     cmocka_unit_test(clusters_have_four_each),
		cmocka_unit_test(two_models_are_too_much), cmocka_unit_test(a_disabled_one_takes_none),
		cmocka_unit_test(fits_as_it_began),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
