// SPDX-License-Identifier: Apache-2.0
// AMD's nested tables: long mode, all of them user pages, because a guest's accesses count as a user's there, whatever
// the guest's privilege (APM 2, "Nested Paging"). Types are looked up in the host's PAT and joined with the guest's.
// A leaf that is a supervisor's is there, but permits nothing: that is how PROT_NONE is had.
#include "mem/format_long_mode.h"

static err_t npt_check(const struct pagetable_caps *caps, enum prot prot, enum memtype memtype)
{
	(void)caps;
	return (prot & PROT_R || !prot) && long_mode_has_memtype(memtype) ? OK : ERR_UNSUPPORTED;
}

static u64 npt_encode(enum prot prot, enum memtype memtype)
{
	return long_mode_memtype_bits(memtype) | long_mode_prot_bits(prot) | (prot ? LONG_USER : 0);
}

static enum prot npt_prot(u64 leaf)
{
	return leaf & LONG_USER ? long_mode_prot(leaf) : PROT_NONE;
}

static const char *npt_fault(const struct pagetable_caps *caps, u64 entry, unsigned level)
{
	if (!(entry & LONG_USER) && !entry_is_leaf(entry, level))
		return "bit 2 (U/S) is clear: nested accesses are user accesses";
	return long_mode_fault(caps, entry, level);
}

const struct pagetable_format pagetable_npt = {
	.name = "NPT",
	.present = LONG_PRESENT,
	.table = LONG_PRESENT | LONG_WRITABLE | LONG_USER | LONG_ACCESSED,
	.accessed = LONG_ACCESSED,
	.dirty = LONG_DIRTY,
	.check = npt_check,
	.encode = npt_encode,
	.prot = npt_prot,
	.memtype = long_mode_memtype,
	.fault = npt_fault,
};
