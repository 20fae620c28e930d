// SPDX-License-Identifier: Apache-2.0
// Addresses and entries of the page-table builder: index arithmetic and bit packing, for all inputs.
// cbmc: src/mem/pagetable.c src/mem/format_ept.c src/mem/format_npt.c src/mem/format_host.c src/mem/format_long_mode.c
// cbmc: --unwind 6
#include "mem/pagetable_entry.h"
#include "proof.h"

static struct pagetable any_pagetable(void)
{
	struct pagetable pt = {.caps = {.levels = nondet_bool() ? 5 : 4, .pa_bits = nondet_u8()}};

	pt.caps.has_1g = nondet_bool();
	pt.caps.has_2m = nondet_bool();
	pt.caps.execute_only = nondet_bool();
	pt.format = nondet_bool() ? &pagetable_host : nondet_bool() ? &pagetable_npt : &pagetable_ept;
	ASSUME(pt.caps.pa_bits >= 32 && pt.caps.pa_bits <= 52);
	return pt;
}

static unsigned any_level(void)
{
	u8 level = nondet_u8();

	ASSUME(level >= 1 && level <= PAGETABLE_LEVELS_MAX);
	return level;
}

/* An address is canonical (or inside the space) exactly when cutting it to an offset loses nothing. */
void harness_offset(void)
{
	struct pagetable pt = any_pagetable();
	unsigned bits = pt.caps.levels == 5 ? 57 : 48;
	u64 va = nondet_u64();
	u64 offset = va_offset(&pt, va);
	bool is_address =
		pt.format->is_canonical ? (u64)((s64)(va << (64 - bits)) >> (64 - bits)) == va : !(va >> bits);

	PROVE(pagetable_span(&pt) == 1ull << bits);
	PROVE(offset < pagetable_span(&pt));
	PROVE((offset_va(&pt, offset) == va) == is_address);
	PROVE(va_offset(&pt, offset_va(&pt, offset)) == offset);
	REACHED();
}

/* A range is accepted exactly when each byte of it is an address and none wraps. */
void harness_range(void)
{
	struct pagetable pt = any_pagetable();
	u64 va = nondet_u64(), bytes = nondet_u64(), inside = nondet_u64();
	err_t err = pagetable_check_range(&pt, va, bytes);
	u64 offset = va_offset(&pt, va);

	PROVE((err == ERR_ALIGN) == ((va | bytes) % PAGE_BYTES != 0));
	if (!err) {
		ASSUME(inside < bytes);
		PROVE(va + inside >= va);
		PROVE(va_offset(&pt, va + inside) == offset + inside);
		PROVE(offset_va(&pt, offset + inside) == va + inside);
	}
	if (err == ERR_RANGE) {
		u64 last = va + bytes - 1;

		PROVE(!bytes || last < va || offset_va(&pt, va_offset(&pt, va)) != va ||
		      offset_va(&pt, va_offset(&pt, last)) != last || va_offset(&pt, last) - offset != bytes - 1);
	}
	REACHED();
}

/* Walking [at, end) slot by slot covers it without gap or overlap, one entry a slot, in ascending order. */
void harness_slots(void)
{
	static u64 table[PAGETABLE_ENTRIES];
	struct pagetable pt = any_pagetable();
	unsigned level = any_level();
	u64 at = nondet_u64(), end = nondet_u64(), other = nondet_u64(), next;
	u64 *entry;

	ASSUME(level <= pt.caps.levels && end <= pagetable_span(&pt) && at < end);
	next = slot_end(level, at, end);
	PROVE(next > at && next <= end && next - at <= level_bytes(level));
	PROVE(next == end || IS_ALIGNED(next, level_bytes(level)));
	entry = entry_of(table, level, at);
	PROVE(entry >= table && entry < table + PAGETABLE_ENTRIES);
	/* Addresses of one slot, and only they, share their entry, within what one table translates. */
	ASSUME(other < pagetable_span(&pt) && at / level_bytes(level + 1) == other / level_bytes(level + 1));
	PROVE((entry_of(table, level, other) == entry) == (at / level_bytes(level) == other / level_bytes(level)));
	REACHED();
}

/* What is packed into a leaf comes out again, and it is an entry that the processor accepts. */
void harness_leaf(void)
{
	struct pagetable pt = any_pagetable();
	unsigned level = any_level();
	u64 address = nondet_u64(), leaf;
	enum prot prot = (enum prot)(nondet_u8() & 7);
	enum memtype memtype = (enum memtype)(nondet_u8() & 15);

	ASSUME(caps_have_leaf(&pt.caps, level));
	ASSUME(address >> pt.caps.pa_bits == 0 && IS_ALIGNED(address, level_bytes(level)));
	ASSUME(!pt.format->check(&pt.caps, prot, memtype));
	leaf = leaf_make(address, pt.format->encode(prot, memtype), level);
	PROVE(entry_is_present(&pt, leaf) && entry_is_leaf(leaf, level));
	PROVE(leaf_address(leaf, level) == address);
	PROVE(leaf_attributes(leaf) == pt.format->encode(prot, memtype));
	PROVE(pt.format->prot(leaf) == prot && pt.format->memtype(leaf) == memtype);
	PROVE(!pt.format->fault(&pt.caps, leaf, level));
	REACHED();
}

/* An entry that leads to a table is one, gives the table back, and is accepted. */
void harness_table(void)
{
	struct pagetable pt = any_pagetable();
	unsigned level = any_level();
	u64 address = nondet_u64(), entry;

	ASSUME(level > 1 && address >> pt.caps.pa_bits == 0 && IS_ALIGNED(address, PAGE_BYTES));
	entry = address | pt.format->table;
	PROVE(entry_is_present(&pt, entry) && !entry_is_leaf(entry, level));
	PROVE((entry & ENTRY_ADDRESS) == address);
	PROVE(!pt.format->fault(&pt.caps, entry, level));
	REACHED();
}
