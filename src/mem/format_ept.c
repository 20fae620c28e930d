// SPDX-License-Identifier: Apache-2.0
// Intel's extended page tables. SDM 3C, "The Extended Page Table Mechanism (EPT)".
#include "mem/pagetable_format.h"

#define EPT_READ BIT(0)
#define EPT_WRITE BIT(1)
#define EPT_EXECUTE BIT(2)
#define EPT_ACCESS BITS(2, 0)
#define EPT_MEMTYPE BITS(5, 3) /* leaves; reserved in entries that lead to a table */
#define EPT_IGNORE_PAT BIT(6)  /* likewise */
#define EPT_ACCESSED BIT(8)
#define EPT_DIRTY BIT(9)

static bool memtype_is_known(u64 memtype)
{
	return memtype == MEMTYPE_UC || memtype == MEMTYPE_WC || memtype == MEMTYPE_WT || memtype == MEMTYPE_WP ||
	       memtype == MEMTYPE_WB;
}

static err_t ept_check(const struct pagetable_caps *caps, enum prot prot, enum memtype memtype)
{
	if (!memtype_is_known((u64)memtype & ~(u64)MEMTYPE_IGNORE_PAT))
		return ERR_UNSUPPORTED;
	if (!(prot & PROT_R) && (prot != PROT_X || !caps->execute_only))
		return ERR_UNSUPPORTED;
	return OK;
}

static u64 ept_encode(enum prot prot, enum memtype memtype)
{
	return PUT(EPT_ACCESS, prot) | PUT(EPT_MEMTYPE, memtype) | (memtype & MEMTYPE_IGNORE_PAT ? EPT_IGNORE_PAT : 0);
}

static enum prot ept_prot(u64 leaf)
{
	return (enum prot)GET(EPT_ACCESS, leaf);
}

static enum memtype ept_memtype(u64 leaf)
{
	return (enum memtype)(GET(EPT_MEMTYPE, leaf) | (leaf & EPT_IGNORE_PAT ? MEMTYPE_IGNORE_PAT : 0));
}

/* SDM 3C, "EPT Misconfigurations"; mode-based execute control is off, so bit 10 is ignored. */
static const char *ept_fault(const struct pagetable_caps *caps, u64 entry, unsigned level)
{
	if (entry & EPT_WRITE && !(entry & EPT_READ))
		return "writable but not readable (bit 1 without bit 0)";
	if ((entry & EPT_ACCESS) == EPT_EXECUTE && !caps->execute_only)
		return "execute-only (bits 2:0 = 100b), which the processor does not support";
	if (entry & ENTRY_LARGE && level > 3)
		return "reserved bit 7 is set at this level";
	if (level > 1 && entry & ENTRY_LARGE && !caps_have_leaf(caps, level))
		return "reserved bit 7 is set: the processor has no pages of this size";
	if (!entry_is_leaf(entry, level) && entry & (EPT_MEMTYPE | EPT_IGNORE_PAT))
		return "reserved bits 6:3 are set in an entry that leads to a table";
	if (entry & entry_address_reserved(caps, entry, level))
		return "reserved address bits are set";
	if (entry_is_leaf(entry, level) && !memtype_is_known(GET(EPT_MEMTYPE, entry)))
		return "memory type (bits 5:3) is reserved";
	return NULL;
}

const struct pagetable_format pagetable_ept = {
	.name = "EPT",
	.present = EPT_ACCESS,
	.table = EPT_READ | EPT_WRITE | EPT_EXECUTE,
	.accessed = EPT_ACCESSED,
	.dirty = EPT_DIRTY,
	.check = ept_check,
	.encode = ept_encode,
	.prot = ept_prot,
	.memtype = ept_memtype,
	.fault = ept_fault,
};
