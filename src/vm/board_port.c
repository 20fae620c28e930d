// SPDX-License-Identifier: Apache-2.0
// Which device answers which I/O port.
#include "base/bits.h"
#include "vm/board_priv.h"
#include "vm/run.h"
#include "vm/vm.h"

/* A range of ports. Devices with registers of a byte get wider accesses a byte at a time, lowest port first. */
struct port_range {
	u16 first;
	u16 last;
	bool is_wide; /* takes 2 and 4 bytes at once */
	u32 (*read)(struct vm *vm, u16 port, u32 bytes, u64 now_ns);
	void (*write)(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns);
};

static void power_request(struct vm *vm, enum power_request request)
{
	if (request == POWER_OFF)
		vm_stop(vm, VM_END_POWER_OFF);
	else if (request != POWER_NONE)
		vm_stop(vm, VM_END_RESET);
}

static u32 read_pic(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	u8 value;

	(void)bytes;
	(void)now_ns;
	board_tick_look(vm);
	value = pic_read(&vm->board.pic, port);
	board_intr_update(vm); /* a poll acknowledges */
	return value;
}

static void write_pic(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	(void)bytes;
	(void)now_ns;
	board_tick_look(vm);
	pic_write(&vm->board.pic, port, (u8)value);
	board_intr_update(vm);
	board_tick_look(vm);
}

#define PIT_COUNTER_0 0x40

static u32 read_pit(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	(void)bytes;
	return pit_read(&vm->board.pit, port, now_ns);
}

static void write_pit(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	(void)bytes;
	pit_write(&vm->board.pit, port, (u8)value, now_ns);
	board_pit_update(vm, now_ns);
	if (port == PIT_COUNTER_0)
		edge_debt_forgive(&vm->board.tick_debt);
}

static u32 read_port61(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	(void)port;
	(void)bytes;
	return port61_read(&vm->board.pit, now_ns);
}

static void write_port61(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	(void)port;
	(void)bytes;
	port61_write(&vm->board.pit, (u8)value, now_ns);
}

static u32 read_rtc(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	u8 value = rtc_read(&vm->board.rtc, port, now_ns);

	(void)bytes;
	board_rtc_update(vm, now_ns); /* reading register C ends the interrupt */
	return value;
}

static void write_rtc(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	(void)bytes;
	rtc_write(&vm->board.rtc, port, (u8)value, now_ns);
	board_rtc_update(vm, now_ns);
}

/* Which of the VM's serial ports this is; BOARD_COMS: none. */
static u32 com_find(const struct vm *vm, u16 port)
{
	u32 com = 0;

	while (com < BOARD_COMS && (!(vm->com_mask >> com & 1) || port < board_com_port(com) ||
				    port >= board_com_port(com) + BOARD_COM_REGISTERS))
		com++;
	return com;
}

/* Who has more for the port has to hear that the guest took what there was. */
static void input_ask(struct vm *vm, u32 com)
{
	const struct uart *u = &vm->board.uart[com];

	if (!(vm->input_waits >> com & 1) || u->rx_count || !board_uart_is_ready(u))
		return;
	vm->input_waits &= ~(1u << com);
	run_request_work_of(RUN_WORK_CPU);
}

static u32 read_uart(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	u32 com = com_find(vm, port);
	u8 value = uart_read(&vm->board.uart[com], port & 7, now_ns);

	(void)bytes;
	input_ask(vm, com);
	board_uart_update(vm, now_ns);
	return value;
}

static void write_uart(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	u32 com = com_find(vm, port);
	struct uart *u = &vm->board.uart[com];

	(void)bytes;
	uart_write(u, port & 7, (u8)value, now_ns);
	if (uart_has_tx(u) && vm->on_output)
		vm->on_output(vm, com);
	input_ask(vm, com);
	board_uart_update(vm, now_ns);
}

static u32 read_pm(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	return acpi_pm_read(&vm->board.acpi_pm, (u16)(port - ACPI_PM_PORT), bytes, now_ns);
}

static void write_pm(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	power_request(vm, acpi_pm_write(&vm->board.acpi_pm, (u16)(port - ACPI_PM_PORT), bytes, value, now_ns));
	board_pm_update(vm, now_ns);
}

static u32 read_kbc(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	u8 value = kbc_read(&vm->board.kbc, port);

	(void)bytes;
	(void)now_ns;
	board_kbc_update(vm);
	return value;
}

static void write_kbc(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	(void)bytes;
	(void)now_ns;
	power_request(vm, kbc_write(&vm->board.kbc, port, (u8)value));
	board_kbc_update(vm);
}

static u32 read_chipset(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	(void)bytes;
	(void)now_ns;
	return chipset_read(&vm->board.chipset, port);
}

static void write_chipset(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	(void)bytes;
	(void)now_ns;
	power_request(vm, chipset_write(&vm->board.chipset, port, (u8)value));
}

static u32 read_pci(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	(void)now_ns;
	return pci_host_read(&vm->board.pci, port, bytes);
}

static void write_pci(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	(void)now_ns;
	pci_host_write(&vm->board.pci, port, bytes, value);
}

/* The busiest first: the list is searched from the top. */
static const struct port_range ranges[] = {
	{BOARD_COM1_PORT, BOARD_COM1_PORT + BOARD_COM_REGISTERS - 1, false, read_uart, write_uart},
	{ACPI_PM_PORT, ACPI_PM_PORT + ACPI_PM_PORTS - 1, true, read_pm, write_pm},
	{0x40, 0x43, false, read_pit, write_pit},
	{PIC_MASTER_PORT, PIC_MASTER_PORT + 1, false, read_pic, write_pic},
	{PIC_SLAVE_PORT, PIC_SLAVE_PORT + 1, false, read_pic, write_pic},
	{PIC_ELCR_PORT, PIC_ELCR_PORT + 1, false, read_pic, write_pic},
	{0x61, 0x61, false, read_port61, write_port61},
	{0x70, 0x71, false, read_rtc, write_rtc},
	{CHIPSET_PORT_POST, CHIPSET_PORT_POST, false, read_chipset, write_chipset},
	{CHIPSET_PORT_CONTROL, CHIPSET_PORT_CONTROL, false, read_chipset, write_chipset},
	{KBC_PORT_DATA, KBC_PORT_DATA, false, read_kbc, write_kbc},
	{KBC_PORT_COMMAND, KBC_PORT_COMMAND, false, read_kbc, write_kbc},
	{PCI_HOST_PORT_DATA, PCI_HOST_PORT_DATA + 3, true, read_pci, write_pci},
};

/* Port 0xcf9 lies inside the PCI address register, which only takes 4 bytes at once: the width decides. */
static const struct port_range pci_address = {PCI_HOST_PORT_ADDRESS, PCI_HOST_PORT_ADDRESS + 3, true, read_pci,
					      write_pci};
static const struct port_range reset_control = {CHIPSET_PORT_RESET, CHIPSET_PORT_RESET, false, read_chipset,
						write_chipset};

/* COM2 to COM4, where the VM has them. */
static const struct port_range other_com = {0, 0xffff, false, read_uart, write_uart};

static void testdev_do(struct vm *vm, const struct testdev_event *event)
{
	switch (event->kind) {
	case TESTDEV_EXIT:
		vm->exit_status = (u8)(event->value << 1 | 1);
		vm_stop(vm, VM_END_TESTDEV);
		break;
	case TESTDEV_LINE:
		board_set_testdev_gsi(vm, event->value, event->level);
		break;
	case TESTDEV_FLUSH:
		hvm->vm_flush(&vm->hvm);
		for (u32 i = 0; i < vm->vcpu_count; i++)
			vcpu_kick(vm->vcpu[i], PENDING_FLUSH);
		break;
	default:
		break;
	}
}

static u32 read_testdev(struct vm *vm, u16 port, u32 bytes, u64 now_ns)
{
	(void)now_ns;
	return testdev_read(&vm->board.testdev, port, bytes);
}

static void write_testdev(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now_ns)
{
	struct testdev_event event = testdev_write(&vm->board.testdev, port, bytes, value);

	(void)now_ns;
	testdev_do(vm, &event);
}

static const struct port_range testdev = {0, 0xffff, true, read_testdev, write_testdev};

static const struct port_range *range_find(const struct vm *vm, u16 port, u32 bytes)
{
	for (unsigned i = 0; i < ARRAY_COUNT(ranges); i++)
		if (port >= ranges[i].first && port <= ranges[i].last)
			return &ranges[i];
	if (port == CHIPSET_PORT_RESET && bytes == 1)
		return &reset_control;
	if (port >= pci_address.first && port <= pci_address.last)
		return &pci_address;
	if (com_find(vm, port) < BOARD_COMS)
		return &other_com;
	return vm->has_testdev && testdev_has_port(port) ? &testdev : NULL;
}

static u32 port_read(struct vm *vm, u16 port, u32 bytes, u64 now)
{
	const struct port_range *range = range_find(vm, port, bytes);
	u32 value = 0;

	if (range && (bytes == 1 || (range->is_wide && port + bytes - 1 <= range->last)))
		return range->read(vm, port, bytes, now);
	if (bytes == 1)
		return 0xff;
	for (u32 i = 0; i < bytes; i++)
		value |= (port_read(vm, (u16)(port + i), 1, now) & 0xff) << 8 * i;
	return value;
}

u32 board_port_read(struct vcpu *v, u16 port, u32 bytes)
{
	u32 value;

	vm_lock(v->vm);
	value = port_read(v->vm, port, bytes, vm_now_ns(v->vm));
	vm_unlock(v->vm);
	return value;
}

static void port_write(struct vm *vm, u16 port, u32 bytes, u32 value, u64 now)
{
	const struct port_range *range = range_find(vm, port, bytes);

	if (range && (bytes == 1 || (range->is_wide && port + bytes - 1 <= range->last)))
		range->write(vm, port, bytes, value & (u32)bits_byte_mask(bytes), now);
	else if (bytes > 1)
		for (u32 i = 0; i < bytes; i++)
			port_write(vm, (u16)(port + i), 1, value >> 8 * i & 0xff, now);
}

void board_port_write(struct vcpu *v, u16 port, u32 bytes, u32 value)
{
	vm_lock(v->vm);
	port_write(v->vm, port, bytes, value, vm_now_ns(v->vm));
	vm_unlock(v->vm);
}
