/* SPDX-License-Identifier: Apache-2.0 */
/* AVIC's tables of a VM (APM 2, Advanced Virtual Interrupt Controller: Physical APIC ID Table; Logical APIC ID Table).
 * Processors read them at any time. */
#ifndef ETERNA_HVM_SVM_AVIC_TABLE_H
#define ETERNA_HVM_SVM_AVIC_TABLE_H

#include "dev/lapic_table.h"

/* By physical APIC id; 255 is the broadcast. */
#define AVIC_IDS 255u

#define AVIC_ENTRY_VALID BIT(63)
#define AVIC_ENTRY_RUNNING BIT(62)
#define AVIC_ENTRY_PAGE BITS(51, 12)
#define AVIC_ENTRY_HOST_ID BITS(11, 0)

#define AVIC_LOGICAL_VALID ((u32)1 << 31)
#define AVIC_LOGICAL_ID BITS(7, 0)

/* A vcpu's entry, which is not valid yet. */
void avic_entry_init(u64 *entry, hpa_t backing_page);
void avic_entry_accepts_set(u64 *entry, bool accepts);

/* It runs on the CPU with this APIC id (at most 8 bits, which all of them take). Context: that CPU. */
void avic_entry_runs_on(u64 *entry, u32 host_apic_id);
void avic_entry_runs_no_more(u64 *entry);

/* Writes what has changed. Context: nobody else writes. */
void avic_logical_fill(u32 table[LAPIC_SLOTS], const struct lapic_slots *slots);

#endif
