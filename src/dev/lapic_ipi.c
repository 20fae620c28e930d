// SPDX-License-Identifier: Apache-2.0
// Local APIC: sending IPIs, and whom a message is for (SDM 3A, Issuing Interprocessor Interrupts).
#include "dev/lapic_priv.h"

/* A fixed self-IPI never leaves the APIC. */
static void request_self(struct lapic *l, u8 vector, struct lapic_effects *fx)
{
	if (is_software_enabled(l))
		fx->flags |= lapic_request(l, vector, false);
}

void lapic_self_ipi(struct lapic *l, u8 vector, struct lapic_effects *fx)
{
	if (vector < FIRST_VECTOR)
		fx->flags |= lapic_error(l, ESR_SEND_VECTOR);
	else
		request_self(l, vector, fx);
}

/*
 * Combinations that the manual calls invalid (NMI or INIT with "self", ...) go out as they are: the receivers'
 * rules decide. IPIs are edge-triggered always: the trigger mode counts for INIT level de-assert alone, which
 * processors since the Pentium 4 do not support and ignore.
 */
void lapic_icr_send(struct lapic *l, struct lapic_effects *fx)
{
	u32 icr = l->icr_low;
	u8 vector = (u8)GET(ICR_VECTOR, icr);
	u8 delivery = (u8)GET(ICR_DELIVERY, icr);
	u8 shorthand = (u8)GET(ICR_SHORTHAND, icr);
	bool is_vectored = delivery == APIC_FIXED || delivery == APIC_LOWEST;

	if (delivery == APIC_INIT && (icr & (ICR_ASSERT | ICR_LEVEL)) == ICR_LEVEL)
		return;
	if (delivery == 3 || delivery == APIC_EXTINT)
		return; /* reserved in the ICR */
	if (is_vectored && vector < FIRST_VECTOR) {
		fx->flags |= lapic_error(l, ESR_SEND_VECTOR);
		return;
	}
	if (is_vectored && shorthand == APIC_TO_SELF) {
		request_self(l, vector, fx);
		return;
	}
	fx->flags |= LAPIC_IPI;
	fx->ipi = (struct apic_msg){
		.destination = is_x2apic(l) ? l->icr_high : l->icr_high >> 24,
		.source = l->id,
		.vector = vector,
		.delivery = delivery,
		.shorthand = shorthand,
		.logical = icr & ICR_LOGICAL,
		.wide = is_x2apic(l),
	};
}

/* In x2APIC mode it is derived: cluster number in 31:16, one bit of 15:0 (SDM 3A, Logical Destination Mode). */
u32 lapic_logical_id(const struct lapic *l)
{
	return is_x2apic(l) ? (l->id >> 4) << 16 | BIT32(l->id & 15) : l->ldr;
}

static bool is_logical_xapic(const struct lapic *l, u32 destination)
{
	u32 id = l->ldr >> 24;

	switch (GET(DFR_MODEL, l->dfr)) {
	case DFR_FLAT:
		return id & destination;
	case DFR_CLUSTER:
		return id >> 4 == destination >> 4 && (id & destination & 0xf);
	default:
		return false;
	}
}

static bool is_logical_x2apic(const struct lapic *l, u32 destination)
{
	u32 id = lapic_logical_id(l);

	return id >> 16 == destination >> 16 && (id & destination & 0xffff);
}

bool lapic_is_destination(const struct lapic *l, const struct apic_msg *msg)
{
	if (!is_enabled(l))
		return false;
	switch (msg->shorthand) {
	case APIC_TO_SELF:
		return l->id == msg->source;
	case APIC_TO_ALL:
		return true;
	case APIC_TO_OTHERS:
		return l->id != msg->source;
	default:
		break;
	}
	if (msg->destination == (msg->wide ? 0xffffffffu : 0xffu))
		return true;
	if (!msg->logical)
		return msg->destination == (is_x2apic(l) || msg->destination > 0xff ? l->id : l->xapic_id);
	return is_x2apic(l) ? is_logical_x2apic(l, msg->destination) : is_logical_xapic(l, msg->destination);
}
