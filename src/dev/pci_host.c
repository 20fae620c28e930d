// SPDX-License-Identifier: Apache-2.0
// The address register, and a host bridge whose configuration space is constant.
#include "dev/pci_host.h"

#include "base/bits.h"

#define ADDRESS_ENABLE BIT(31)
#define ADDRESS_BUS BITS(23, 16)
#define ADDRESS_DEVICE BITS(15, 11)
#define ADDRESS_FUNCTION BITS(10, 8)
#define ADDRESS_REGISTER BITS(7, 2)
#define ADDRESS_WRITABLE (ADDRESS_ENABLE | BITS(23, 2))

/*
 * Who the bridge says it is. ETERNA has no vendor id of its own, and an id of a real chipset would promise that
 * chipset's registers and draw its drivers and quirks. 1b36:0008 is the id that Red Hat publishes for a generic host
 * bridge of virtual machines, which has no registers beyond the header: what this one is.
 */
#define BRIDGE_VENDOR 0x1b36u
#define BRIDGE_DEVICE 0x0008u
#define BRIDGE_COMMAND 0x0006u /* memory space and bus master, fixed */
#define BRIDGE_CLASS 0x060000u

#define DESC_STRUCT struct pci_host
DESC_DEFINE(pci_host, PCI_HOST_FIELDS, 1);
#undef DESC_STRUCT

void pci_host_reset(struct pci_host *h)
{
	*h = (struct pci_host){0};
}

bool pci_host_valid(const struct pci_host *h)
{
	return !(h->address & ~ADDRESS_WRITABLE);
}

/* A dword of the bridge's header; what is not named is 0: no BARs, no capabilities, no interrupt. */
static u32 bridge_dword(u8 offset)
{
	switch (offset) {
	case 0x00:
		return BRIDGE_DEVICE << 16 | BRIDGE_VENDOR;
	case 0x04:
		return BRIDGE_COMMAND;
	case 0x08:
		return BRIDGE_CLASS << 8;
	default:
		return 0;
	}
}

bool pci_host_target(const struct pci_host *h, u16 port, struct pci_target *target)
{
	if ((port & ~3) != PCI_HOST_PORT_DATA || !(h->address & ADDRESS_ENABLE))
		return false;
	*target = (struct pci_target){
		.bus = (u8)GET(ADDRESS_BUS, h->address),
		.device = (u8)GET(ADDRESS_DEVICE, h->address),
		.function = (u8)GET(ADDRESS_FUNCTION, h->address),
		.offset = (u8)((h->address & ADDRESS_REGISTER) | (port & 3)),
	};
	return true;
}

u32 pci_host_read(const struct pci_host *h, u16 port, unsigned bytes)
{
	u32 ones = (u32)bits_byte_mask(bytes);
	struct pci_target t;

	if (port == PCI_HOST_PORT_ADDRESS && bytes == 4)
		return h->address;
	if (!pci_host_target(h, port, &t) || t.bus || t.device || t.function)
		return ones;
	return bridge_dword(t.offset & (u8)~3) >> 8 * (t.offset & 3) & ones;
}

void pci_host_write(struct pci_host *h, u16 port, unsigned bytes, u32 value)
{
	if (port == PCI_HOST_PORT_ADDRESS && bytes == 4)
		h->address = value & (u32)ADDRESS_WRITABLE;
}
