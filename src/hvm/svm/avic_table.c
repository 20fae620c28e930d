// SPDX-License-Identifier: Apache-2.0
// AVIC's tables of a VM (APM 2, Advanced Virtual Interrupt Controller).
#include "hvm/svm/avic_table.h"

#include "base/bits.h"

void avic_entry_init(u64 *entry, hpa_t backing_page)
{
	__atomic_store_n(entry, backing_page.v & AVIC_ENTRY_PAGE, __ATOMIC_SEQ_CST);
}

void avic_entry_accepts_set(u64 *entry, bool accepts)
{
	if (accepts)
		__atomic_or_fetch(entry, AVIC_ENTRY_VALID, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(entry, ~AVIC_ENTRY_VALID, __ATOMIC_SEQ_CST);
}

void avic_entry_runs_on(u64 *entry, u32 host_apic_id)
{
	avic_entry_runs_no_more(entry);
	__atomic_or_fetch(entry, AVIC_ENTRY_RUNNING | PUT(AVIC_ENTRY_HOST_ID, host_apic_id), __ATOMIC_SEQ_CST);
}

void avic_entry_runs_no_more(u64 *entry)
{
	__atomic_and_fetch(entry, ~(AVIC_ENTRY_RUNNING | AVIC_ENTRY_HOST_ID), __ATOMIC_SEQ_CST);
}

void avic_logical_fill(u32 table[LAPIC_SLOTS], const struct lapic_slots *slots)
{
	for (u32 i = 0; i < LAPIC_SLOTS; i++) {
		bool is_clear = lapic_slot_is_clear(slots, i);
		u32 entry = is_clear ? AVIC_LOGICAL_VALID | (u32)PUT(AVIC_LOGICAL_ID, slots->id[i]) : 0;

		if (entry != __atomic_load_n(&table[i], __ATOMIC_RELAXED))
			__atomic_store_n(&table[i], entry, __ATOMIC_SEQ_CST);
	}
}
