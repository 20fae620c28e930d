// SPDX-License-Identifier: Apache-2.0
// I/O APIC. Sources: 82093AA datasheet, Register Description; ICH datasheets, Advanced Programmable Interrupt
// Controller.
#include "dev/ioapic.h"

#include "base/assert.h"
#include "base/mem.h"

#define DESC_STRUCT struct ioapic
DESC_DEFINE(ioapic, IOAPIC_FIELDS, 1);
#undef DESC_STRUCT

#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u
#define OFFSET_EOI 0x40u

#define INDEX_ID 0x00u
#define INDEX_VERSION 0x01u
#define INDEX_ARBITRATION 0x02u
#define INDEX_TABLE 0x10u

#define VERSION_VALUE (0x20u | (IOAPIC_PINS - 1) << 16)
#define ID_FIELD BITS(27, 24)

#define ENTRY_VECTOR BITS(7, 0)
#define ENTRY_DELIVERY BITS(10, 8)
#define ENTRY_LOGICAL BIT(11)
#define ENTRY_STATUS BIT(12)
#define ENTRY_POLARITY BIT(13)
#define ENTRY_REMOTE_IRR BIT(14)
#define ENTRY_LEVEL BIT(15)
#define ENTRY_MASKED BIT(16)
#define ENTRY_EXTENDED BITS(55, 49)
#define ENTRY_DESTINATION BITS(63, 56)

static u64 entry_writable(const struct ioapic *io)
{
	return ENTRY_VECTOR | ENTRY_DELIVERY | ENTRY_LOGICAL | ENTRY_POLARITY | ENTRY_LEVEL | ENTRY_MASKED |
	       ENTRY_DESTINATION | (io->has_extended_destination ? ENTRY_EXTENDED : 0);
}

void ioapic_init(struct ioapic *io, u8 id)
{
	memset(io, 0, sizeof(*io));
	ioapic_reset(io, id);
}

void ioapic_reset(struct ioapic *io, u8 id)
{
	ASSERT(id < 16);
	io->id = id;
	io->select = 0;
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		io->entry[pin] = ENTRY_MASKED;
}

/* Remote IRR means "under way or in service": only a level-triggered Fixed or lowest-priority entry has it. */
static bool holds_remote_irr(u64 entry)
{
	u64 delivery = GET(ENTRY_DELIVERY, entry);

	return (entry & ENTRY_LEVEL) && (delivery == APIC_FIXED || delivery == APIC_LOWEST);
}

bool ioapic_valid(const struct ioapic *io)
{
	if (io->id > 15 || io->lines >> IOAPIC_PINS)
		return false;
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		u64 entry = io->entry[pin];

		if (entry & ~(entry_writable(io) | ENTRY_REMOTE_IRR))
			return false;
		if ((entry & ENTRY_REMOTE_IRR) && !holds_remote_irr(entry))
			return false;
	}
	return true;
}

static bool is_asserted(const struct ioapic *io, unsigned pin)
{
	return io->lines >> pin & 1;
}

static void send(struct ioapic *io, unsigned pin, struct ioapic_effects *fx)
{
	u64 entry = io->entry[pin];

	if (holds_remote_irr(entry))
		io->entry[pin] |= ENTRY_REMOTE_IRR;
	fx->pin[fx->count] = (u8)pin;
	fx->msg[fx->count++] = (struct apic_msg){
		.destination = (u32)(GET(ENTRY_DESTINATION, entry) | GET(ENTRY_EXTENDED, entry) << 8),
		.vector = (u8)GET(ENTRY_VECTOR, entry),
		.delivery = (u8)GET(ENTRY_DELIVERY, entry),
		.logical = entry & ENTRY_LOGICAL,
		.level = entry & ENTRY_LEVEL,
	};
}

/* A level that is neither masked nor under way is sent. */
static void send_level(struct ioapic *io, unsigned pin, struct ioapic_effects *fx)
{
	u64 entry = io->entry[pin];

	if (is_asserted(io, pin) && holds_remote_irr(entry) && !(entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)))
		send(io, pin, fx);
}

void ioapic_set_line(struct ioapic *io, unsigned pin, bool asserted, struct ioapic_effects *fx)
{
	ASSERT(pin < IOAPIC_PINS);

	bool is_rising = asserted && !is_asserted(io, pin);

	fx->count = 0;
	io->lines = (u32)((io->lines & ~BIT(pin)) | PUT(BIT(pin), asserted));
	if (holds_remote_irr(io->entry[pin]))
		send_level(io, pin, fx);
	else if (is_rising && !(io->entry[pin] & ENTRY_MASKED))
		send(io, pin, fx); /* an edge at a masked pin is lost */
}

void ioapic_eoi(struct ioapic *io, u8 vector, struct ioapic_effects *fx)
{
	fx->count = 0;
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		if (!(io->entry[pin] & ENTRY_REMOTE_IRR) || GET(ENTRY_VECTOR, io->entry[pin]) != vector)
			continue;
		io->entry[pin] &= ~ENTRY_REMOTE_IRR;
		send_level(io, pin, fx);
	}
}

void ioapic_undelivered(struct ioapic *io, unsigned pin)
{
	ASSERT(pin < IOAPIC_PINS);
	io->entry[pin] &= ~ENTRY_REMOTE_IRR;
}

/* `shift` is 0 for the low half of the entry, 32 for the high one. */
static void entry_write(struct ioapic *io, unsigned pin, unsigned shift, u32 value, struct ioapic_effects *fx)
{
	u64 *entry = &io->entry[pin];
	u64 written = BITS(31, 0) << shift & entry_writable(io);

	*entry = (*entry & ~written) | ((u64)value << shift & written);
	if (!holds_remote_irr(*entry)) /* guests without the EOI register clear it by a turn through edge mode */
		*entry &= ~ENTRY_REMOTE_IRR;
	send_level(io, pin, fx);
}

static void window_write(struct ioapic *io, u32 value, struct ioapic_effects *fx)
{
	unsigned index = io->select;
	unsigned pin = (index - INDEX_TABLE) / 2;

	if (index == INDEX_ID)
		io->id = (u8)GET(ID_FIELD, value);
	else if (index >= INDEX_TABLE && pin < IOAPIC_PINS)
		entry_write(io, pin, 32 * (index & 1), value, fx);
}

static u32 window_read(const struct ioapic *io)
{
	unsigned index = io->select;
	unsigned pin = (index - INDEX_TABLE) / 2;

	switch (index) {
	case INDEX_ID:
	case INDEX_ARBITRATION: /* loaded from the ID; there is no APIC bus to arbitrate for */
		return (u32)PUT(ID_FIELD, io->id);
	case INDEX_VERSION:
		return VERSION_VALUE;
	default:
		return index >= INDEX_TABLE && pin < IOAPIC_PINS ? (u32)(io->entry[pin] >> (32 * (index & 1))) : 0;
	}
}

u32 ioapic_mmio_read(const struct ioapic *io, u32 offset)
{
	switch (offset) {
	case OFFSET_SELECT:
		return io->select;
	case OFFSET_WINDOW:
		return window_read(io);
	default:
		return 0;
	}
}

void ioapic_mmio_write(struct ioapic *io, u32 offset, u32 value, struct ioapic_effects *fx)
{
	fx->count = 0;
	switch (offset) {
	case OFFSET_SELECT:
		io->select = (u8)value;
		break;
	case OFFSET_WINDOW:
		window_write(io, value, fx);
		break;
	case OFFSET_EOI:
		ioapic_eoi(io, (u8)value, fx);
		break;
	default:
		break;
	}
}

u8 ioapic_edge_vector(const struct ioapic *io, unsigned pin)
{
	u64 entry = io->entry[pin];

	if (entry & (ENTRY_MASKED | ENTRY_LEVEL) || GET(ENTRY_DELIVERY, entry) > APIC_LOWEST)
		return 0;
	return (u8)GET(ENTRY_VECTOR, entry);
}

bool ioapic_is_masked(const struct ioapic *io, unsigned pin)
{
	return io->entry[pin] & ENTRY_MASKED;
}

bool ioapic_has_nmi(const struct ioapic *io)
{
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		if (GET(ENTRY_DELIVERY, io->entry[pin]) == APIC_NMI && !(io->entry[pin] & ENTRY_MASKED))
			return true;
	return false;
}
