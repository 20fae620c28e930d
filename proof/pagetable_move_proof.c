// SPDX-License-Identifier: Apache-2.0
// Tables move to another pool: what any address maps to stays, wherever the move ends, and it ends where it says.
//
// Tables of two entries stand for those of 512, as in pagetable_map_proof.c: two pages that are mapped anywhere have up
// to seven tables between them. The second pool has as many pages as the input says.
// cbmc: -D PAGETABLE_INDEX_BITS=1 -D MODEL_TABLES=14u -D MODEL_OTHER=7u --object-bits 12 --unwind 15
// cbmc: src/mem/pagetable.c src/mem/pagetable_move.c src/mem/format_ept.c
// cbmc: --unwindset plan_table:5,map_table:5,plan_table.0:2,map_table.0:2
// cbmc: --unwindset table_home.0:3,move_below:5,move_below.0:3
#include "mem/pagetable_entry.h"
#include "pool_model.h"

static struct pool pool = {.free_count = MODEL_OTHER};
static struct pool other;
static struct pagetable pt;

static void setup(u64 va)
{
	static const struct pagetable_caps caps = {
		.levels = 4, .pa_bits = 40, .has_1g = true, .has_2m = true, .execute_only = true};

	PROVE(!pagetable_init(&pt, &pagetable_ept, &caps, &pool));
	PROVE(!pagetable_map(&pt, 5 * PAGE_BYTES, HPA(32 * PAGE_BYTES), PAGE_BYTES, PROT_RX, MEMTYPE_WB));
	ASSUME(IS_ALIGNED(va, PAGE_BYTES) && va < pagetable_span(&pt) && va != 5 * PAGE_BYTES);
	PROVE(!pagetable_map(&pt, va, HPA(64 * PAGE_BYTES), PAGE_BYTES, PROT_RW, MEMTYPE_UC));
	other.free_count = nondet_u8();
	ASSUME(other.free_count <= MODEL_OTHER);
	pt.pool = &other;
}

/* One call: all addresses map what they did, no table is lost, and the error is the first of what ended it. */
void harness_move(void)
{
	u64 looked_at = nondet_u64(), at = 0;
	u32 max = nondet_u8(), room, tables, moved = 0;
	struct mapping before, after;
	bool was_mapped;
	err_t err;

	setup(nondet_u64());
	room = other.free_count;
	tables = pt.table_count;
	was_mapped = !pagetable_lookup(&pt, looked_at, &before);
	err = pagetable_move(&pt, max, &at, &moved);
	PROVE(moved == MIN(tables, MIN(max, room)));
	PROVE(err == (moved == tables ? OK : moved == max ? ERR_BUSY : ERR_NOMEM));
	PROVE(pt.table_count == tables && pt.retired_count == moved && model_given_other == moved);
	PROVE(!moved || pt.root == model_table[MODEL_OTHER]);
	PROVE(was_mapped == !pagetable_lookup(&pt, looked_at, &after));
	if (was_mapped) {
		PROVE(after.va == before.va && after.pa.v == before.pa.v && after.bytes == before.bytes);
		PROVE(after.prot == before.prot && after.memtype == before.memtype);
	}
	REACHED();
}
