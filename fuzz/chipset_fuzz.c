// SPDX-License-Identifier: Apache-2.0
// Any accesses keep the chipset ports' invariants.
#include "dev/chipset.h"

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	static const u16 ports[4] = {CHIPSET_PORT_POST, CHIPSET_PORT_CONTROL, CHIPSET_PORT_RESET, 0};
	struct chipset c;

	chipset_reset(&c);
	for (size_t i = 0; i + 2 <= bytes; i += 2) {
		(void)chipset_write(&c, ports[in[i] & 3], in[i + 1]);
		(void)chipset_read(&c, ports[in[i] >> 2 & 3]);
		ASSERT(chipset_valid(&c));
	}
	return 0;
}
