// SPDX-License-Identifier: Apache-2.0
// Counts a VM's pages by node, from the tables that the processor walks, and these tables.
#include "vm/gpa_numa.h"

#include "base/assert.h"
#include "base/mem.h"
#include "host/memory.h"
#include "host/numa.h"
#include "vm/gpa.h"
#include "vm/vm.h"

struct count {
	const struct vm *vm;
	u32 vnode;
	u64 *pages;
};

/* A leaf is one frame: all of it is on one node, and of one of the VM's. */
static err_t leaf_count(void *context, const struct mapping *m)
{
	struct count *count = context;
	unsigned node = frames_node_of(memory_frames(), m->pa);

	if (!gpa_is_ram(count->vm, GPA(m->va), 1))
		return OK; /* the page for APIC accesses */
	ASSERT(node < FRAMES_NODES_MAX);
	if (gpa_node(count->vm, GPA(m->va)) == count->vnode)
		count->pages[node] += m->bytes / PAGE_BYTES;
	return OK;
}

void gpa_count_pages(struct vm *vm, u32 vnode, u64 pages[FRAMES_NODES_MAX])
{
	struct count count = {vm, vnode, pages};
	err_t err;

	memset(pages, 0, FRAMES_NODES_MAX * sizeof(pages[0]));
	err = pagetable_iterate(&vm->hvm.second_level, 0, GPA_HIGH + vm->high_bytes, leaf_count, &count);
	ASSERT(!err);
}

static void table_count(void *context, hpa_t table)
{
	u64 *tables = context;

	tables[host_numa_node_of_memory(table)]++;
}

void gpa_count_tables(struct vm *vm, u64 tables[FRAMES_NODES_MAX])
{
	memset(tables, 0, FRAMES_NODES_MAX * sizeof(tables[0]));
	pagetable_tables(&vm->hvm.second_level, table_count, tables);
}
