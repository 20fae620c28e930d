/* SPDX-License-Identifier: Apache-2.0 */
/* PCI configuration by ports 0xcf8 and 0xcfc (mechanism 1), and the host bridge at bus 0, device 0, function 0. */
#ifndef ETERNA_DEV_PCI_HOST_H
#define ETERNA_DEV_PCI_HOST_H

#include "base/fields.h"

#define PCI_HOST_PORT_ADDRESS 0xcf8
#define PCI_HOST_PORT_DATA 0xcfc

#define PCI_HOST_FIELDS(F, A, S)                                                                                       \
	F(u32, address, "configuration address register: enable, bus, device, function, register")

struct pci_host {
	PCI_HOST_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc pci_host_desc;

/* Whose configuration space an access to the data ports is for. */
struct pci_target {
	u8 bus, device, function;
	u8 offset; /* of the first byte */
};

void pci_host_reset(struct pci_host *h);

bool pci_host_valid(const struct pci_host *h);

/*
 * Access 1, 2 or 4 bytes at ports 0xcf8 to 0xcff. Only a dword at 0xcf8 is the address register; 0xcf9 has another
 * owner (dev/chipset.h) and the rest of 0xcf8-0xcfb is empty. Whatever is not the host bridge reads as ones.
 * Source: PCI Local Bus Specification 3.0, "Configuration Mechanism" and "Configuration Space Organization".
 */
u32 pci_host_read(const struct pci_host *h, u16 port, unsigned bytes);
void pci_host_write(struct pci_host *h, u16 port, unsigned bytes, u32 value);

/* For the owner of further devices: what a data access selects; false if it is no configuration access. */
bool pci_host_target(const struct pci_host *h, u16 port, struct pci_target *target);

#endif
