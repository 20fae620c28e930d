// SPDX-License-Identifier: Apache-2.0
/*
 * A page's way to another frame, first step by step in every format and leaf size; then against CPUs whose caches
 * forget nothing by themselves, with guests and hosts that read and write all the time, in any order. Nobody may ever
 * see another value than the last one written, and nobody be refused a write for any other reason than the move. The
 * same mover with one thing left out must be found out, or this test would prove nothing.
 */
#include "mem/page_move.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define POOL_PAGES 64u
#define WINDOW_AT 0x8000000000ull
#define LARGE (2 * MIB)

static u8 pool_memory[POOL_PAGES][PAGE_BYTES] ALIGNED(4096);
static struct pool pool;
static struct pagetable guest, window;
static const struct page_move_tables tables = {&guest, &window, WINDOW_AT};

static const struct pagetable_caps caps = {
	.levels = 4, .pa_bits = 46, .has_1g = true, .has_2m = true, .execute_only = true, .accessed_dirty = true};

static void tables_init(const struct pagetable_format *format, u32 pool_pages)
{
	assert_int_equal(pool_init(&pool, pool_memory, HPA(0x7000000), pool_pages), OK);
	assert_int_equal(pagetable_init(&guest, format, &caps, &pool), OK);
	assert_int_equal(pagetable_init(&window, &pagetable_host, &caps, &pool), OK);
}

static void tables_fini(void)
{
	assert_true(pagetable_valid(&guest));
	assert_true(pagetable_valid(&window));
	pagetable_fini(&guest);
	pagetable_fini(&window);
}

static void map(u64 gpa, u64 pa, u64 bytes, u64 window_bytes)
{
	assert_int_equal(pagetable_map(&guest, gpa, HPA(pa), bytes, PROT_RWX, MEMTYPE_WB), OK);
	assert_int_equal(pagetable_map(&window, WINDOW_AT + gpa, HPA(pa), window_bytes, PROT_RW, MEMTYPE_WB), OK);
}

static struct mapping look(const struct pagetable *pt, u64 at)
{
	struct mapping m = {0};

	assert_int_equal(pagetable_lookup(pt, at, &m), OK);
	return m;
}

/* --- step by step --------------------------------------------------------------------------------------------------
 */

static void leaves_are(u64 gpa, u64 bytes, u64 pa, enum prot guest_prot, enum prot window_prot)
{
	struct mapping g = look(&guest, gpa), w = look(&window, WINDOW_AT + gpa);

	assert_int_equal(g.bytes, bytes);
	assert_int_equal(w.bytes, bytes);
	assert_int_equal(g.pa.v, pa);
	assert_int_equal(w.pa.v, pa);
	assert_int_equal(g.prot, guest_prot);
	assert_int_equal(w.prot, window_prot);
}

static void moves(const struct pagetable_format *format, u64 bytes, enum prot prot)
{
	struct page_move m = {0};
	struct mapping leaf;

	tables_init(format, POOL_PAGES);
	map(2 * LARGE, 0x40000000, bytes, bytes);
	assert_int_equal(pagetable_protect(&guest, 2 * LARGE, bytes, prot), OK);
	leaf = look(&guest, 2 * LARGE);
	assert_false(page_move_covers(&m, 2 * LARGE, 1));
	assert_int_equal(page_move_begin(&m, &tables, &leaf, HPA(0x80000000)), OK);
	leaves_are(2 * LARGE, bytes, 0x40000000, prot & (enum prot) ~PROT_W, PROT_R);
	assert_true(page_move_covers(&m, 2 * LARGE, 1));
	assert_true(page_move_covers(&m, 2 * LARGE + bytes - 1, 1));
	assert_true(page_move_covers(&m, 2 * LARGE - 1, 2));
	assert_false(page_move_covers(&m, 2 * LARGE - 1, 1));
	assert_false(page_move_covers(&m, 2 * LARGE + bytes, 1));
	page_move_exchange(&m, &tables);
	leaves_are(2 * LARGE, bytes, 0x80000000, prot & (enum prot) ~PROT_W, PROT_R);
	assert_true(page_move_covers(&m, 2 * LARGE, 1));
	page_move_end(&m, &tables);
	leaves_are(2 * LARGE, bytes, 0x80000000, prot, PROT_RW);
	assert_false(page_move_covers(&m, 2 * LARGE, 1));
	assert_int_equal(m.from.v, 0x40000000);
	tables_fini();
}

static void rights_go_and_come_back(void **state)
{
	(void)state;
	moves(&pagetable_ept, PAGE_BYTES, PROT_RWX);
	moves(&pagetable_ept, LARGE, PROT_RWX);
	moves(&pagetable_ept, PAGE_BYTES, PROT_RX);
	moves(&pagetable_ept, PAGE_BYTES, PROT_X);
	moves(&pagetable_npt, PAGE_BYTES, PROT_RWX);
	moves(&pagetable_npt, LARGE, PROT_RWX);
	moves(&pagetable_npt, PAGE_BYTES, PROT_RX);
}

/* The window has one large leaf, the guest one small page of it. */
static void a_larger_leaf_of_the_window_is_split(void **state)
{
	struct page_move m = {0};
	struct mapping leaf;

	(void)state;
	tables_init(&pagetable_ept, POOL_PAGES);
	map(LARGE + PAGE_BYTES, 0x40001000, PAGE_BYTES, PAGE_BYTES);
	assert_int_equal(pagetable_unmap(&window, WINDOW_AT + LARGE + PAGE_BYTES, PAGE_BYTES), OK);
	pagetable_reclaim(&window);
	assert_int_equal(pagetable_map(&window, WINDOW_AT + LARGE, HPA(0x40000000), LARGE, PROT_RW, MEMTYPE_WB), OK);
	leaf = look(&guest, LARGE + PAGE_BYTES);
	assert_int_equal(page_move_begin(&m, &tables, &leaf, HPA(0x5000000)), OK);
	page_move_exchange(&m, &tables);
	page_move_end(&m, &tables);
	leaves_are(LARGE + PAGE_BYTES, PAGE_BYTES, 0x5000000, PROT_RWX, PROT_RW);
	assert_int_equal(look(&window, WINDOW_AT + LARGE).pa.v, 0x40000000);
	assert_int_equal(look(&window, WINDOW_AT + LARGE + 2 * PAGE_BYTES).pa.v, 0x40002000);
	tables_fini();
}

/* Small leaves of the window become one; where they are not contiguous they can't. */
static void smaller_leaves_of_the_window_are_merged(void **state)
{
	struct page_move m = {0};
	struct mapping leaf;

	(void)state;
	tables_init(&pagetable_npt, POOL_PAGES);
	map(LARGE, 0x40000000, LARGE, LARGE);
	assert_int_equal(pagetable_protect(&window, WINDOW_AT + LARGE, PAGE_BYTES, PROT_RW), OK);
	leaf = look(&guest, LARGE);
	assert_int_equal(look(&window, WINDOW_AT + LARGE).bytes, PAGE_BYTES);
	assert_int_equal(page_move_begin(&m, &tables, &leaf, HPA(0x80000000)), OK);
	page_move_exchange(&m, &tables);
	page_move_end(&m, &tables);
	leaves_are(LARGE, LARGE, 0x80000000, PROT_RWX, PROT_RW);

	assert_int_equal(pagetable_exchange(&window, WINDOW_AT + LARGE, LARGE, HPA(0x80000000)), OK);
	assert_int_equal(pagetable_protect(&window, WINDOW_AT + LARGE, PAGE_BYTES, PROT_R), OK);
	leaf = look(&guest, LARGE);
	assert_int_equal(page_move_begin(&m, &tables, &leaf, HPA(0x40000000)), ERR_BUSY);
	assert_false(page_move_covers(&m, LARGE, 1));
	assert_int_equal(look(&guest, LARGE).prot, PROT_RWX);
	tables_fini();
}

static void no_page_for_a_split_changes_nothing(void **state)
{
	struct page_move m = {0};
	struct mapping leaf;

	(void)state;
	tables_init(&pagetable_ept, 9); /* one of the pool's own, two roots, six tables: none is left */
	map(LARGE + PAGE_BYTES, 0x40001000, PAGE_BYTES, PAGE_BYTES);
	assert_int_equal(pagetable_unmap(&window, WINDOW_AT + LARGE + PAGE_BYTES, PAGE_BYTES), OK);
	pagetable_reclaim(&window);
	assert_int_equal(pagetable_map(&window, WINDOW_AT + LARGE, HPA(0x40000000), LARGE, PROT_RW, MEMTYPE_WB), OK);
	while (pool_alloc(&pool, 1))
		;
	leaf = look(&guest, LARGE + PAGE_BYTES);
	assert_int_equal(page_move_begin(&m, &tables, &leaf, HPA(0x5000000)), ERR_NOMEM);
	assert_false(page_move_covers(&m, LARGE, LARGE));
	assert_int_equal(look(&guest, LARGE + PAGE_BYTES).prot, PROT_RWX);
	assert_int_equal(look(&window, WINDOW_AT + LARGE).prot, PROT_RW);
}

/* --- the model ------------------------------------------------------------------------------------------------------
 */

#define CPUS 3
#define PAGES 3
#define WORDS 3
#define FRAMES 8
#define STEPS 30000

/* What a careless mover, or writer, leaves out. */
enum forget {
	FORGET_NOTHING,
	FORGET_FIRST_DROP,
	FORGET_SECOND_DROP,
	FORGET_ONE_CPU,    /* a CPU is not told of the second drop */
	FORGET_WINDOW,     /* drops leave the window's translations */
	FORGET_TO_PROTECT, /* the leaves can be written all the time */
	FORGET_TO_WAIT,    /* writes are allowed at the exchange already */
	FORGET_TO_KEEP,    /* the old frame is freed at the exchange */
	FORGET_TO_ASK,     /* the host writes without asking */
};

struct cached {
	bool is_there;
	struct mapping m;
};

static struct {
	enum forget forget;
	struct cached cache[CPUS][2][PAGES]; /* of the guest's table, of the window */
	u64 frame[FRAMES][WORDS];
	bool is_used[FRAMES];
	u64 truth[PAGES][WORDS];
	struct page_move move;
	u32 step; /* of the mover: enum below */
	u32 copied;
	bool owes_drop[CPUS];
	u64 random;
	u32 wrong, refused, reads, writes, waits, moves;
} w;

enum { AT_REST, FIRST_DROP, COPY, SECOND_DROP };

static u32 pick(u32 below)
{
	w.random ^= w.random << 13;
	w.random ^= w.random >> 7;
	w.random ^= w.random << 17;
	return (u32)(w.random >> 33) % below;
}

static u64 frame_pa(u32 frame)
{
	return 0x1000000 + frame * PAGE_BYTES;
}

static u64 *frame_at(const struct mapping *m)
{
	return w.frame[(m->pa.v - 0x1000000) / PAGE_BYTES];
}

static struct mapping table_walk(bool is_host, u32 page)
{
	return is_host ? look(&window, WINDOW_AT + page * PAGE_BYTES) : look(&guest, page * PAGE_BYTES);
}

/* By what the CPU has cached, or by the tables, which is cached then. */
static struct mapping translate(u32 cpu, bool is_host, u32 page)
{
	struct cached *c = &w.cache[cpu][is_host][page];

	if (!c->is_there || !pick(4))
		*c = (struct cached){true, c->is_there && pick(2) ? c->m : table_walk(is_host, page)};
	return c->m;
}

static void read_word(u32 cpu, bool is_host, u32 page, u32 word)
{
	struct mapping m = translate(cpu, is_host, page);

	w.reads++;
	w.wrong += frame_at(&m)[word] != w.truth[page][word];
}

/* A processor that finds no right to write in its cache walks again before it faults. */
static void write_word(u32 cpu, bool is_host, u32 page, u32 word)
{
	struct mapping m;

	if (is_host && w.forget != FORGET_TO_ASK && page_move_covers(&w.move, page * PAGE_BYTES, 1)) {
		w.waits++;
		return;
	}
	m = translate(cpu, is_host, page);
	if (!(m.prot & PROT_W)) {
		m = table_walk(is_host, page);
		w.cache[cpu][is_host][page] = (struct cached){true, m};
	}
	if (!(m.prot & PROT_W)) {
		w.waits++;
		w.refused += is_host || !page_move_covers(&w.move, page * PAGE_BYTES, 1);
		return;
	}
	w.writes++;
	frame_at(&m)[word] = ++w.truth[page][word];
}

static void drop(u32 cpu)
{
	for (u32 i = 0; i < PAGES; i++) {
		w.cache[cpu][0][i].is_there = false;
		if (w.forget != FORGET_WINDOW)
			w.cache[cpu][1][i].is_there = false;
	}
	w.owes_drop[cpu] = false;
}

static bool all_dropped(void)
{
	bool owes = false;

	for (u32 i = 0; i < CPUS; i++)
		owes |= w.owes_drop[i];
	return !owes;
}

static void drops_order(bool is_forgotten)
{
	for (u32 i = 0; i < CPUS; i++)
		w.owes_drop[i] = !is_forgotten;
}

/* Somebody else's from now on. */
static void frame_free(hpa_t pa)
{
	struct mapping m = {.pa = pa};

	w.is_used[(pa.v - 0x1000000) / PAGE_BYTES] = false;
	memset(frame_at(&m), 0xee, sizeof(w.frame[0]));
}

static void leaves_open(void)
{
	assert_int_equal(pagetable_protect(&guest, w.move.gpa, PAGE_BYTES, PROT_RWX), OK);
	assert_int_equal(pagetable_protect(&window, WINDOW_AT + w.move.gpa, PAGE_BYTES, PROT_RW), OK);
}

static void mover_begins(void)
{
	struct mapping leaf = look(&guest, pick(PAGES) * PAGE_BYTES);
	u32 frame = pick(FRAMES);

	if (w.is_used[frame])
		return;
	w.is_used[frame] = true;
	assert_int_equal(page_move_begin(&w.move, &tables, &leaf, HPA(frame_pa(frame))), OK);
	if (w.forget == FORGET_TO_PROTECT)
		leaves_open();
	drops_order(w.forget == FORGET_FIRST_DROP);
	w.copied = 0;
	w.step = FIRST_DROP;
}

static void mover_copies(void)
{
	struct mapping from = {.pa = w.move.from}, to = {.pa = w.move.to};

	if (w.copied < WORDS) {
		frame_at(&to)[w.copied] = frame_at(&from)[w.copied];
		w.copied++;
		return;
	}
	page_move_exchange(&w.move, &tables);
	if (w.forget == FORGET_TO_WAIT)
		leaves_open();
	if (w.forget == FORGET_TO_KEEP)
		frame_free(w.move.from);
	drops_order(w.forget == FORGET_SECOND_DROP);
	if (w.forget == FORGET_ONE_CPU)
		w.owes_drop[1] = false;
	w.step = SECOND_DROP;
}

static void mover_step(void)
{
	switch (w.step) {
	case AT_REST:
		mover_begins();
		return;
	case FIRST_DROP:
		if (all_dropped())
			w.step = COPY;
		return;
	case COPY:
		mover_copies();
		return;
	default:
		if (!all_dropped())
			return;
		page_move_end(&w.move, &tables);
		if (w.forget != FORGET_TO_KEEP)
			frame_free(w.move.from);
		w.moves++;
		w.step = AT_REST;
	}
}

static void step(void)
{
	u32 cpu = pick(CPUS), page = pick(PAGES), word = pick(WORDS);

	switch (pick(8)) {
	case 0:
	case 1:
		mover_step();
		return;
	case 2:
		if (w.owes_drop[cpu] || !pick(20))
			drop(cpu);
		return;
	case 3:
	case 4:
		read_word(cpu, pick(2), page, word);
		return;
	default:
		write_word(cpu, pick(2), page, word);
	}
}

static void run(const struct pagetable_format *format, enum forget forget, u32 seed)
{
	memset(&w, 0, sizeof(w));
	w.forget = forget;
	w.random = 0x9e3779b97f4a7c15ull * (seed + 1);
	tables_init(format, POOL_PAGES);
	for (u32 i = 0; i < PAGES; i++) {
		map(i * PAGE_BYTES, frame_pa(i), PAGE_BYTES, PAGE_BYTES);
		w.is_used[i] = true;
	}
	for (u32 i = 0; i < STEPS && !w.wrong && !w.refused; i++)
		step();
	tables_fini();
}

static void nobody_sees_a_move(void **state)
{
	const struct pagetable_format *formats[] = {&pagetable_ept, &pagetable_npt};

	(void)state;
	for (u32 i = 0; i < 20; i++) {
		run(formats[i % 2], FORGET_NOTHING, i);
		assert_int_equal(w.wrong, 0);
		assert_int_equal(w.refused, 0);
		/* Enough has happened to mean something. */
		assert_true(w.moves > 100);
		assert_true(w.waits > 100);
		assert_true(w.reads > 1000 && w.writes > 1000);
	}
}

static void every_forgotten_step_is_found(void **state)
{
	(void)state;
	for (u32 forget = FORGET_FIRST_DROP; forget <= FORGET_TO_ASK; forget++) {
		u32 seed = 0;

		do {
			run(&pagetable_npt, (enum forget)forget, seed);
		} while (!w.wrong && !w.refused && ++seed < 20);
		if (!w.wrong && !w.refused)
			print_error("%u was left out, and not found\n", forget);
		assert_true(w.wrong || w.refused);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights_go_and_come_back),
		cmocka_unit_test(a_larger_leaf_of_the_window_is_split),
		cmocka_unit_test(smaller_leaves_of_the_window_are_merged),
		cmocka_unit_test(no_page_for_a_split_changes_nothing),
		cmocka_unit_test(nobody_sees_a_move),
		cmocka_unit_test(every_forgotten_step_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
