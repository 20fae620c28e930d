// SPDX-License-Identifier: Apache-2.0
// Any accesses keep the host bridge's invariants, and the bridge stays what it is.
#include "dev/pci_host.h"

#include "base/assert.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	struct pci_host h, probe;

	pci_host_reset(&h);
	for (size_t i = 0; i + 5 <= bytes; i += 5) {
		u16 port = 0xcf8 + (in[i] & 7);
		unsigned width = 1u << (in[i] >> 3) % 3;

		pci_host_write(&h, port, width, load_u32(in + i + 1));
		ASSERT(pci_host_valid(&h));
		ASSERT(width == 4 || pci_host_read(&h, port, width) >> 8 * width == 0);
		probe = h;
		pci_host_write(&probe, PCI_HOST_PORT_ADDRESS, 4, 0x80000000);
		ASSERT(pci_host_read(&probe, PCI_HOST_PORT_DATA, 4) == 0x00081b36);
	}
	return 0;
}
