// SPDX-License-Identifier: Apache-2.0
// What the host's and AMD's nested tables share: the entries of long mode.
//
// Memory types go through the PAT as it is after reset: entry 0 WB, 1 WT, 2 UC-, 3 UC, and 4 to 7 the same, so the PAT
// bit is never needed (SDM 3A, "Page Attribute Table (PAT)"). WC and WP are not in it. NX needs EFER.NXE.
#include "mem/format_long_mode.h"

static const u8 pat_after_reset[] = {MEMTYPE_WB, MEMTYPE_WT, MEMTYPE_UC_MINUS, MEMTYPE_UC};

enum memtype long_mode_memtype(u64 leaf)
{
	return pat_after_reset[GET(LONG_PAT_INDEX, leaf)];
}

/* The PAT entry of that type; the number of entries if there is none. */
static u32 pat_index(enum memtype memtype)
{
	u32 i = 0;

	while (i < ARRAY_COUNT(pat_after_reset) && pat_after_reset[i] != memtype)
		i++;
	return i;
}

bool long_mode_has_memtype(enum memtype memtype)
{
	return pat_index(memtype) < ARRAY_COUNT(pat_after_reset);
}

u64 long_mode_memtype_bits(enum memtype memtype)
{
	return PUT(LONG_PAT_INDEX, pat_index(memtype));
}

enum prot long_mode_prot(u64 leaf)
{
	return (enum prot)(PROT_R | (leaf & LONG_WRITABLE ? PROT_W : 0) | (leaf & LONG_NO_EXECUTE ? 0 : PROT_X));
}

u64 long_mode_prot_bits(enum prot prot)
{
	return LONG_PRESENT | (prot & PROT_W ? LONG_WRITABLE : 0) | (prot & PROT_X ? 0 : LONG_NO_EXECUTE);
}

const char *long_mode_fault(const struct pagetable_caps *caps, u64 entry, unsigned level)
{
	u64 reserved = entry_address_reserved(caps, entry, level);

	if (entry & ENTRY_LARGE && level > 3)
		return "bit 7 (PS) is reserved at this level";
	if (entry & ENTRY_LARGE && !caps_have_leaf(caps, level))
		return "bit 7 (PS) is reserved: the processor has no pages of this size";
	if (level > 1)
		reserved &= ~LONG_LARGE_PAT | -(u64)!entry_is_leaf(entry, level);
	return entry & reserved ? "reserved address bits are set" : NULL;
}
