/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APICs in tables, by which processors find whom an IPI is for (AMD's AVIC): which of them take IPIs, and who
 * stands for which bit of a logical destination.
 *
 * Source: APM 2, Advanced Virtual Interrupt Controller: Physical APIC ID Table; Logical APIC ID Table.
 */
#ifndef ETERNA_DEV_LAPIC_TABLE_H
#define ETERNA_DEV_LAPIC_TABLE_H

#include "dev/lapic.h"

#define LAPIC_SLOTS 64u
#define LAPIC_SLOT_FREE 0xffffu   /* nobody */
#define LAPIC_SLOT_SHARED 0xfffeu /* several: no table can say that */

/* Of the bits of logical destinations in xAPIC mode: flat, 0 to 7; clusters, 4 * cluster + bit. */
struct lapic_slots {
	u16 id[LAPIC_SLOTS]; /* xAPIC id, or LAPIC_SLOT_ */
	u32 model;           /* DFR of the first that was added */
	bool is_mixed;       /* others have another model */
};

void lapic_slots_clear(struct lapic_slots *s);

/* An APIC that takes no IPIs, or is in x2APIC mode, is passed over. */
void lapic_slots_add(struct lapic_slots *s, const struct lapic *l);

/* Who stands for a slot alone; false: nobody, or it is not as simple as that. */
static inline bool lapic_slot_is_clear(const struct lapic_slots *s, u32 slot)
{
	return !s->is_mixed && s->id[slot] < LAPIC_SLOT_SHARED;
}

/* Is it as processors have it that address APICs by tables: in xAPIC mode, or disabled, under the id it began with? */
bool lapic_fits_tables(const struct lapic *l);

#endif
