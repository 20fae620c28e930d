/* SPDX-License-Identifier: Apache-2.0 */
/* This machine's NUMA nodes, and the order in which memory is looked for from each. */
#ifndef ETERNA_HOST_NUMA_H
#define ETERNA_HOST_NUMA_H

#include "boot/info/numa.h"
#include "mem/frames.h"

/* After host_numa_read(). */
const struct numa *host_numa(void);

/* Read the tables that an RSDP of `bytes` leads to; NULL: there is none. Context: boot CPU, before memory_init(). */
void host_numa_read(struct acpi_memory *memory, const u8 *rsdp, u32 bytes);

/* Note a defect of the tables that shows only beside the memory map. Before host_numa_tell(). */
void host_numa_note(enum numa_defect_kind kind, u64 a, u64 b);

/* Match the processors with the MADT's, and write nodes and defects to the log, each once. */
void host_numa_tell(const struct acpi_info *acpi);

/* Node of one of the machine's processors, and the pool for what belongs to it alone. */
u8 host_numa_node_of(u32 apic_id);
struct pool *host_numa_pool(u32 apic_id);

/* Node of a byte of the machine's memory, whoever it is in use by. */
u8 host_numa_node_of_memory(hpa_t at);

/* Memory of `node`, and then, unless strict, of the others by their distance. */
struct frames_policy host_numa_policy(u8 node, bool is_strict);

#endif
