// SPDX-License-Identifier: Apache-2.0
// Builds and keeps ETERNA's own address space.
#include "host/memory.h"

#include "host/cpu.h"
#include "host/layout.h"
#include "host/lock.h"
#include "host/log.h"
#include "host/numa.h"
#include "host/panic.h"
#include "iface/memory_range.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/*
 * The pool holds hypervisor structures: 8 MiB of them, the stacks of each CPU, and page tables for the worst case, all
 * guest memory in 4 KiB pages, once in the second-level table and once in the window: 1/256 of memory. Of this, a
 * node's share comes from the node itself where it is at least a large page. The main pool has the rest.
 */
#define POOL_BYTES_BASE (8 * MIB)
#define POOL_BYTES_CPU ((IST_COUNT + 1) * (u64)LAYOUT_STACK_BYTES)
#define POOL_MEMORY_SHARE 256
#define LARGE_PAGE (2 * MIB)
#define POOL_LIMIT (4 * GIB) /* the boot tables reach so far */
/* Frames start here: below are the BIOS's data and the other CPUs' first instructions. */
#define FRAMES_START (1 * MIB)

#define CPUID_EXT_FEATURES 0x80000001
#define CPUID_EXT_MAX 0x80000000
#define CPUID_EXT_SIZES 0x80000008
#define FEATURE_1G BIT(26)

static struct pool pool;
static struct pool node_pool[FRAMES_NODES_MAX]; /* without pages for nodes that have none of their own */
static struct frames frames;
static struct pagetable table;
static struct pagetable_caps caps;
static struct lock lock = LOCK_INIT(LOCK_MEMORY);

void memory_lock_take(void)
{
	lock_take(&lock);
}

void memory_lock_drop(void)
{
	lock_drop(&lock);
}

struct pool *memory_pool(void)
{
	return &pool;
}

struct pool *memory_pool_of(u32 node)
{
	return node < ARRAY_COUNT(node_pool) && node_pool[node].page_count ? &node_pool[node] : &pool;
}

struct frames *memory_frames(void)
{
	return &frames;
}

const struct pagetable *memory_host_table(void)
{
	return &table;
}

const struct pagetable_caps *memory_host_caps(void)
{
	return &caps;
}

static void map_or_panic(u64 va, u64 hpa, u64 bytes, enum prot prot, enum memtype type)
{
	err_t err = pagetable_map(&table, va, HPA(hpa), bytes, prot, type);

	if (err)
		panic("cannot map %#lx bytes of %#lx at %#lx: %s", bytes, hpa, va, err_text(err));
}

/* SDM 3A, Enumeration of Paging Features by CPUID: 36 where no leaf says it, of a processor with PAE. */
static u8 address_bits(void)
{
	return cpuid(CPUID_EXT_MAX, 0).eax < CPUID_EXT_SIZES ? 36 : (u8)cpuid(CPUID_EXT_SIZES, 0).eax;
}

static void caps_read(void)
{
	caps = (struct pagetable_caps){
		.levels = 4,
		.pa_bits = address_bits(),
		.has_2m = true,
		.has_1g = cpuid(CPUID_EXT_FEATURES, 0).edx & FEATURE_1G,
		.accessed_dirty = true,
	};
}

/* A part of the free memory that belongs to one node. */
struct node_part {
	u64 start;
	u64 end;
	u8 node;
	u64 unplaced_bytes; /* in no range of the SRAT */
};

/* The part at `at` in free[*i], or at the start of the next range; false behind the last. Start with both 0. */
static bool part_next(const struct memory_range *free, u32 free_count, u32 *i, u64 *at, struct node_part *part)
{
	for (; *i < free_count; *i += 1, *at = 0) {
		u64 end = free[*i].base + free[*i].bytes;

		part->start = MAX(*at, MAX(free[*i].base, FRAMES_START));
		if (part->start >= end)
			continue;
		part->end = numa_run(host_numa(), part->start, end, &part->node, &part->unplaced_bytes);
		*at = part->end;
		return true;
	}
	return false;
}

#define ANY_NODE NUMA_NODES_MAX

/* The highest place below `limit` on that node, aligned so that it maps with large pages; 0 when there is none. */
static u64 pool_place(const struct memory_range *free, u32 free_count, u64 bytes, u64 limit, u32 node)
{
	struct node_part part;
	u64 found = 0;
	u64 at = 0;
	u32 i = 0;

	while (part_next(free, free_count, &i, &at, &part)) {
		u64 end = MIN(part.end, limit);
		u64 start;

		if ((node != ANY_NODE && part.node != node) || end < part.start + bytes)
			continue;
		start = ALIGN_DOWN(end - bytes, LARGE_PAGE);
		if (start >= part.start && start > found)
			found = start;
	}
	return found;
}

static u64 bytes_of_node(const struct memory_range *free, u32 free_count, u32 node)
{
	struct node_part part;
	u64 sum = 0;
	u64 at = 0;
	u32 i = 0;

	while (part_next(free, free_count, &i, &at, &part))
		sum += node == ANY_NODE || part.node == node ? part.end - part.start : 0;
	return sum;
}

/* What a node's own pool is to have; 0: too little to bother. */
static u64 node_pool_bytes(const struct memory_range *free, u32 free_count, u32 node)
{
	return ALIGN_DOWN(bytes_of_node(free, free_count, node) / POOL_MEMORY_SHARE, LARGE_PAGE);
}

static u64 main_pool_bytes(const struct memory_range *free, u32 free_count, u32 cpus, u32 own_node)
{
	u64 bytes =
		POOL_BYTES_BASE + cpus * POOL_BYTES_CPU + bytes_of_node(free, free_count, ANY_NODE) / POOL_MEMORY_SHARE;

	for (u32 i = 0; i < host_numa()->node_count; i++)
		if (i != own_node)
			bytes -= node_pool_bytes(free, free_count, i);
	return ALIGN_UP(bytes, LARGE_PAGE);
}

/* Where the main pool lies: below what the boot tables reach. The nodes without it get pools of their own later. */
static u64 main_pool_place(const struct memory_range *free, u32 free_count, u32 cpus, u64 *bytes, u32 *node)
{
	for (*node = 0; *node < host_numa()->node_count; ++*node) {
		u64 start;

		*bytes = main_pool_bytes(free, free_count, cpus, *node);
		start = pool_place(free, free_count, *bytes, POOL_LIMIT, *node);
		if (start)
			return start;
	}
	return 0;
}

static void image_map_part(const u8 *start, const u8 *end, enum prot prot)
{
	map_or_panic((u64)start, (u64)start - LAYOUT_IMAGE, (u64)(end - start), prot, MEMTYPE_WB);
}

static void image_map(void)
{
	image_map_part(text_start, text_end, PROT_RX);
	image_map_part(rodata_start, rodata_end, PROT_R);
	image_map_part(data_start, bss_end, PROT_RW);
}

/* Stacks of a CPU lie one behind another; the lower half of each stride is the guard. */
static u64 stack_bottom(u32 index, u32 ist)
{
	return LAYOUT_STACKS + ((u64)index * IST_COUNT + ist) * LAYOUT_STACK_STRIDE + LAYOUT_STACK_STRIDE -
	       LAYOUT_STACK_BYTES;
}

u64 memory_stack_top(u32 index, u32 ist)
{
	return stack_bottom(index, ist) + LAYOUT_STACK_BYTES;
}

bool memory_is_stack(u64 address)
{
	struct mapping m;

	return address >= LAYOUT_STACKS && address < LAYOUT_IMAGE && !pagetable_lookup(&table, address, &m) &&
	       !pagetable_lookup(&table, address + 15, &m);
}

static err_t stack_map(u64 bottom, struct pool *from)
{
	void *pages = pool_alloc(from, LAYOUT_STACK_BYTES / PAGE_BYTES);

	if (!pages)
		return ERR_NOMEM;
	return pagetable_map(&table, bottom, pool_hpa(&pool, pages), LAYOUT_STACK_BYTES, PROT_RW, MEMTYPE_WB);
}

err_t memory_map_stacks(u32 index, struct pool *from)
{
	err_t err = OK;

	memory_lock_take();
	for (u32 ist = 0; ist < IST_COUNT && !err; ist++)
		err = stack_map(stack_bottom(index, ist), from);
	memory_lock_drop();
	return err;
}

static void node_pools_make(const struct memory_range *free, u32 free_count, u32 main_node)
{
	for (u32 i = 0; i < host_numa()->node_count; i++) {
		u64 bytes = i == main_node ? 0 : node_pool_bytes(free, free_count, i);
		u64 start = bytes ? pool_place(free, free_count, bytes, BIT(52), i) : 0;

		if (!start)
			continue;
		map_or_panic(LAYOUT_POOL + start, start, bytes, PROT_RW, MEMTYPE_WB);
		if (pool_init(&node_pool[i], (void *)(LAYOUT_POOL + start), HPA(start), (u32)(bytes / PAGE_BYTES)))
			panic("cannot make a pool of the memory at %#lx", start);
		pool_link(&node_pool[i], &pool);
	}
}

static void frames_take_range(u64 start, u64 end, u8 node)
{
	/* ERR_RANGE: less than a page is left. */
	err_t err = start < end ? frames_add(&frames, HPA(start), end - start, node) : OK;

	if (err == ERR_SPACE)
		log_warn("memory: too many parts; the one at %#lx, %lu KiB, is not used", start, (end - start) / KIB);
	else if (err && err != ERR_RANGE)
		panic("cannot take the memory at %#lx: %s", start, err_text(err));
}

/* The pool that begins first in [start, end), in the ring of all; NULL: none does. */
static const struct pool *pool_first(u64 start, u64 end)
{
	const struct pool *first = NULL;
	const struct pool *p = &pool;

	do {
		if (p->base_hpa.v >= start && p->base_hpa.v < end && (!first || p->base_hpa.v < first->base_hpa.v))
			first = p;
		p = p->next;
	} while (p && p != &pool);
	return first;
}

/* What is left of a part without the pools in it. */
static void frames_take_part(const struct node_part *part)
{
	u64 start = part->start;
	const struct pool *p;

	while ((p = pool_first(start, part->end))) {
		frames_take_range(start, p->base_hpa.v, part->node);
		start = p->base_hpa.v + p->page_count * PAGE_BYTES;
	}
	frames_take_range(start, part->end, part->node);
}

static void frames_take(const struct memory_range *free, u32 free_count)
{
	struct node_part part;
	u64 at = 0;
	u32 i = 0;

	while (part_next(free, free_count, &i, &at, &part)) {
		frames_take_part(&part);
		if (part.unplaced_bytes && host_numa()->reason == NUMA_BY_SRAT)
			host_numa_note(NUMA_MEMORY_UNPLACED, part.start, part.unplaced_bytes);
	}
}

err_t memory_init(const struct memory_range *free, u32 free_count, u32 cpus)
{
	u32 main_node;
	u64 bytes;
	u64 start = main_pool_place(free, free_count, cpus, &bytes, &main_node);
	err_t err;

	if (!start)
		return ERR_NOMEM;
	caps_read();
	err = pool_init(&pool, (void *)(LAYOUT_POOL + start), HPA(start), (u32)(bytes / PAGE_BYTES));
	if (err)
		return err;
	err = pagetable_init(&table, &pagetable_host, &caps, &pool);
	if (err)
		return err;
	image_map();
	err = memory_map_stacks(0, &pool);
	if (err)
		return err;
	map_or_panic(LAYOUT_POOL + start, start, bytes, PROT_RW, MEMTYPE_WB);
	/* A first mapping in each area makes its top-level entry: VMs' tables copy those and must not miss one. */
	(void)memory_map_readonly(HPA(0), PAGE_BYTES);
	(void)memory_map_device(HPA(0), PAGE_BYTES);
	write_cr4(read_cr4() | CR4_PGE);
	write_cr3(pagetable_root(&table).v);
	node_pools_make(free, free_count, main_node);
	err = frames_init(&frames, &pool);
	if (!err)
		frames_take(free, free_count);
	return err;
}

void memory_seal(void)
{
	u64 bytes = (u64)(init_only_end - data_start);

	if (bytes && pagetable_protect(&table, (u64)data_start, bytes, PROT_R))
		panic("cannot seal the boot data");
	write_cr3(read_cr3());
	write_cr0(read_cr0() | CR0_WP);
}

/* Map the pages of [hpa, hpa + bytes) that are not there yet. No CPU can have cached that they were not. */
static u64 area_map_locked(u64 area, u64 hpa, u64 bytes, enum prot prot, enum memtype type)
{
	u64 end = ALIGN_UP(hpa + bytes, PAGE_BYTES);

	for (u64 at = ALIGN_DOWN(hpa, PAGE_BYTES); at < end;) {
		bool is_large = IS_ALIGNED(at, LARGE_PAGE) && end - at >= LARGE_PAGE;
		u64 step = is_large ? LARGE_PAGE : PAGE_BYTES;
		struct mapping m;

		if (pagetable_lookup(&table, area + at, &m)) {
			err_t err = pagetable_map(&table, area + at, HPA(at), step, prot, type);

			if (err == ERR_BUSY && is_large) {
				step = PAGE_BYTES;
				err = pagetable_map(&table, area + at, HPA(at), step, prot, type);
			}
			if (err)
				panic("cannot map %#lx at %#lx: %s", at, area + at, err_text(err));
			at += step;
		} else {
			at = mapping_pa(&m, area + at).v + (m.va + m.bytes - (area + at));
		}
	}
	return area + hpa;
}

static u64 area_map(u64 area, u64 hpa, u64 bytes, enum prot prot, enum memtype type)
{
	u64 va;

	memory_lock_take();
	va = area_map_locked(area, hpa, bytes, prot, type);
	memory_lock_drop();
	return va;
}

volatile u8 *memory_map_device(hpa_t hpa, u64 bytes)
{
	return (volatile u8 *)area_map(LAYOUT_DEVICES, hpa.v, bytes, PROT_RW, MEMTYPE_UC);
}

const void *memory_map_readonly(hpa_t hpa, u64 bytes)
{
	if (!bytes || bytes > GIB * 64 || hpa.v >> caps.pa_bits || (hpa.v + bytes - 1) >> caps.pa_bits)
		return NULL;
	return (const void *)area_map(LAYOUT_READONLY, hpa.v, bytes, PROT_R, MEMTYPE_WB);
}
