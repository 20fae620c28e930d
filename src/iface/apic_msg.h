/* SPDX-License-Identifier: Apache-2.0 */
/* An interrupt message as it travels between I/O APICs, MSI devices and local APICs. */
#ifndef ETERNA_IFACE_APIC_MSG_H
#define ETERNA_IFACE_APIC_MSG_H

#include "base/bits.h"

/* Encodings of the delivery-mode field (SDM 3A, Interrupt Command Register; Message Data Register Format). */
enum apic_delivery {
	APIC_FIXED = 0,
	APIC_LOWEST = 1,
	APIC_SMI = 2,
	APIC_NMI = 4,
	APIC_INIT = 5,
	APIC_STARTUP = 6,
	APIC_EXTINT = 7,
};

/* Encodings of the ICR's destination-shorthand field. */
enum apic_shorthand {
	APIC_TO_DESTINATION = 0,
	APIC_TO_SELF = 1,
	APIC_TO_ALL = 2,
	APIC_TO_OTHERS = 3,
};

struct apic_msg {
	u32 destination; /* APIC id or logical destination; unless `wide` 8 bits, or 15 where that is offered */
	u32 source;      /* x2APIC id of the sender; meaningful with a shorthand only */
	u8 vector;       /* for APIC_STARTUP: number of the 4 KiB page to start in */
	u8 delivery;     /* enum apic_delivery; 3 is reserved and never accepted */
	u8 shorthand;    /* enum apic_shorthand */
	bool logical;    /* `destination` is logical, else physical */
	bool level;      /* level-triggered, else edge */
	bool wide;       /* `destination` has 32 bits (from an x2APIC ICR): broadcast is all 32 ones, else 0xff */
};

/* Every MSI address lies in this megabyte (SDM 3A, Message Address Register Format). */
#define APIC_MSI_BASE 0xfee00000u
#define APIC_MSI_BASE_MASK 0xfff00000u

#define APIC_MSI_DESTINATION BITS(19, 12)
#define APIC_MSI_EXTENDED BITS(11, 5)
#define APIC_MSI_REMAPPABLE BIT(4)
#define APIC_MSI_REDIRECTION BIT(3)
#define APIC_MSI_LOGICAL BIT(2)
#define APIC_MSI_VECTOR BITS(7, 0)
#define APIC_MSI_DELIVERY BITS(10, 8)
#define APIC_MSI_LEVEL BIT(15)

/*
 * The message that a device's write of `data` to `address` makes.
 *
 * The destination mode counts also without the redirection hint: Linux sends Fixed to logical destinations so, and
 * the manual's "ignored" speaks of the chipset, not of the receivers. With the hint one of several receivers is chosen,
 * as lowest-priority delivery does. Source: SDM 3A, Message Signalled Interrupts.
 *
 * `has_extended_destination`: bits 14:8 of the destination are in bits 11:5, which that manual reserves, unless the
 * bit is set that means another format, remappable interrupts (as dev/ioapic.h).
 */
static inline struct apic_msg apic_msg_from_msi(u32 address, u32 data, bool has_extended_destination)
{
	bool is_extended = has_extended_destination && !(address & APIC_MSI_REMAPPABLE);
	u8 delivery = (u8)GET(APIC_MSI_DELIVERY, data);

	return (struct apic_msg){
		.destination = (u32)(GET(APIC_MSI_DESTINATION, address) |
				     (is_extended ? GET(APIC_MSI_EXTENDED, address) << 8 : 0)),
		.vector = (u8)GET(APIC_MSI_VECTOR, data),
		.delivery = delivery == APIC_FIXED && (address & APIC_MSI_REDIRECTION) ? APIC_LOWEST : delivery,
		.shorthand = APIC_TO_DESTINATION,
		.logical = address & APIC_MSI_LOGICAL,
		.level = data & APIC_MSI_LEVEL,
	};
}

#endif
