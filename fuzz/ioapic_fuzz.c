// SPDX-License-Identifier: Apache-2.0
// Any accesses and lines keep the I/O APIC's invariants, and a level is never forgotten nor sent twice.
#include "dev/ioapic.h"

#include "base/assert.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

#define MASKED BIT(16)
#define LEVEL BIT(15)
#define REMOTE_IRR BIT(14)

/* An asserted, unmasked level of Fixed delivery that nobody refused is under way. */
static void check_levels(const struct ioapic *io, u32 refused)
{
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		bool is_fixed = (io->entry[pin] >> 8 & 7) <= APIC_LOWEST;

		if ((io->lines >> pin & 1) && (io->entry[pin] & LEVEL) && !(io->entry[pin] & MASKED) && is_fixed &&
		    !(refused >> pin & 1))
			ASSERT(io->entry[pin] & REMOTE_IRR);
	}
}

static void check_messages(const struct ioapic *io, const struct ioapic_effects *fx)
{
	ASSERT(fx->count <= IOAPIC_PINS);
	for (u32 i = 0; i < fx->count; i++) {
		u64 entry = io->entry[fx->pin[i]];

		ASSERT(!(entry & MASKED) && (io->lines >> fx->pin[i] & 1));
		ASSERT(fx->msg[i].destination == (entry >> 56 | (entry >> 49 & 0x7f) << 8));
		ASSERT(fx->msg[i].vector == (u8)entry && (io->has_extended_destination || !(entry << 8 >> 57)));
		ASSERT(!i || fx->pin[i] > fx->pin[i - 1]);
	}
}

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	struct ioapic io;
	struct ioapic_effects fx;
	u32 refused = 0;

	ioapic_init(&io, 0);
	io.has_extended_destination = bytes % 6 == 1;
	for (size_t i = 0; i + 6 <= bytes; i += 6) {
		u32 value = load_u32(in + i + 2);
		unsigned pin = in[i + 1] % IOAPIC_PINS;

		fx.count = 0;
		switch (in[i] & 7) {
		case 0:
		case 1:
			ioapic_set_line(&io, pin, in[i] & 8, &fx);
			break;
		case 2:
			ioapic_eoi(&io, in[i + 1], &fx);
			break;
		case 3:
			(void)ioapic_mmio_read(&io, in[i + 1]);
			break;
		case 4:
			ioapic_undelivered(&io, pin);
			refused |= 1u << pin;
			break;
		case 5:
			ioapic_mmio_write(&io, 0, in[i + 1] & 0x3f, &fx);
			break;
		case 6:
			ioapic_mmio_write(&io, 0x10, value, &fx);
			break;
		default:
			ioapic_mmio_write(&io, in[i + 1], value, &fx);
			break;
		}
		ASSERT(ioapic_valid(&io));
		check_messages(&io, &fx);
		check_levels(&io, refused);
	}
	return 0;
}
