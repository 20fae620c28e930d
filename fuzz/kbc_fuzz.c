// SPDX-License-Identifier: Apache-2.0
// Any accesses keep the keyboard controller's invariants; never do both its interrupts stand.
#include "dev/kbc.h"

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	struct kbc k;

	kbc_reset(&k);
	for (size_t i = 0; i + 2 <= bytes; i += 2) {
		u16 port = in[i] & 1 ? KBC_PORT_COMMAND : KBC_PORT_DATA;

		if (in[i] & 2)
			(void)kbc_read(&k, port);
		else
			(void)kbc_write(&k, port, in[i + 1]);
		ASSERT(kbc_valid(&k));
		ASSERT(!kbc_irq1(&k) || !kbc_irq12(&k));
	}
	return 0;
}
