// SPDX-License-Identifier: Apache-2.0
// Any accesses keep the PM registers' invariants, and the SCI rises only when it was announced.
#include "dev/acpi_pm.h"

#include "base/assert.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	struct acpi_pm p;
	u64 now_ns = 0, next;

	acpi_pm_reset(&p, bytes & 1, 0);
	for (size_t i = 0; i + 8 <= bytes; i += 8) {
		unsigned width = 1u << (in[i] >> 4 & 3) & 7;

		width = width ? width : 1;
		now_ns += (u64)in[i + 1] << (in[i + 2] & 31);
		if (in[i] & 0x80)
			acpi_pm_press_power_button(&p);
		if (in[i] & 0x40)
			(void)acpi_pm_read(&p, in[i] & 15, width, now_ns);
		else
			(void)acpi_pm_write(&p, in[i] & 15, width, load_u32(in + i + 4), now_ns);
		ASSERT(acpi_pm_valid(&p));
		next = acpi_pm_next_event(&p, now_ns);
		ASSERT(next > now_ns);
		if (next != NEVER)
			ASSERT(!acpi_pm_sci(&p, next - 1) && acpi_pm_sci(&p, next));
	}
	return 0;
}
