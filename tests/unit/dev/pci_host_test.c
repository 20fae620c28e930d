// SPDX-License-Identifier: Apache-2.0
// PCI configuration mechanism 1: the probe of Linux, a whole scan, accesses of every width.
#include "dev/pci_host.h"

#include "unit/dev/restored.h"

static struct pci_host h;

static int start(void **state)
{
	(void)state;
	pci_host_reset(&h);
	return 0;
}

static u32 config_read(u32 bus, u32 device, u32 function, u32 offset, unsigned bytes)
{
	pci_host_write(&h, 0xcf8, 4, 1u << 31 | bus << 16 | device << 11 | function << 8 | (offset & 0xfc));
	assert_true(pci_host_valid(&h));
	return pci_host_read(&h, (u16)(0xcfc + (offset & 3)), bytes);
}

static void linux_finds_mechanism_1(void **state)
{
	(void)state;
	pci_host_write(&h, 0xcfb, 1, 0x01); /* a byte there means nothing */
	assert_int_equal(pci_host_read(&h, 0xcf8, 4), 0);
	pci_host_write(&h, 0xcf8, 4, 0x80000000);
	assert_int_equal(pci_host_read(&h, 0xcf8, 4), 0x80000000);
	assert_int_equal(pci_host_read(&h, 0xcf8, 1), 0xff);
	assert_int_equal(pci_host_read(&h, 0xcfa, 2), 0xffff);
	pci_host_write(&h, 0xcf8, 4, 0xffffffff);
	assert_int_equal(pci_host_read(&h, 0xcf8, 4), 0x80fffffc);
}

static void host_bridge_header(void **state)
{
	(void)state;
	assert_int_equal(config_read(0, 0, 0, 0x00, 4), 0x00081b36);
	assert_int_equal(config_read(0, 0, 0, 0x02, 2), 0x0008);
	assert_int_equal(config_read(0, 0, 0, 0x0a, 2), 0x0600); /* host bridge */
	assert_int_equal(config_read(0, 0, 0, 0x0b, 1), 0x06);
	assert_int_equal(config_read(0, 0, 0, 0x0e, 1), 0x00); /* header type 0, one function */
	assert_int_equal(config_read(0, 0, 0, 0x04, 2), 0x0006);
	assert_int_equal(config_read(0, 0, 0, 0x34, 1), 0x00); /* no capabilities */
	assert_int_equal(config_read(0, 0, 0, 0x3d, 1), 0x00); /* no interrupt pin */
	for (u32 bar = 0x10; bar < 0x28; bar += 4) {
		config_read(0, 0, 0, bar, 4);
		pci_host_write(&h, 0xcfc, 4, 0xffffffff); /* sizing finds none */
		assert_int_equal(config_read(0, 0, 0, bar, 4), 0);
	}
}

static void a_scan_finds_nothing_else(void **state)
{
	(void)state;
	for (u32 bus = 0; bus < 256; bus++) {
		for (u32 devfn = 0; devfn < 256; devfn++) {
			u32 id = config_read(bus, devfn >> 3, devfn & 7, 0, 4);

			assert_int_equal(id, bus == 0 && devfn == 0 ? 0x00081b36 : 0xffffffff);
		}
	}
}

static void disabled_accesses_read_ones(void **state)
{
	struct pci_target t;

	(void)state;
	pci_host_write(&h, 0xcf8, 4, 0);
	assert_int_equal(pci_host_read(&h, 0xcfc, 4), 0xffffffff);
	assert_int_equal(pci_host_read(&h, 0xcfe, 2), 0xffff);
	assert_false(pci_host_target(&h, 0xcfc, &t));
	pci_host_write(&h, 0xcf8, 4, 0x8012fb44);
	assert_false(pci_host_target(&h, 0xcf8, &t));
	assert_true(pci_host_target(&h, 0xcfe, &t));
	assert_int_equal(t.bus, 0x12);
	assert_int_equal(t.device, 0x1f);
	assert_int_equal(t.function, 3);
	assert_int_equal(t.offset, 0x46);
}

static void restored_is_the_same(void **state)
{
	struct pci_host other;

	(void)state;
	config_read(0, 0, 0, 8, 4);
	restore_from(&pci_host_desc, &other, &h);
	assert_int_equal(pci_host_read(&other, 0xcfc, 4), 0x06000000);
	assert_int_equal(pci_host_read(&other, 0xcf8, 4), 0x80000008);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(linux_finds_mechanism_1, start),
		cmocka_unit_test_setup(host_bridge_header, start),
		cmocka_unit_test_setup(a_scan_finds_nothing_else, start),
		cmocka_unit_test_setup(disabled_accesses_read_ones, start),
		cmocka_unit_test_setup(restored_is_the_same, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
