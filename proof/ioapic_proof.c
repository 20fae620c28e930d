// SPDX-License-Identifier: Apache-2.0
// The I/O APIC from any valid state: every access, line and EOI leaves a valid state, messages come from unmasked,
// asserted pins, and a level is never left waiting.
// cbmc: src/dev/ioapic.c --unwind 25
#include "dev/ioapic.h"
#include "proof.h"

#define MASKED BIT(16)
#define LEVEL BIT(15)
#define REMOTE_IRR BIT(14)

static struct ioapic any_valid_ioapic(void)
{
	struct ioapic io;

	io.id = nondet_u8();
	io.select = nondet_u8();
	io.lines = nondet_u32();
	io.has_extended_destination = nondet_bool();
	for (unsigned i = 0; i < IOAPIC_PINS; i++)
		io.entry[i] = nondet_u64();
	ASSUME(ioapic_valid(&io));
	return io;
}

/* An asserted, unmasked level of Fixed or lowest-priority delivery that is not under way. */
static bool is_waiting(const struct ioapic *io, unsigned pin)
{
	return (io->lines >> pin & 1) && (io->entry[pin] & LEVEL) && !(io->entry[pin] & (MASKED | REMOTE_IRR)) &&
	       (io->entry[pin] >> 8 & 7) <= APIC_LOWEST;
}

static void prove_messages(const struct ioapic *io, const struct ioapic_effects *fx)
{
	u32 i = nondet_u32();

	PROVE(fx->count <= IOAPIC_PINS);
	ASSUME(i < IOAPIC_PINS);
	if (i >= fx->count)
		return;
	PROVE(fx->pin[i] < IOAPIC_PINS);
	PROVE(!(io->entry[fx->pin[i]] & MASKED) && (io->lines >> fx->pin[i] & 1));
	PROVE(fx->msg[i].vector == (u8)io->entry[fx->pin[i]]);
	PROVE((fx->msg[i].destination & 0xff) == io->entry[fx->pin[i]] >> 56);
	PROVE(fx->msg[i].destination >> 8 == (io->entry[fx->pin[i]] >> 49 & 0x7f));
	PROVE(io->has_extended_destination || fx->msg[i].destination < 256);
}

void harness_write(void)
{
	struct ioapic io = any_valid_ioapic();
	struct ioapic_effects fx;
	u32 pin = nondet_u32();
	bool waited;

	ASSUME(pin < IOAPIC_PINS);
	waited = is_waiting(&io, pin);
	ioapic_mmio_write(&io, nondet_u32(), nondet_u32(), &fx);
	PROVE(ioapic_valid(&io));
	PROVE(waited || !is_waiting(&io, pin));
	prove_messages(&io, &fx);
	REACHED();
}

void harness_line(void)
{
	struct ioapic io = any_valid_ioapic();
	struct ioapic_effects fx;
	u32 pin = nondet_u32();

	ASSUME(pin < IOAPIC_PINS);
	ioapic_set_line(&io, pin, nondet_bool(), &fx);
	PROVE(ioapic_valid(&io) && fx.count <= 1);
	PROVE(!is_waiting(&io, pin));
	prove_messages(&io, &fx);
	REACHED();
}

void harness_eoi(void)
{
	struct ioapic io = any_valid_ioapic();
	struct ioapic_effects fx;
	u32 pin = nondet_u32();
	bool waited;

	ASSUME(pin < IOAPIC_PINS);
	waited = is_waiting(&io, pin);
	ioapic_eoi(&io, nondet_u8(), &fx);
	PROVE(ioapic_valid(&io));
	PROVE(waited || !is_waiting(&io, pin));
	prove_messages(&io, &fx);
	REACHED();
}
