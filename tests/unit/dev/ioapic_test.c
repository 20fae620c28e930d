// SPDX-License-Identifier: Apache-2.0
// I/O APIC against the 82093AA datasheet.
#include "dev/ioapic.h"

#include "unit/dev/saved_copy.h"

#define MASKED 0x10000u
#define LEVEL 0x8000u
#define REMOTE_IRR 0x4000u

static struct ioapic_effects fx;

static u32 reg_read(struct ioapic *io, u8 index)
{
	ioapic_mmio_write(io, 0x00, index, &fx);
	assert_int_equal(fx.count, 0);
	return ioapic_mmio_read(io, 0x10);
}

/* Returns the number of messages. */
static u32 reg_write(struct ioapic *io, u8 index, u32 value)
{
	ioapic_mmio_write(io, 0x00, index, &fx);
	ioapic_mmio_write(io, 0x10, value, &fx);
	assert_true(ioapic_valid(io));
	return fx.count;
}

static u32 entry_low(struct ioapic *io, unsigned pin)
{
	return reg_read(io, (u8)(0x10 + 2 * pin));
}

static u32 set_entry(struct ioapic *io, unsigned pin, u32 high, u32 low)
{
	reg_write(io, (u8)(0x11 + 2 * pin), high);
	return reg_write(io, (u8)(0x10 + 2 * pin), low);
}

static u32 set_line(struct ioapic *io, unsigned pin, bool asserted)
{
	ioapic_set_line(io, pin, asserted, &fx);
	assert_true(ioapic_valid(io));
	return fx.count;
}

static u32 eoi(struct ioapic *io, u8 vector)
{
	ioapic_eoi(io, vector, &fx);
	assert_true(ioapic_valid(io));
	return fx.count;
}

static struct ioapic at_reset(void)
{
	struct ioapic io;

	ioapic_init(&io, 2);
	assert_true(ioapic_valid(&io));
	return io;
}

static void registers_after_reset(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	assert_int_equal(reg_read(&io, 0), 2u << 24);
	assert_int_equal(reg_read(&io, 1), 0x170020);
	assert_int_equal(reg_read(&io, 2), 2u << 24);
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		assert_int_equal(entry_low(&io, pin), MASKED);
		assert_int_equal(reg_read(&io, (u8)(0x11 + 2 * pin)), 0);
	}
	for (unsigned index = 3; index < 256; index++)
		if (index < 0x10 || index >= 0x40)
			assert_int_equal(reg_read(&io, (u8)index), 0);
	ioapic_mmio_write(&io, 0x00, 0x10, &fx);
	assert_int_equal(ioapic_mmio_read(&io, 0x00), 0x10);
	for (u32 offset = 4; offset < 0x1000; offset += 4)
		if (offset != 0x10)
			assert_int_equal(ioapic_mmio_read(&io, offset), 0);
}

static void registers_keep_their_writable_bits(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	reg_write(&io, 0, 0xffffffff);
	assert_int_equal(reg_read(&io, 0), 0x0f000000);
	reg_write(&io, 1, 0);
	assert_int_equal(reg_read(&io, 1), 0x170020);
	reg_write(&io, 2, 0);
	assert_int_equal(reg_read(&io, 2), 0x0f000000);
	reg_write(&io, 0x40, 0xffffffff);
	set_entry(&io, 5, 0xffffffff, 0xffffffff);
	assert_int_equal(entry_low(&io, 5), 0x1afff);
	assert_int_equal(reg_read(&io, 0x1b), 0xff000000);
	set_entry(&io, 5, 0, 0);
	assert_int_equal(entry_low(&io, 5), 0);
	ioapic_mmio_write(&io, 0x20, 0xffffffff, &fx);
	assert_int_equal(fx.count, 0);
}

/* Bits 14:8 of the destination in bits 55:49 of the entry; bit 48 stays reserved. */
static void extended_destinations_where_offered(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	set_entry(&io, 4, 0x01ffffff, 0x31);
	assert_int_equal(reg_read(&io, 0x19), 0x01000000);
	assert_int_equal(set_line(&io, 4, true), 1);
	assert_int_equal(fx.msg[0].destination, 1);
	io = at_reset();
	io.has_extended_destination = true;
	set_entry(&io, 4, 0x01ffffff, 0x31);
	assert_int_equal(reg_read(&io, 0x19), 0x01fe0000);
	assert_int_equal(set_line(&io, 4, true), 1);
	assert_int_equal(fx.msg[0].destination, 0x7f01);
	assert_false(fx.msg[0].wide);
	set_entry(&io, 5, 0x00020000, 0x8032);
	assert_int_equal(set_line(&io, 5, true), 1);
	assert_int_equal(fx.msg[0].destination, 0x100);
	io.has_extended_destination = false;
	assert_false(ioapic_valid(&io));
	io.has_extended_destination = true;
	ioapic_reset(&io, 2);
	assert_true(io.has_extended_destination);
	assert_int_equal(reg_read(&io, 0x19), 0);
}

static void an_edge_sends_one_message(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	set_entry(&io, 4, 0x07000000, 0x0931); /* logical, lowest priority */
	assert_int_equal(set_line(&io, 4, true), 1);
	assert_int_equal(fx.pin[0], 4);
	assert_int_equal(fx.msg[0].destination, 7);
	assert_int_equal(fx.msg[0].vector, 0x31);
	assert_int_equal(fx.msg[0].delivery, APIC_LOWEST);
	assert_int_equal(fx.msg[0].shorthand, APIC_TO_DESTINATION);
	assert_true(fx.msg[0].logical);
	assert_false(fx.msg[0].level);
	assert_false(fx.msg[0].wide);
	assert_int_equal(entry_low(&io, 4), 0x0931);
	assert_int_equal(set_line(&io, 4, true), 0);
	assert_int_equal(set_line(&io, 4, false), 0);
	assert_int_equal(set_line(&io, 4, true), 1);
	assert_int_equal(eoi(&io, 0x31), 0);
}

static void an_edge_at_a_masked_pin_is_lost(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	set_entry(&io, 4, 0, MASKED | 0x31);
	assert_int_equal(set_line(&io, 4, true), 0);
	assert_int_equal(set_entry(&io, 4, 0, 0x31), 0);
	assert_int_equal(set_line(&io, 4, false), 0);
	assert_int_equal(set_line(&io, 4, true), 1);
}

static void a_level_waits_for_its_eoi(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	set_entry(&io, 17, 0, LEVEL | 0x52);
	assert_int_equal(set_line(&io, 17, true), 1);
	assert_true(fx.msg[0].level);
	assert_false(fx.msg[0].logical);
	assert_int_equal(entry_low(&io, 17), LEVEL | REMOTE_IRR | 0x52);
	assert_int_equal(set_line(&io, 17, false), 0);
	assert_int_equal(set_line(&io, 17, true), 0);
	assert_int_equal(eoi(&io, 0x53), 0);
	assert_int_equal(eoi(&io, 0x52), 1); /* still asserted: again */
	assert_int_equal(entry_low(&io, 17), LEVEL | REMOTE_IRR | 0x52);
	assert_int_equal(set_line(&io, 17, false), 0);
	assert_int_equal(eoi(&io, 0x52), 0);
	assert_int_equal(entry_low(&io, 17), LEVEL | 0x52);
}

static void a_level_at_a_masked_pin_is_seen_on_unmasking(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	set_entry(&io, 9, 0, MASKED | LEVEL | 0x52);
	assert_int_equal(set_line(&io, 9, true), 0);
	assert_int_equal(set_entry(&io, 9, 0, LEVEL | 0x52), 1);
	assert_int_equal(set_entry(&io, 9, 0, MASKED | LEVEL | 0x52), 0);
	assert_int_equal(entry_low(&io, 9), MASKED | REMOTE_IRR | LEVEL | 0x52);
	assert_int_equal(eoi(&io, 0x52), 0); /* masked meanwhile */
	assert_int_equal(entry_low(&io, 9), MASKED | LEVEL | 0x52);
	assert_int_equal(set_entry(&io, 9, 0, LEVEL | 0x52), 1);
}

static void the_eoi_register_ends_by_hand(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	set_entry(&io, 9, 0, LEVEL | 0x52);
	set_entry(&io, 10, 0, LEVEL | 0x52); /* shared vector: both end */
	assert_int_equal(set_line(&io, 9, true), 1);
	assert_int_equal(set_line(&io, 10, true), 1);
	set_line(&io, 9, false);
	ioapic_mmio_write(&io, 0x40, 0x52, &fx);
	assert_int_equal(fx.count, 1);
	assert_int_equal(fx.pin[0], 10);
	assert_int_equal(entry_low(&io, 9), LEVEL | 0x52);
}

/* How guests clear remote IRR on an I/O APIC without the EOI register. */
static void a_turn_through_edge_mode_clears_remote_irr(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	set_entry(&io, 9, 0, LEVEL | 0x52);
	set_line(&io, 9, true);
	set_line(&io, 9, false);
	set_entry(&io, 9, 0, MASKED | 0x52);
	assert_int_equal(entry_low(&io, 9), MASKED | 0x52);
	set_entry(&io, 9, 0, LEVEL | 0x52);
	assert_int_equal(entry_low(&io, 9), LEVEL | 0x52);
	assert_int_equal(set_line(&io, 9, true), 1);
}

static void nmi_smi_and_extint_have_no_remote_irr(void **state)
{
	static const u8 deliveries[] = {APIC_SMI, APIC_NMI, APIC_INIT, APIC_EXTINT};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(deliveries); i++) {
		struct ioapic io = at_reset();
		u32 low = LEVEL | (u32)deliveries[i] << 8;

		set_entry(&io, 0, 0, low);
		assert_int_equal(set_line(&io, 0, true), 1);
		assert_int_equal(fx.msg[0].delivery, deliveries[i]);
		assert_int_equal(entry_low(&io, 0), low);
		assert_int_equal(set_line(&io, 0, true), 0);
	}
}

static void an_undelivered_level_can_be_sent_again(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	set_entry(&io, 20, 0, LEVEL | 0x52);
	assert_int_equal(set_line(&io, 20, true), 1);
	ioapic_undelivered(&io, 20);
	assert_int_equal(entry_low(&io, 20), LEVEL | 0x52);
	assert_int_equal(eoi(&io, 0x52), 0);                   /* of another pin: this one was never in service */
	assert_int_equal(reg_write(&io, 0x39, 0x01000000), 1); /* the guest names another destination */
	assert_int_equal(fx.msg[0].destination, 1);
}

static void all_pins_of_a_vector_can_come_again(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		set_entry(&io, pin, 0, LEVEL | 0x52);
		set_line(&io, pin, true);
	}
	assert_int_equal(eoi(&io, 0x52), IOAPIC_PINS);
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		assert_int_equal(fx.pin[pin], pin);
}

static void reset_keeps_the_lines(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	set_entry(&io, 3, 0, LEVEL | 0x52);
	set_line(&io, 3, true);
	ioapic_reset(&io, 2);
	assert_int_equal(entry_low(&io, 3), MASKED);
	assert_int_equal(set_entry(&io, 3, 0, LEVEL | 0x52), 1);
}

static void validity_sees_each_inconsistency(void **state)
{
	struct ioapic io = at_reset();

	(void)state;
	io.id = 16;
	assert_false(ioapic_valid(&io));
	io = at_reset();
	io.lines = 1u << 24;
	assert_false(ioapic_valid(&io));
	io = at_reset();
	io.entry[23] = BIT(12);
	assert_false(ioapic_valid(&io));
	io.entry[23] = BIT(14); /* remote IRR of an edge */
	assert_false(ioapic_valid(&io));
	io.entry[23] = BIT(14) | BIT(15);
	assert_true(ioapic_valid(&io));
}

static void a_restored_ioapic_behaves_identically(void **state)
{
	struct ioapic io = at_reset(), copy;
	struct ioapic_effects other;

	(void)state;
	srand(5);
	for (int i = 0; i < 50000; i++) {
		u32 value = (u32)rand() ^ (u32)rand() << 16;
		unsigned pin = value % IOAPIC_PINS;
		int action = rand() % 4;
		u32 offset = (u32[]){0, 0x10, 0x10, 0x40}[rand() % 4];

		saved_copy(&ioapic_desc, &io, &copy);
		if (action == 0) {
			ioapic_set_line(&io, pin, value & 0x100, &fx);
			ioapic_set_line(&copy, pin, value & 0x100, &other);
		} else if (action == 1) {
			ioapic_eoi(&io, (u8)value, &fx);
			ioapic_eoi(&copy, (u8)value, &other);
		} else {
			if (!offset)
				value = value % 0x42;
			ioapic_mmio_write(&io, offset, value, &fx);
			ioapic_mmio_write(&copy, offset, value, &other);
		}
		assert_true(ioapic_valid(&io));
		assert_int_equal(fx.count, other.count);
		for (u32 m = 0; m < fx.count; m++) {
			assert_int_equal(fx.pin[m], other.pin[m]);
			assert_int_equal(fx.msg[m].vector, other.msg[m].vector);
			assert_int_equal(fx.msg[m].destination, other.msg[m].destination);
			assert_int_equal(fx.msg[m].delivery, other.msg[m].delivery);
			assert_int_equal(fx.msg[m].level, other.msg[m].level);
			assert_int_equal(fx.msg[m].logical, other.msg[m].logical);
		}
		assert_true(saved_equal(&ioapic_desc, &io, &copy));
	}
}

static void an_unmasked_nmi_pin_is_known(void **state)
{
	struct ioapic pins;

	(void)state;
	ioapic_init(&pins, 0);
	assert_false(ioapic_has_nmi(&pins));
	ioapic_mmio_write(&pins, 0, 0x10 + 2 * 7, &fx);
	ioapic_mmio_write(&pins, 0x10, 0x10000 | 4 << 8, &fx);
	assert_false(ioapic_has_nmi(&pins));
	ioapic_mmio_write(&pins, 0x10, 4 << 8, &fx);
	assert_true(ioapic_has_nmi(&pins));
}

static void vector_of_an_edge(void **state)
{
	static const struct {
		u32 low;
		u8 vector;
	} cases[] = {
		{0x10030, 0}, {0x00030, 0x30}, {0x00130, 0x30}, {0x08030, 0},
		{0x00430, 0}, {0x00730, 0},    {0x009ef, 0xef},
	};
	struct ioapic pins;

	(void)state;
	ioapic_init(&pins, 0);
	assert_int_equal(ioapic_edge_vector(&pins, 2), 0);
	assert_true(ioapic_is_masked(&pins, 2));
	ioapic_mmio_write(&pins, 0, 0x10 + 2 * 2, &fx);
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		ioapic_mmio_write(&pins, 0x10, cases[i].low, &fx);
		assert_int_equal(ioapic_edge_vector(&pins, 2), cases[i].vector);
		assert_int_equal(ioapic_edge_vector(&pins, 3), 0);
		assert_int_equal(ioapic_is_masked(&pins, 2), cases[i].low >> 16 & 1);
		assert_true(ioapic_is_masked(&pins, 3));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vector_of_an_edge),
		cmocka_unit_test(registers_after_reset),
		cmocka_unit_test(registers_keep_their_writable_bits),
		cmocka_unit_test(extended_destinations_where_offered),
		cmocka_unit_test(an_edge_sends_one_message),
		cmocka_unit_test(an_edge_at_a_masked_pin_is_lost),
		cmocka_unit_test(a_level_waits_for_its_eoi),
		cmocka_unit_test(a_level_at_a_masked_pin_is_seen_on_unmasking),
		cmocka_unit_test(the_eoi_register_ends_by_hand),
		cmocka_unit_test(a_turn_through_edge_mode_clears_remote_irr),
		cmocka_unit_test(nmi_smi_and_extint_have_no_remote_irr),
		cmocka_unit_test(an_undelivered_level_can_be_sent_again),
		cmocka_unit_test(all_pins_of_a_vector_can_come_again),
		cmocka_unit_test(reset_keeps_the_lines),
		cmocka_unit_test(validity_sees_each_inconsistency),
		cmocka_unit_test(a_restored_ioapic_behaves_identically),
		cmocka_unit_test(an_unmasked_nmi_pin_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
