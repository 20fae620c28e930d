// SPDX-License-Identifier: Apache-2.0
// Any accesses keep the test device's invariants and stay inside its memory.
#include "dev/testdev.h"

#include "base/assert.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	static struct testdev_ram ram;
	struct testdev t;

	testdev_reset(&t);
	for (size_t i = 0; i + 9 <= bytes; i += 9) {
		u16 port = load_u16(in + i + 1);
		u32 value = load_u32(in + i + 5);
		unsigned width = 1u << (in[i] & 3) % 3;

		port = in[i] & 0x80 ? 0xe0 + (port & 0x1f) : in[i] & 0x40 ? 0x2000 + (port & 0x1f) : port;
		if (testdev_has_port(port)) {
			(void)testdev_write(&t, port, width, value);
			(void)testdev_read(&t, port, width);
		}
		ASSERT(testdev_valid(&t));
		testdev_ram_write(&ram, load_u32(in + i + 1), 1u << (in[i] >> 2 & 3), value);
		(void)testdev_ram_read(&ram, load_u32(in + i + 1), 1u << (in[i] >> 4 & 3));
	}
	return 0;
}
