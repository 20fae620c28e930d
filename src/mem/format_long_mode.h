/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of long-mode paging, for the host's and AMD's nested tables. SDM 3A "4-Level Paging"; APM 2 "Long-Mode". */
#ifndef ETERNA_MEM_FORMAT_LONG_MODE_H
#define ETERNA_MEM_FORMAT_LONG_MODE_H

#include "mem/pagetable_format.h"

#define LONG_PRESENT BIT(0)
#define LONG_WRITABLE BIT(1)
#define LONG_USER BIT(2)
#define LONG_PAT_INDEX BITS(4, 3) /* PCD and PWT */
#define LONG_ACCESSED BIT(5)
#define LONG_DIRTY BIT(6)
#define LONG_LARGE_PAT BIT(12) /* not part of a large leaf's address */
#define LONG_NO_EXECUTE BIT(63)

enum memtype long_mode_memtype(u64 leaf);
bool long_mode_has_memtype(enum memtype memtype);
u64 long_mode_memtype_bits(enum memtype memtype);
enum prot long_mode_prot(u64 leaf);
u64 long_mode_prot_bits(enum prot prot);
const char *long_mode_fault(const struct pagetable_caps *caps, u64 entry, unsigned level);

#endif
