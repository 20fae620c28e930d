// SPDX-License-Identifier: Apache-2.0
// Page tables of each format under changes that the input chooses, against a list of mapped intervals.
// fuzz: -max_len=520
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "mem/pagetable.h"

#define POOL_PAGES_MAX 600u
#define WINDOW_PAGES (4 * 512 * 512ull)
#define INTERVALS_MAX 256u
#define STEP_BYTES 8u

/* Pages [first, end) of the window are mapped to pa and on. Sorted; neighbours need not be joined. */
struct interval {
	u64 first, end, pa;
	enum prot prot;
	enum memtype memtype;
};

struct state {
	struct pool pool[2]; /* linked; the tables move from one into the other */
	struct pagetable pt;
	u64 base;
	struct interval list[INTERVALS_MAX];
	u32 count;
};

static u8 pool_memory[2][POOL_PAGES_MAX][PAGE_BYTES] ALIGNED(4096);

/* A page near a border of 4 KiB, 2 MiB and 1 GiB blocks, by six bits. */
static u64 page_from(u32 bits)
{
	static const u16 index[] = {0, 1, 2, 511};

	return (bits & 3) * 512 * 512 + index[bits >> 2 & 3] * 512ull + index[bits >> 4 & 3];
}

static u64 count_from(u32 bits, u64 first)
{
	static const u64 unit[] = {1, 1, 512, 512 * 512};
	u64 count = ((bits >> 2 & 31) + 1) * unit[bits & 3];

	return MIN(count, WINDOW_PAGES - first);
}

static void interval_insert(struct state *s, u32 at, struct interval interval)
{
	memmove(&s->list[at + 1], &s->list[at], (s->count - at) * sizeof(interval));
	s->list[at] = interval;
	s->count++;
}

/* Cut the interval around `page` in two, so that one begins there. */
static void interval_cut(struct state *s, u64 page)
{
	for (u32 i = 0; i < s->count; i++) {
		struct interval *in = &s->list[i], upper = *in;

		if (page <= in->first || page >= in->end)
			continue;
		upper.first = page;
		upper.pa += (page - in->first) * PAGE_BYTES;
		in->end = page;
		interval_insert(s, i + 1, upper);
		return;
	}
}

static bool is_between(const struct interval *in, u64 first, u64 end)
{
	return in->first >= first && in->end <= end;
}

static void model_map(struct state *s, struct interval new)
{
	u32 at = 0;

	while (at < s->count && s->list[at].first < new.first)
		at++;
	interval_insert(s, at, new);
}

static void model_unmap(struct state *s, u64 first, u64 end)
{
	u32 kept = 0;

	for (u32 i = 0; i < s->count; i++)
		if (!is_between(&s->list[i], first, end))
			s->list[kept++] = s->list[i];
	s->count = kept;
}

static void step_map(struct state *s, u64 first, u64 count, const u8 *in)
{
	static const enum memtype memtypes[] = {MEMTYPE_WB, MEMTYPE_UC, MEMTYPE_WC, MEMTYPE_WT, MEMTYPE_WP};
	struct interval new = {.first = first,
			       .end = first + count,
			       .pa = (in[4] & 64 ? first : page_from(in[4])) * PAGE_BYTES + GIB * (in[4] >> 7),
			       .prot = (enum prot)(in[5] & 7),
			       .memtype = memtypes[(in[5] >> 3) % ARRAY_COUNT(memtypes)]};
	bool is_busy = false;
	err_t err;

	for (u32 i = 0; i < s->count; i++)
		is_busy |= s->list[i].first < new.end && s->list[i].end > first;
	err = pagetable_map(&s->pt, s->base + first * PAGE_BYTES, HPA(new.pa), count * PAGE_BYTES, new.prot,
			    new.memtype);
	ASSERT(err || !is_busy);
	ASSERT(err != ERR_BUSY || is_busy);
	if (!err)
		model_map(s, new);
}

static void step_unmap(struct state *s, u64 first, u64 count)
{
	if (pagetable_unmap(&s->pt, s->base + first * PAGE_BYTES, count * PAGE_BYTES))
		return;
	interval_cut(s, first);
	interval_cut(s, first + count);
	model_unmap(s, first, first + count);
}

static void step_protect(struct state *s, u64 first, u64 count, enum prot prot)
{
	if (pagetable_protect(&s->pt, s->base + first * PAGE_BYTES, count * PAGE_BYTES, prot))
		return;
	interval_cut(s, first);
	interval_cut(s, first + count);
	for (u32 i = 0; i < s->count; i++)
		if (is_between(&s->list[i], first, first + count))
			s->list[i].prot = prot;
}

struct comparison {
	const struct state *s;
	u64 next, pages;
};

/* Each page of a leaf, at its ends and wherever an interval begins or ends, is what the list says. */
static err_t compare_leaf(void *context, const struct mapping *m)
{
	struct comparison *c = context;
	u64 first = (m->va - c->s->base) / PAGE_BYTES, end = first + m->bytes / PAGE_BYTES;
	u64 covered = 0;

	ASSERT(first >= c->next && m->va % m->bytes == 0 && m->pa.v % m->bytes == 0);
	for (u32 i = 0; i < c->s->count; i++) {
		const struct interval *in = &c->s->list[i];
		u64 from = MAX(in->first, first), to = MIN(in->end, end);

		if (from >= to)
			continue;
		ASSERT(in->pa + (from - in->first) * PAGE_BYTES == mapping_pa(m, c->s->base + from * PAGE_BYTES).v);
		ASSERT(in->prot == m->prot && in->memtype == m->memtype);
		covered += to - from;
	}
	ASSERT(covered == end - first);
	c->next = end;
	c->pages += covered;
	return OK;
}

static void compare(const struct state *s)
{
	struct comparison c = {.s = s};
	u64 pages = 0;

	ASSERT(!pagetable_iterate(&s->pt, s->base, WINDOW_PAGES * PAGE_BYTES, compare_leaf, &c));
	for (u32 i = 0; i < s->count; i++)
		pages += s->list[i].end - s->list[i].first;
	ASSERT(pages == c.pages);
	ASSERT(pagetable_valid(&s->pt));
}

/* The other pool is the tables' now, and has those that it had room for. */
static void step_move(struct state *s, u32 max)
{
	u32 moved = 0, retired = s->pt.retired_count, room;
	u64 at = 0;
	err_t err;

	s->pt.pool = s->pt.pool == &s->pool[0] ? &s->pool[1] : &s->pool[0];
	room = s->pt.pool->free_count;
	err = pagetable_move(&s->pt, max, &at, &moved);
	ASSERT(moved <= MIN(max, room) && s->pt.pool->free_count == room - moved);
	ASSERT(s->pt.retired_count == retired + moved);
	ASSERT(err != ERR_BUSY || moved == max);
	ASSERT(err != ERR_NOMEM || moved == room);
	ASSERT(err || pool_owns(s->pt.pool, s->pt.root));
}

static void step(struct state *s, const u8 *in)
{
	u64 first = page_from(in[1]);
	u64 count = count_from(in[2], first);

	if (in[0] >= 240) {
		step_move(s, in[1] % 16 ? in[1] : UINT32_MAX);
		return;
	}
	switch (in[0] % 6) {
	case 0:
	case 1:
		step_map(s, first, count, in);
		break;
	case 2:
		step_unmap(s, first, count);
		break;
	case 3:
		step_protect(s, first, count, (enum prot)(in[3] & 7));
		break;
	case 4:
		pagetable_merge(&s->pt, s->base + first * PAGE_BYTES, count * PAGE_BYTES);
		break;
	default:
		pagetable_reclaim(&s->pt);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct pagetable_format *const formats[] = {&pagetable_ept, &pagetable_npt, &pagetable_host};
	static const u64 bases[] = {0, 0x7f8000000000, 0xffffff0000000000};
	static struct state s;
	struct pagetable_caps caps;
	u32 pool_pages;

	if (size < 2)
		return 0;
	pool_pages = data[1] & 128 ? POOL_PAGES_MAX : 3u + (data[1] & 15);
	caps = (struct pagetable_caps){.levels = 4,
				       .pa_bits = 40,
				       .has_2m = data[0] & 1,
				       .has_1g = (data[0] & 3) == 3,
				       .execute_only = data[0] & 4,
				       .accessed_dirty = true};
	s.count = 0;
	s.base = bases[(data[0] >> 3) % 3];
	/* The topmost base is an address of the host format only. */
	for (u32 i = 0; i < 2; i++)
		ASSERT(!pool_init(&s.pool[i], pool_memory[i], HPA(16 * MIB + i * GIB),
				  i ? 2 + pool_pages / 2 : pool_pages));
	pool_link(&s.pool[1], &s.pool[0]);
	ASSERT(!pagetable_init(&s.pt, formats[s.base > BIT(48) ? 2 : (data[0] >> 5) % 2], &caps, &s.pool[0]));
	if (s.base == 0x7f8000000000)
		s.base -= 4 * GIB;
	for (size_t at = 2; at + STEP_BYTES <= size && s.count + 4 < INTERVALS_MAX; at += STEP_BYTES)
		step(&s, &data[at]);
	compare(&s);
	pagetable_fini(&s.pt);
	for (u32 i = 0; i < 2; i++)
		ASSERT(pool_valid(&s.pool[i]) && pool_used_count(&s.pool[i]) == 1);
	return 0;
}
