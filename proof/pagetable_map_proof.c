// SPDX-License-Identifier: Apache-2.0
// The page-table builder over real tables: what is mapped is found, what is not is not, and nothing else changes.
//
// Tables of two entries stand for those of 512: the same code with an index of one bit (PAGETABLE_INDEX_BITS), so that
// four levels translate 16 pages, and leaves are of 1, 2 and 4 pages. Addresses are any of 2^64.
// cbmc: -D PAGETABLE_INDEX_BITS=1 --object-bits 12 --unwind 6
// cbmc: src/mem/pagetable.c src/mem/pagetable_change.c src/mem/format_ept.c
// cbmc: --unwindset plan_table:5,map_table:5,plan_table.0:2,map_table.0:2
// cbmc: --unwindset protect_table:5,protect_table.0:2,split_leaf.0:3,split_leaf.1:2
#include "mem/pagetable_entry.h"
#include "pool_model.h"

static struct pool pool = {.free_count = MODEL_TABLES};
static struct pagetable pt;

static void setup(void)
{
	static const struct pagetable_caps caps = {
		.levels = 4, .pa_bits = 40, .has_1g = true, .has_2m = true, .execute_only = true};

	PROVE(!pagetable_init(&pt, &pagetable_ept, &caps, &pool));
}

/* One page anywhere to memory anywhere: found where it is, with what it was given, and nowhere else. */
void harness_map_page(void)
{
	u64 va = nondet_u64(), pa = nondet_u64(), other = nondet_u64();
	struct mapping m;

	setup();
	ASSUME(!pagetable_map(&pt, va, HPA(pa), PAGE_BYTES, PROT_RX, MEMTYPE_WB));
	if (pagetable_lookup(&pt, other, &m)) {
		PROVE(other - va >= PAGE_BYTES);
	} else {
		PROVE(other - va < PAGE_BYTES);
		PROVE(m.va == va && m.pa.v == pa && m.bytes == PAGE_BYTES);
		PROVE(m.prot == PROT_RX && m.memtype == MEMTYPE_WB);
	}
	REACHED();
}

/* A second page beside one that is there: refused if it is the same, and else the first is where it was. */
void harness_map_beside(void)
{
	u64 va = nondet_u64(), there = 5 * PAGE_BYTES;
	struct mapping m;
	err_t err;

	setup();
	PROVE(!pagetable_map(&pt, there, HPA(32 * PAGE_BYTES), PAGE_BYTES, PROT_RX, MEMTYPE_WB));
	ASSUME(IS_ALIGNED(va, PAGE_BYTES) && va < pagetable_span(&pt));
	err = pagetable_map(&pt, va, HPA(64 * PAGE_BYTES), PAGE_BYTES, PROT_RW, MEMTYPE_UC);
	PROVE((err == ERR_BUSY) == (va == there) && (!err || err == ERR_BUSY || err == ERR_NOMEM));
	PROVE(!pagetable_lookup(&pt, there, &m) && m.pa.v == 32 * PAGE_BYTES && m.prot == PROT_RX);
	PROVE(err || (!pagetable_lookup(&pt, va, &m) && m.pa.v == 64 * PAGE_BYTES && m.prot == PROT_RW));
	REACHED();
}

/* Without a page for each table nothing is mapped, and no table is lost. */
void harness_no_memory(void)
{
	u64 va = nondet_u64(), other = nondet_u64();
	struct mapping m;

	setup();
	pool.free_count = nondet_u8();
	ASSUME(pool.free_count < 3);
	ASSUME(IS_ALIGNED(va, PAGE_BYTES) && va < pagetable_span(&pt));
	PROVE(pagetable_map(&pt, va, HPA(0), PAGE_BYTES, PROT_R, MEMTYPE_WB) == ERR_NOMEM);
	PROVE(pt.table_count == 1 && model_given == 1);
	PROVE(pagetable_lookup(&pt, other, &m) == ERR_NOENT);
	REACHED();
}

/* One page of a large leaf gets other access rights: the others keep theirs, and all keep their memory. */
void harness_protect_page(void)
{
	u64 page = nondet_u64(), other = nondet_u64(), leaf = level_bytes(2);
	struct mapping m;

	setup();
	PROVE(!pagetable_map(&pt, leaf, HPA(8 * leaf), leaf, PROT_RWX, MEMTYPE_WB));
	ASSUME(page == leaf || page == leaf + PAGE_BYTES);
	PROVE(!pagetable_protect(&pt, page, PAGE_BYTES, PROT_R));
	if (pagetable_lookup(&pt, other, &m)) {
		PROVE(other - leaf >= leaf);
	} else {
		PROVE(mapping_pa(&m, other).v == 8 * leaf + (other - leaf));
		PROVE(m.prot == (other - page < PAGE_BYTES ? PROT_R : PROT_RWX) && m.memtype == MEMTYPE_WB);
	}
	REACHED();
}
