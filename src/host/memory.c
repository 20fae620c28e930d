// SPDX-License-Identifier: Apache-2.0
// Builds and keeps ETERNA's own address space.
#include "host/memory.h"

#include "host/cpu.h"
#include "host/layout.h"
#include "host/lock.h"
#include "host/panic.h"
#include "iface/memory_range.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/*
 * The pool holds hypervisor structures: 8 MiB of them, the stacks of each CPU, and page tables for the worst case, all
 * guest memory in 4 KiB pages, once in the second-level table and once in the window: 1/256 of memory.
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

/* The highest place below POOL_LIMIT, aligned so that it maps with large pages; 0 when there is none. */
static u64 pool_place(const struct memory_range *free, u32 free_count, u64 bytes)
{
	u64 found = 0;

	for (u32 i = 0; i < free_count; i++) {
		u64 end = MIN(free[i].base + free[i].bytes, POOL_LIMIT);
		u64 start;

		if (end < free[i].base + bytes)
			continue;
		start = ALIGN_DOWN(end - bytes, LARGE_PAGE);
		if (start >= MAX(free[i].base, FRAMES_START) && start > found)
			found = start;
	}
	return found;
}

static u64 bytes_of(const struct memory_range *free, u32 free_count)
{
	u64 sum = 0;

	for (u32 i = 0; i < free_count; i++)
		sum += free[i].bytes;
	return sum;
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

static err_t stack_map(u64 bottom)
{
	void *pages = pool_alloc(&pool, LAYOUT_STACK_BYTES / PAGE_BYTES);

	if (!pages)
		return ERR_NOMEM;
	return pagetable_map(&table, bottom, pool_hpa(&pool, pages), LAYOUT_STACK_BYTES, PROT_RW, MEMTYPE_WB);
}

err_t memory_map_stacks(u32 index)
{
	err_t err = OK;

	memory_lock_take();
	for (u32 ist = 0; ist < IST_COUNT && !err; ist++)
		err = stack_map(stack_bottom(index, ist));
	memory_lock_drop();
	return err;
}

static void frames_take_part(u64 start, u64 end)
{
	/* ERR_RANGE: less than a page is left. */
	err_t err = start < end ? frames_add(&frames, HPA(start), end - start, 0) : OK;

	if (err && err != ERR_RANGE)
		panic("cannot take the memory at %#lx: %s", start, err_text(err));
}

/* What is left of each free range without the pool and low memory. */
static void frames_take(const struct memory_range *free, u32 free_count, u64 pool_start, u64 pool_bytes)
{
	for (u32 i = 0; i < free_count; i++) {
		u64 start = MAX(free[i].base, FRAMES_START);
		u64 end = free[i].base + free[i].bytes;

		if (pool_start >= start && pool_start < end) {
			frames_take_part(start, pool_start);
			start = pool_start + pool_bytes;
		}
		frames_take_part(start, end);
	}
}

err_t memory_init(const struct memory_range *free, u32 free_count, u32 cpus)
{
	u64 bytes = ALIGN_UP(POOL_BYTES_BASE + cpus * POOL_BYTES_CPU + bytes_of(free, free_count) / POOL_MEMORY_SHARE,
			     LARGE_PAGE);
	u64 start = pool_place(free, free_count, bytes);
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
	err = memory_map_stacks(0);
	if (err)
		return err;
	map_or_panic(LAYOUT_POOL + start, start, bytes, PROT_RW, MEMTYPE_WB);
	/* A first mapping in each area makes its top-level entry: VMs' tables copy those and must not miss one. */
	(void)memory_map_readonly(HPA(0), PAGE_BYTES);
	(void)memory_map_device(HPA(0), PAGE_BYTES);
	write_cr4(read_cr4() | CR4_PGE);
	write_cr3(pagetable_root(&table).v);
	err = frames_init(&frames, &pool);
	if (!err)
		frames_take(free, free_count, start, bytes);
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
