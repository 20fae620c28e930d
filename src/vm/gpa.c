// SPDX-License-Identifier: Apache-2.0
// Guest memory: layout, lazy filling, the window.
#include "vm/gpa.h"

#include "base/assert.h"
#include "base/checked.h"
#include "base/mem.h"
#include "host/layout.h"
#include "host/lock.h"
#include "host/memory.h"
#include "host/numa.h"
#include "vm/vm.h"
#include "x86/insn.h"

/* The upper half of a root table: ETERNA's own areas, the same for everybody. */
#define ROOT_UPPER (PAGETABLE_ENTRIES / 2)

static err_t window_init(struct vm *vm)
{
	err_t err = pagetable_init(&vm->window, &pagetable_host, memory_host_caps(),
				   memory_pool_of(vm->numa.node[0].host_node));

	if (err)
		return err;
	memcpy(vm->window.root + ROOT_UPPER, memory_host_table()->root + ROOT_UPPER, ROOT_UPPER * sizeof(u64));
	vm->hvm.host_cr3 = pagetable_root(&vm->window).v;
	return OK;
}

static void window_fini(struct vm *vm)
{
	memset(vm->window.root + ROOT_UPPER, 0, ROOT_UPPER * sizeof(u64));
	pagetable_fini(&vm->window);
}

/* Promise each of the VM's nodes its memory. On an error nothing is promised. */
static err_t memory_reserve(struct vm *vm)
{
	err_t err = OK;

	for (u32 i = 0; i < vm->numa.node_count && !err; i++) {
		vm->near[i] = host_numa_policy(vm->numa.node[i].host_node, vm->numa.is_strict);
		err = frames_reserve(memory_frames(), &vm->claim, &vm->near[i], vm->numa.node[i].memory_bytes);
	}
	if (err)
		frames_unreserve(memory_frames(), &vm->claim);
	return err;
}

err_t gpa_init(struct vm *vm, u64 bytes)
{
	err_t err;

	if (bytes > LAYOUT_WINDOW_BYTES - GPA_HIGH)
		return ERR_RANGE;
	err = memory_reserve(vm);
	if (err)
		return err;
	err = window_init(vm);
	if (err) {
		frames_unreserve(memory_frames(), &vm->claim);
		return err;
	}
	vm->memory_bytes = bytes;
	vm->low_bytes = MIN(bytes, GPA_DEVICES);
	vm->high_bytes = bytes - vm->low_bytes;
	return OK;
}

bool gpa_is_ram(const struct vm *vm, gpa_t gpa, u64 bytes)
{
	if (gpa.v < GPA_HOLE_START)
		return range_is_inside(gpa.v, bytes, MIN(vm->low_bytes, GPA_HOLE_START));
	if (gpa.v < GPA_HIGH)
		return gpa.v >= GPA_HOLE_END && range_is_inside(gpa.v, bytes, vm->low_bytes);
	return range_is_inside(gpa.v - GPA_HIGH, bytes, vm->high_bytes);
}

/* A frame that was allocated can be freed: anything else is our bug. */
static void frame_return(struct frames_claim *claim, hpa_t frame, enum frame_size size)
{
	err_t err = frames_free(memory_frames(), claim, frame, size);

	ASSERT(!err);
}

u32 gpa_node(const struct vm *vm, gpa_t gpa)
{
	return vnuma_node_of_ram(&vm->numa, gpa.v < GPA_HIGH ? gpa.v : gpa.v - GPA_HIGH + vm->low_bytes);
}

/*
 * Where a frame for that address is looked for. A large one is taken only from the nearest node with that much left
 * for this VM: if it has none in one piece, small ones from there are better than a large one from afar.
 */
static struct frames_policy policy_of(const struct vm *vm, u64 gpa, enum frame_size size)
{
	const struct frames_policy *near = &vm->near[gpa_node(vm, GPA(gpa))];

	if (size == FRAME_4K)
		return *near;
	for (u32 i = 0; i < near->node_count; i++)
		if (vm->claim.pages[near->node[i]] >= frame_bytes(size) / PAGE_BYTES)
			return (struct frames_policy){.node_count = 1, .node = {near->node[i]}};
	return (struct frames_policy){0};
}

/* A frame in the window, for us. */
static err_t window_fill(struct vm *vm, u64 gpa, enum frame_size size, hpa_t *frame)
{
	struct frames_policy policy = policy_of(vm, gpa, size);
	err_t err = frames_alloc(memory_frames(), &vm->claim, &policy, size, frame);

	if (err)
		return err;
	err = pagetable_map(&vm->window, LAYOUT_WINDOW + gpa, *frame, frame_bytes(size), PROT_RW, MEMTYPE_WB);
	if (err)
		frame_return(&vm->claim, *frame, size);
	return err;
}

/*
 * Map a frame for us, clear it, and map it for the guest. Where the last step fails the frame stays in the window,
 * which other CPUs may have cached by then, and is the VM's all the same: the next try finds it there.
 */
static err_t fill_with(struct vm *vm, u64 gpa, enum frame_size size)
{
	u64 bytes = frame_bytes(size);
	struct mapping m;
	hpa_t frame;
	err_t err;

	memory_lock_take();
	if (!pagetable_lookup(&vm->window, LAYOUT_WINDOW + gpa, &m)) {
		frame = mapping_pa(&m, LAYOUT_WINDOW + gpa);
		err = m.bytes >= bytes ? OK : ERR_BUSY;
	} else {
		err = window_fill(vm, gpa, size, &frame);
	}
	memory_lock_drop();
	if (err)
		return err;
	memory_clear((void *)(LAYOUT_WINDOW + gpa), bytes);
	memory_lock_take();
	err = pagetable_map(&vm->hvm.second_level, gpa, frame, bytes, PROT_RWX, MEMTYPE_WB);
	memory_lock_drop();
	if (!err)
		vm->filled_bytes += bytes;
	return err;
}

/* As gpa_fill(), with the lock held. */
static err_t fill(struct vm *vm, gpa_t gpa)
{
	struct mapping m;
	u64 large = ALIGN_DOWN(gpa.v, frame_bytes(FRAME_2M));
	err_t err = ERR_BUSY;

	if (!pagetable_lookup(&vm->hvm.second_level, gpa.v, &m))
		return OK;
	if (vm->hvm.second_level.caps.has_2m && gpa_is_ram(vm, GPA(large), frame_bytes(FRAME_2M)))
		err = fill_with(vm, large, FRAME_2M);
	return err ? fill_with(vm, ALIGN_DOWN(gpa.v, PAGE_BYTES), FRAME_4K) : OK;
}

/* Two vcpus may touch the same page for the first time at once: the second one waits, and finds it. */
err_t gpa_fill(struct vm *vm, gpa_t gpa)
{
	err_t err;

	if (!gpa_is_ram(vm, gpa, 1))
		return ERR_RANGE;
	lock_take(&vm->fill_lock);
	err = fill(vm, gpa);
	lock_drop(&vm->fill_lock);
	return err;
}

/* Pages that gpa_pointer() met last: they are filled, and stay so while the VM is there. A slot holds the number
 * plus 1.
 */
static u64 *known_slot(struct vm *vm, gpa_t gpa)
{
	return &vm->known_pages[gpa.v / PAGE_BYTES % ARRAY_COUNT(vm->known_pages)];
}

static bool is_known(struct vm *vm, gpa_t gpa, u64 bytes)
{
	return gpa.v % PAGE_BYTES + bytes <= PAGE_BYTES &&
	       __atomic_load_n(known_slot(vm, gpa), __ATOMIC_RELAXED) == gpa.v / PAGE_BYTES + 1;
}

/* Apart from gpa_pointer(), so that the common case has no frame to make. */
static __attribute__((noinline)) void *find_pointer(struct vm *vm, gpa_t gpa, u64 bytes)
{
	struct mapping m;

	if (!gpa_is_ram(vm, gpa, bytes))
		return NULL;
	for (u64 at = gpa.v; at < gpa.v + bytes; at = m.va + m.bytes)
		while (pagetable_lookup(&vm->hvm.second_level, at, &m))
			if (gpa_fill(vm, GPA(at)))
				return NULL;
	__atomic_store_n(known_slot(vm, gpa), gpa.v / PAGE_BYTES + 1, __ATOMIC_RELAXED);
	return (void *)(LAYOUT_WINDOW + gpa.v);
}

void *gpa_pointer(struct vm *vm, gpa_t gpa, u64 bytes)
{
	return is_known(vm, gpa, bytes) ? (void *)(LAYOUT_WINDOW + gpa.v) : find_pointer(vm, gpa, bytes);
}

void gpa_enter(struct vm *vm)
{
	u64 cr3 = vm ? vm->hvm.host_cr3 : pagetable_root(memory_host_table()).v;

	if (read_cr3() != cr3)
		write_cr3(cr3);
}

static err_t frame_give_back(void *context, const struct mapping *m)
{
	struct vm *vm = context;
	enum frame_size size = m->bytes == PAGE_BYTES              ? FRAME_4K
			       : m->bytes == frame_bytes(FRAME_2M) ? FRAME_2M
								   : FRAME_1G;

	(void)vm;
	return frames_free(memory_frames(), NULL, m->pa, size);
}

void gpa_fini(struct vm *vm)
{
	err_t err = pagetable_iterate(&vm->window, LAYOUT_WINDOW, GPA_HIGH + vm->high_bytes, frame_give_back, vm);

	ASSERT(!err);
	frames_unreserve(memory_frames(), &vm->claim);
	window_fini(vm);
}
