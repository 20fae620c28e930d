// SPDX-License-Identifier: Apache-2.0
// The host's own tables: long mode, supervisor pages only, never writable and executable at once.
#include "mem/format_long_mode.h"

static err_t host_check(const struct pagetable_caps *caps, enum prot prot, enum memtype memtype)
{
	(void)caps;
	if (!(prot & PROT_R))
		return ERR_UNSUPPORTED;
	if ((prot & PROT_RWX) == PROT_RWX)
		return ERR_PERM;
	return long_mode_has_memtype(memtype) ? OK : ERR_UNSUPPORTED;
}

/* Accessed and dirty are set from the start: nobody asks for them, and the processor is spared the write. */
static u64 host_encode(enum prot prot, enum memtype memtype)
{
	return long_mode_memtype_bits(memtype) | long_mode_prot_bits(prot) | LONG_ACCESSED | LONG_DIRTY;
}

const struct pagetable_format pagetable_host = {
	.name = "host",
	.is_canonical = true,
	.present = LONG_PRESENT,
	.table = LONG_PRESENT | LONG_WRITABLE | LONG_ACCESSED,
	.accessed = LONG_ACCESSED,
	.dirty = LONG_DIRTY,
	.check = host_check,
	.encode = host_encode,
	.prot = long_mode_prot,
	.memtype = long_mode_memtype,
	.fault = long_mode_fault,
};
