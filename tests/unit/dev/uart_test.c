// SPDX-License-Identifier: Apache-2.0
// The 16550A against its datasheet (PC16550D): registers, FIFOs, interrupts, loopback; and a driver's probe.
#include "dev/uart.h"

#include "unit/dev/restored.h"

#define RBR 0
#define THR 0
#define IER 1
#define IIR 2
#define FCR 2
#define LCR 3
#define MCR 4
#define LSR 5
#define MSR 6
#define SCR 7

static struct uart u;
static u64 now;

static int start(void **state)
{
	(void)state;
	uart_reset(&u);
	now = 1000;
	return 0;
}

static u8 in(u16 reg)
{
	assert_true(uart_valid(&u));
	return uart_read(&u, reg, now);
}

static void out(u16 reg, u8 v)
{
	uart_write(&u, reg, v, now);
	assert_true(uart_valid(&u));
}

static void reset_values(void **state)
{
	(void)state;
	assert_int_equal(in(IER), 0);
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(in(LCR), 0);
	assert_int_equal(in(MCR), 0);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(MSR), 0xb0);
	assert_false(uart_irq(&u, now));
}

static void plain_registers(void **state)
{
	(void)state;
	out(SCR, 0x5a);
	assert_int_equal(in(SCR), 0x5a);
	out(IER, 0xff);
	assert_int_equal(in(IER), 0x0f);
	out(MCR, 0xef);
	assert_int_equal(in(MCR), 0x0f);
	out(LCR, 0x83);
	out(0, 0x34);
	out(1, 0x12);
	assert_int_equal(in(0), 0x34);
	assert_int_equal(in(1), 0x12);
	out(LCR, 0x03);
	assert_int_equal(in(IER), 0x0f);
	out(LSR, 0xff);
	assert_int_equal(in(LSR), 0x60);
}

static void sends_in_order_with_backpressure(void **state)
{
	u8 byte;

	(void)state;
	out(FCR, 0x01);
	assert_false(uart_has_tx(&u));
	out(THR, 0); /* straight into the shift register */
	assert_true(uart_has_tx(&u));
	assert_int_equal(in(LSR), 0x20);
	for (u8 i = 1; i <= 16; i++) {
		assert_int_equal(uart_tx_room(&u), 17 - i);
		out(THR, i);
		assert_int_equal(in(LSR), 0x00);
	}
	assert_int_equal(uart_tx_room(&u), 0);
	out(THR, 99); /* no room: lost */
	for (u8 i = 0; i <= 16; i++) {
		assert_true(uart_take_tx(&u, &byte));
		assert_int_equal(byte, i);
		assert_int_equal(in(LSR), i == 16 ? 0x60 : i == 15 ? 0x20 : 0x00);
	}
	assert_false(uart_take_tx(&u, &byte));
	assert_false(uart_has_tx(&u));
}

static void character_mode_holds_one(void **state)
{
	u8 byte;

	(void)state;
	out(THR, 1);
	out(THR, 2);
	assert_int_equal(uart_tx_room(&u), 0);
	assert_int_equal(in(LSR)&0x60, 0);
	assert_true(uart_take_tx(&u, &byte));
	assert_int_equal(in(LSR)&0x60, 0x20);
	assert_int_equal(byte, 1);
	uart_receive(&u, 7, now);
	assert_int_equal(uart_rx_room(&u), 0);
	uart_receive(&u, 8, now); /* overruns: the register is overwritten */
	assert_int_equal(in(LSR)&0x03, 0x03);
	assert_int_equal(in(LSR)&0x03, 0x01);
	assert_int_equal(in(RBR), 8);
	assert_int_equal(in(LSR)&0x01, 0);
	assert_int_equal(in(RBR), 8);
}

static void thre_interrupt(void **state)
{
	u8 byte;

	(void)state;
	out(MCR, 0x08);
	out(IER, 0x02); /* enabling it with an empty transmitter asserts it */
	assert_true(uart_irq(&u, now));
	assert_int_equal(in(IIR), 0x02);
	assert_false(uart_irq(&u, now)); /* reading the IIR cleared it */
	assert_int_equal(in(IIR), 0x01);
	out(IER, 0x02); /* no edge */
	assert_int_equal(in(IIR), 0x01);
	out(IER, 0x00);
	out(IER, 0x02); /* drivers test for this edge */
	assert_int_equal(in(IIR), 0x02);
	out(THR, 1);
	out(THR, 2);
	assert_int_equal(in(IIR), 0x01); /* the write cleared it: the holding register is full */
	assert_true(uart_take_tx(&u, &byte));
	assert_true(uart_irq(&u, now));
	out(THR, 3);
	assert_false(uart_irq(&u, now));
}

static void line_follows_out2(void **state)
{
	(void)state;
	out(IER, 0x02);
	assert_false(uart_irq(&u, now));
	out(MCR, 0x08);
	assert_true(uart_irq(&u, now));
	out(MCR, 0x18); /* loopback turns the OUT2 pin off */
	assert_false(uart_irq(&u, now));
}

static void trigger_levels(void **state)
{
	static const u8 level[4] = {1, 4, 8, 14};

	(void)state;
	for (u8 t = 0; t < 4; t++) {
		start(NULL);
		out(FCR, (u8)(t << 6 | 0x07));
		out(IER, 0x01);
		out(MCR, 0x08);
		for (u8 i = 1; i <= 16; i++) {
			uart_receive(&u, i, now);
			assert_int_equal(uart_irq(&u, now), i >= level[t]);
			assert_int_equal(in(IIR), i >= level[t] ? 0xc4 : 0xc1);
		}
		for (u8 i = 1; i <= 16; i++) {
			assert_int_equal(in(RBR), i);
			assert_int_equal(uart_irq(&u, now), 16 - i >= level[t]);
		}
		assert_int_equal(in(LSR), 0x60);
	}
}

static void receive_timeout(void **state)
{
	/* 8N1 at 9600 baud: ten bits of 104.1667 us; four characters */
	const u64 four_chars = 4166666;

	(void)state;
	out(LCR, 0x83);
	out(0, 12);
	out(1, 0);
	out(LCR, 0x03);
	out(FCR, 0x81);
	out(IER, 0x01);
	out(MCR, 0x08);
	assert_true(uart_next_event(&u, now) == NEVER);
	uart_receive(&u, 'a', now);
	uart_receive(&u, 'b', now);
	assert_true(uart_next_event(&u, now) == now + four_chars);
	now += four_chars - 1;
	assert_int_equal(in(IIR), 0xc1);
	now += 1;
	assert_true(uart_irq(&u, now));
	assert_true(uart_next_event(&u, now) == NEVER);
	assert_int_equal(in(IIR), 0xcc);
	assert_int_equal(in(IIR), 0xcc); /* reading the IIR does not clear it */
	assert_int_equal(in(RBR), 'a');
	assert_int_equal(in(IIR), 0xc1); /* reading a byte does, and starts it again */
	assert_true(uart_next_event(&u, now) == now + four_chars);
	out(IER, 0x00);
	assert_true(uart_next_event(&u, now) == NEVER);
}

static void fifo_overrun_keeps_the_fifo(void **state)
{
	(void)state;
	out(FCR, 0x01);
	out(IER, 0x04);
	out(MCR, 0x08);
	for (u8 i = 0; i < 16; i++)
		uart_receive(&u, i, now);
	assert_int_equal(uart_rx_room(&u), 0);
	assert_false(uart_irq(&u, now));
	uart_receive(&u, 99, now);
	assert_int_equal(in(IIR), 0xc6);
	assert_int_equal(in(LSR), 0x63);
	assert_int_equal(in(IIR), 0xc1);
	for (u8 i = 0; i < 16; i++)
		assert_int_equal(in(RBR), i);
	assert_int_equal(in(LSR), 0x60);
}

static void break_shows_with_its_byte(void **state)
{
	(void)state;
	out(FCR, 0x01);
	out(IER, 0x04);
	out(MCR, 0x08);
	uart_receive(&u, 'x', now);
	uart_receive_break(&u, now);
	uart_receive(&u, 'y', now);
	assert_int_equal(in(IIR), 0xc1);
	assert_int_equal(in(LSR), 0xe1); /* an error somewhere in the FIFO */
	assert_int_equal(in(RBR), 'x');
	assert_int_equal(in(IIR), 0xc6);
	assert_int_equal(in(LSR), 0xf9);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(RBR), 0);
	assert_int_equal(in(RBR), 'y');
}

static void fcr_clears(void **state)
{
	u8 byte;

	(void)state;
	out(FCR, 0xc1);
	uart_receive(&u, 1, now);
	out(THR, 2);
	out(THR, 3);
	out(FCR, 0xc3);
	assert_int_equal(in(LSR), 0x00);
	uart_receive(&u, 4, now);
	out(FCR, 0xc5); /* the shift register is not cleared */
	assert_int_equal(in(LSR), 0x21);
	assert_true(uart_take_tx(&u, &byte));
	assert_int_equal(byte, 2);
	out(FCR, 0x00); /* leaving FIFO mode clears both */
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(IIR), 0x01);
	out(FCR, 0xc6); /* without the enable bit the rest is not programmed */
	assert_int_equal(in(IIR), 0x01);
}

static void loopback(void **state)
{
	u8 byte;

	(void)state;
	out(MCR, 0x10);
	assert_int_equal(in(MSR), 0x0b); /* CTS, DSR, DCD fell */
	assert_int_equal(in(MSR), 0x00);
	out(MCR, 0x1a);
	assert_int_equal(in(MSR)&0xf0, 0x90);
	out(MCR, 0x15);
	assert_int_equal(in(MSR), 0x6b);
	out(MCR, 0x10);
	assert_int_equal(in(MSR), 0x06); /* the trailing edge of RI */
	out(THR, 0x77);
	assert_false(uart_take_tx(&u, &byte));
	assert_int_equal(uart_rx_room(&u), 0);
	uart_receive(&u, 1, now); /* the wire is cut */
	uart_receive_break(&u, now);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(RBR), 0x77);
	out(LCR, 0x40);
	assert_int_equal(in(LSR), 0x79);
	assert_int_equal(in(RBR), 0);
}

static void modem_interrupt(void **state)
{
	(void)state;
	out(IER, 0x08);
	out(MCR, 0x10);
	out(MCR, 0x08);
	assert_true(uart_irq(&u, now));
	assert_int_equal(in(IIR), 0x00);
	in(MSR);
	assert_int_equal(in(IIR), 0x01);
}

static void interrupts_by_priority(void **state)
{
	(void)state;
	out(MCR, 0x10);
	out(MCR, 0x08); /* modem deltas */
	out(IER, 0x0f); /* and THRE */
	uart_receive(&u, 1, now);
	uart_receive(&u, 2, now); /* and data, and an overrun */
	assert_int_equal(in(IIR), 0x06);
	in(LSR);
	assert_int_equal(in(IIR), 0x04);
	in(RBR);
	assert_int_equal(in(IIR), 0x02);
	assert_int_equal(in(IIR), 0x00);
	in(MSR);
	assert_int_equal(in(IIR), 0x01);
}

static void line_errors_add_up(void **state)
{
	(void)state;
	uart_receive_break(&u, now);
	uart_receive(&u, 1, now); /* overruns */
	assert_int_equal(in(LSR), 0x7b);
	uart_receive(&u, 2, now);
	uart_receive_break(&u, now); /* the other way round */
	assert_int_equal(in(LSR), 0x7b);
}

static void cleared_errors_stay_away(void **state)
{
	(void)state;
	out(FCR, 0x01);
	for (int i = 0; i < 4; i++)
		uart_receive_break(&u, now);
	out(FCR, 0x03);
	(void)in(LSR);
	uart_receive(&u, 1, now);
	assert_int_equal(in(LSR), 0x61);
}

static void modem_deltas_add_up(void **state)
{
	(void)state;
	out(MCR, 0x12); /* loopback: DSR and DCD fall, CTS stays */
	out(MCR, 0x10); /* CTS falls */
	assert_int_equal(in(MSR), 0x0b);
}

static void break_out_is_seen_in_loopback_only(void **state)
{
	(void)state;
	out(LCR, 0x40);
	assert_int_equal(in(LSR), 0x60);
	out(LCR, 0x00);
	out(MCR, 0x10);
	out(LCR, 0x03);
	assert_int_equal(in(LSR), 0x60);
}

/* What a restored port does under any stimuli is what the first one does. */
static void restored_port_is_the_same(void **state)
{
	struct rng r = {12345};
	struct uart other;
	u8 a, b;

	(void)state;
	for (int step = 0; step < 50000; step++) {
		u16 reg = (u16)rng_below(&r, 8);
		u8 value = (u8)rng_next(&r);

		if (rng_below(&r, 16) == 0)
			now += rng_below(&r, 10000000);
		if (step % 100 == 0) {
			memset(&other, 0xa5, sizeof(other));
			restore_from(&uart_desc, &other, &u);
		}
		switch (rng_below(&r, 5)) {
		case 0:
			assert_int_equal(in(reg), uart_read(&other, reg, now));
			break;
		case 1:
			out(reg, value);
			uart_write(&other, reg, value, now);
			break;
		case 2:
			uart_receive(&u, value, now);
			uart_receive(&other, value, now);
			break;
		case 3:
			uart_receive_break(&u, now);
			uart_receive_break(&other, now);
			break;
		default:
			a = b = 0;
			assert_int_equal(uart_take_tx(&u, &a), uart_take_tx(&other, &b));
			assert_int_equal(a, b);
		}
		assert_int_equal(uart_irq(&u, now), uart_irq(&other, now));
		assert_true(uart_next_event(&u, now) == uart_next_event(&other, now));
		assert_int_equal(uart_rx_room(&u), uart_rx_room(&other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reset_values, start),
		cmocka_unit_test_setup(plain_registers, start),
		cmocka_unit_test_setup(sends_in_order_with_backpressure, start),
		cmocka_unit_test_setup(character_mode_holds_one, start),
		cmocka_unit_test_setup(thre_interrupt, start),
		cmocka_unit_test_setup(line_follows_out2, start),
		cmocka_unit_test_setup(trigger_levels, start),
		cmocka_unit_test_setup(receive_timeout, start),
		cmocka_unit_test_setup(fifo_overrun_keeps_the_fifo, start),
		cmocka_unit_test_setup(break_shows_with_its_byte, start),
		cmocka_unit_test_setup(fcr_clears, start),
		cmocka_unit_test_setup(loopback, start),
		cmocka_unit_test_setup(modem_interrupt, start),
		cmocka_unit_test_setup(interrupts_by_priority, start),
		cmocka_unit_test_setup(line_errors_add_up, start),
		cmocka_unit_test_setup(cleared_errors_stay_away, start),
		cmocka_unit_test_setup(modem_deltas_add_up, start),
		cmocka_unit_test_setup(break_out_is_seen_in_loopback_only, start),
		cmocka_unit_test_setup(restored_port_is_the_same, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
