// SPDX-License-Identifier: Apache-2.0
// Local APICs in tables for processors (APM 2, Advanced Virtual Interrupt Controller: Logical APIC ID Table).
#include "dev/lapic_table.h"

#include "base/mem.h"
#include "dev/lapic_priv.h"

#define NO_MODEL UINT32_MAX
#define CLUSTER_NONE 15u /* a broadcast, no cluster */

bool lapic_fits_tables(const struct lapic *l)
{
	return !is_x2apic(l) && (l->base & BITS(51, 12)) == BASE_DEFAULT && l->xapic_id == l->id && l->id < 0xff;
}

void lapic_slots_clear(struct lapic_slots *s)
{
	for (u32 i = 0; i < LAPIC_SLOTS; i++)
		s->id[i] = LAPIC_SLOT_FREE;
	s->model = NO_MODEL;
	s->is_mixed = false;
}

void lapic_slots_add(struct lapic_slots *s, const struct lapic *l)
{
	u32 model = (u32)GET(DFR_MODEL, l->dfr);
	u32 bits = l->ldr >> 24;
	u32 first = 0;

	if (!lapic_takes_fixed(l) || is_x2apic(l))
		return;
	if (s->model != NO_MODEL && s->model != model)
		s->is_mixed = true;
	s->model = model;
	if (model != DFR_FLAT) {
		if (model != DFR_CLUSTER || bits >> 4 == CLUSTER_NONE)
			return;
		first = bits >> 4 << 2;
		bits &= 15;
	}
	for (; bits; bits &= bits - 1) {
		u16 *id = &s->id[first + bit_lowest(bits)];

		*id = *id == LAPIC_SLOT_FREE ? l->xapic_id : LAPIC_SLOT_SHARED;
	}
}
