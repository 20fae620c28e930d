/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O APIC: 24 pins, each with a redirection entry that turns it into an interrupt message.
 *
 * Sources: 82093AA I/O Advanced Programmable Interrupt Controller; the EOI register from Intel's later I/O controller
 * hubs (ICH, APIC section). Version 0x20, which has that register: a guest that has to end a level-triggered
 * interrupt by hand then writes one register; under 0x11 Linux must switch the entry to edge and back, four accesses.
 * It also belongs to the local APIC's suppression of EOI broadcasts.
 *
 * Where that is offered, an entry has 15 bits of destination: bits 14:8 in bits 55:49, reserved by the data sheet, as
 * KVM and Linux know it for local APICs with wide ids (Linux, "KVM CPUID bits": KVM_FEATURE_MSI_EXT_DEST_ID).
 *
 * A line that is asserted is active whatever the polarity bit says: the board's wires carry no voltage. The bit reads
 * back as written. Delivery status always reads idle.
 */
#ifndef ETERNA_DEV_IOAPIC_H
#define ETERNA_DEV_IOAPIC_H

#include "base/fields.h"
#include "iface/apic_msg.h"

#define IOAPIC_PINS 24
#define IOAPIC_BASE 0xfec00000ull /* the usual address of the first; the window has 4 KiB */

#define IOAPIC_FIELDS(F, A, S)                                                                                         \
	F(u8, id, "ID register, 0 to 15")                                                                              \
	F(u8, select, "IOREGSEL")                                                                                      \
	F(u32, lines, "bit n: the line of pin n is asserted")                                                          \
	A(u64, entry, IOAPIC_PINS, "redirection table")                                                                \
	F(bool, has_extended_destination, "bits 14:8 of the destination are in bits 55:49 of an entry")

struct ioapic {
	IOAPIC_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc ioapic_desc;

/* Messages that a call makes; the caller delivers them in order. */
struct ioapic_effects {
	u32 count;
	u8 pin[IOAPIC_PINS];
	struct apic_msg msg[IOAPIC_PINS];
};

/*
 * Power-up state, all pins masked; `id` is 0 to 15. Whoever offers extended destinations says so behind ioapic_init().
 * ioapic_reset() keeps that, and the lines, which are their drivers'.
 */
void ioapic_init(struct ioapic *io, u8 id);
void ioapic_reset(struct ioapic *io, u8 id);

bool ioapic_valid(const struct ioapic *io);

/*
 * A 32-bit load or store at `offset` (0 to 0xfff) of the window. Registers: IOREGSEL 0x00, IOWIN 0x10, EOI 0x40;
 * others read 0 and ignore writes. `*fx` need not be initialised.
 */
u32 ioapic_mmio_read(const struct ioapic *io, u32 offset);
void ioapic_mmio_write(struct ioapic *io, u32 offset, u32 value, struct ioapic_effects *fx);

/* The line of `pin` (below IOAPIC_PINS) is now asserted or not; lines that devices share are or-ed by the caller. */
void ioapic_set_line(struct ioapic *io, unsigned pin, bool asserted, struct ioapic_effects *fx);

/* The vector that an edge at `pin` requests of local APICs; 0: none, as it is masked, level-triggered or no vector. */
u8 ioapic_edge_vector(const struct ioapic *io, unsigned pin);

/* Does nobody hear of edges at `pin`? */
bool ioapic_is_masked(const struct ioapic *io, unsigned pin);

/* Is a pin unmasked that delivers NMIs? */
bool ioapic_has_nmi(const struct ioapic *io);

/* A local APIC ended the level-triggered `vector`: lines that are still asserted ask again. */
void ioapic_eoi(struct ioapic *io, u8 vector, struct ioapic_effects *fx);

/*
 * No local APIC accepted the message of `pin`. A level is then not under way (remote IRR is cleared), and is sent
 * again when its entry is written or its line is set; an edge is lost.
 */
void ioapic_undelivered(struct ioapic *io, unsigned pin);

#endif
