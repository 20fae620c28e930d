/* SPDX-License-Identifier: Apache-2.0 */
/* What a page-table format is, for the builder and the format files. */
#ifndef ETERNA_MEM_PAGETABLE_FORMAT_H
#define ETERNA_MEM_PAGETABLE_FORMAT_H

#include "mem/pagetable.h"

/* Where all formats agree: 512 entries of 8 bytes, frame address in bits 51:12, bit 7 marks a leaf above level 1. */
#define ENTRY_ADDRESS BITS(51, 12)
#define ENTRY_LARGE BIT(7)

struct pagetable_format {
	const char *name;
	bool is_canonical; /* addresses are sign-extended from the highest translated bit */
	u64 present;       /* an entry with any of these bits set is present */
	u64 table;         /* bits of an entry that leads to a table */
	u64 accessed;
	u64 dirty;
	/* Can a leaf have this? OK, ERR_UNSUPPORTED or ERR_PERM. */
	err_t (*check)(const struct pagetable_caps *caps, enum prot prot, enum memtype memtype);
	/* Bits of a new leaf, the same at each level; without address and ENTRY_LARGE. */
	u64 (*encode)(enum prot prot, enum memtype memtype);
	enum prot (*prot)(u64 leaf);
	enum memtype (*memtype)(u64 leaf);
	/* The rule that a present entry of this level breaks; NULL if none. */
	const char *(*fault)(const struct pagetable_caps *caps, u64 entry, unsigned level);
};

/* Bytes that an entry of this level maps: level 1 is 4 KiB. */
static inline u64 level_bytes(unsigned level)
{
	return PAGE_BYTES << PAGETABLE_INDEX_BITS * (level - 1);
}

static inline bool entry_is_leaf(u64 entry, unsigned level)
{
	return level == 1 || (level <= 3 && entry & ENTRY_LARGE);
}

/* Does the processor have leaves of this level? */
static inline bool caps_have_leaf(const struct pagetable_caps *caps, unsigned level)
{
	return level == 1 || (level == 2 && caps->has_2m) || (level == 3 && caps->has_1g);
}

/* Bits of an entry's address field that must be 0: above the physical width, and inside a large leaf. */
static inline u64 entry_address_reserved(const struct pagetable_caps *caps, u64 entry, unsigned level)
{
	u64 reserved = ENTRY_ADDRESS & ~(BIT(caps->pa_bits) - 1);

	if (entry_is_leaf(entry, level))
		reserved |= ENTRY_ADDRESS & (level_bytes(level) - 1);
	return reserved;
}

#endif
