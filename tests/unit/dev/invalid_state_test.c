// SPDX-License-Identifier: Apache-2.0
// States that no sequence of accesses reaches, as a corrupt or hostile snapshot may hold: each x_valid() refuses them.
#include "dev/acpi_pm.h"
#include "dev/chipset.h"
#include "dev/hpet.h"
#include "dev/kbc.h"
#include "dev/pci_host.h"
#include "dev/pit.h"
#include "dev/rtc.h"
#include "dev/testdev.h"
#include "dev/uart.h"

#include "unit/dev/restored.h"

/* One member of a good state set to a bad value. */
#define REFUSED(type, good, member, value)                                                                             \
	do {                                                                                                           \
		struct type bad = good;                                                                                \
		assert_true(type##_valid(&bad));                                                                       \
		bad.member = value;                                                                                    \
		assert_false(type##_valid(&bad));                                                                      \
	} while (0)

static void uart_states(void **state)
{
	struct uart u, sending;

	(void)state;
	uart_reset(&u);
	REFUSED(uart, u, ier, 0x10);
	REFUSED(uart, u, mcr, 0x20);
	REFUSED(uart, u, fcr, 0x02);
	REFUSED(uart, u, line_errors, 0x20);
	REFUSED(uart, u, modem_deltas, 0x10);
	REFUSED(uart, u, rx_error[15], 0x02);
	REFUSED(uart, u, rx_tail, 16);
	REFUSED(uart, u, tx_tail, 16);
	REFUSED(uart, u, rx_count, 2); /* without FIFO */
	REFUSED(uart, u, tx_count, 1); /* the shift register would have taken it */
	sending = u;
	uart_write(&sending, 0, 1, 0);
	uart_write(&sending, 0, 2, 0);
	REFUSED(uart, sending, tx_count, 2);
	REFUSED(uart, sending, tx_shift_full, false);
	REFUSED(uart, sending, thre_pending, true);
	uart_write(&u, 2, 1, 0);
	REFUSED(uart, u, rx_count, 17);
}

static void pit_states(void **state)
{
	struct pit p;

	(void)state;
	pit_reset(&p, 0);
	REFUSED(pit, p, channel[0].gate, false); /* tied high */
	REFUSED(pit, p, channel[1].gate, false);
	REFUSED(pit, p, channel[2].gate, true); /* port 0x61 says low */
	REFUSED(pit, p, port61, 0x10);
	REFUSED(pit, p, port61, 0x01);
	for (unsigned i = 0; i < 3; i++) {
		REFUSED(pit, p, channel[i].control, 0x40 | 0x36);
		REFUSED(pit, p, channel[i].control, 0x06);
		REFUSED(pit, p, channel[i].reload, 0);
		REFUSED(pit, p, channel[i].reload, 65537);
		REFUSED(pit, p, channel[i].active, 0);
		REFUSED(pit, p, channel[i].active, 65537);
		REFUSED(pit, p, channel[i].has_count, false);
	}
}

static void rtc_states(void **state)
{
	struct rtc r;

	(void)state;
	rtc_init(&r, 0, 0);
	REFUSED(rtc, r, index, 128);
	REFUSED(rtc, r, flags, 0x80);
	REFUSED(rtc, r, cmos[0x0a], 0xa6);
}

static void hpet_states(void **state)
{
	struct hpet h, narrow;

	(void)state;
	hpet_reset(&h);
	REFUSED(hpet, h, config, 4);
	REFUSED(hpet, h, status, 8);
	REFUSED(hpet, h, pulses, 1);
	narrow = h;
	hpet_write(&narrow, 0x140, 4, 0x100, 0);
	REFUSED(hpet, narrow, timer[2].comparator, 1ull << 32);
	REFUSED(hpet, narrow, timer[2].period, 1ull << 32);
	for (unsigned i = 0; i < 3; i++) {
		REFUSED(hpet, h, timer[i].config, 1);
		REFUSED(hpet, h, timer[i].config, 2 << 9); /* no such route */
		REFUSED(hpet, h, status, 1u << i);         /* not level-triggered */
	}
}

static void small_states(void **state)
{
	struct acpi_pm pm;
	struct chipset c;
	struct kbc k;
	struct pci_host h;
	struct testdev t;

	(void)state;
	acpi_pm_reset(&pm, true, 0);
	REFUSED(acpi_pm, pm, status, 0x8000);
	REFUSED(acpi_pm, pm, enable, 0x0002);
	REFUSED(acpi_pm, pm, control, 0x2000);
	chipset_reset(&c);
	REFUSED(chipset, c, control, 4);
	REFUSED(chipset, c, reset_control, 1);
	kbc_reset(&k);
	REFUSED(kbc, k, status, 0x02);
	REFUSED(kbc, k, status, 0x20); /* whose byte, if there is none? */
	REFUSED(kbc, k, pending, 0xd0);
	pci_host_reset(&h);
	REFUSED(pci_host, h, address, 1);
	testdev_reset(&t);
	REFUSED(testdev, t, lines, 1u << 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uart_states), cmocka_unit_test(pit_states),   cmocka_unit_test(rtc_states),
		cmocka_unit_test(hpet_states), cmocka_unit_test(small_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
