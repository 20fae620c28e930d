// SPDX-License-Identifier: Apache-2.0
// Placement of a VM: packed, divided, spread or as given; then the checks that all of them share.
#include "policy/placement.h"

#include "base/assert.h"
#include "base/fmt.h"
#include "base/mem.h"

#define APIC_IDS 255u /* 255 is everybody */
#define DISTANCE_LOCAL 10
#define DISTANCE_SAME_HOST 11 /* two of the VM's nodes on one of the machine's: no nearer than that is allowed */

/* Memory is counted in steps here. */
static u64 steps_of(u64 bytes)
{
	return bytes / VNUMA_MEMORY_STEP;
}

static void vnode_add(struct vnuma *v, u32 host_node, u64 memory_bytes)
{
	v->node[v->node_count++] = (struct vnuma_node){.host_node = (u8)host_node, .memory_bytes = memory_bytes};
}

/* Is node a better than node b? One with processors is; else the one with more room. */
static bool is_better(const struct placement_host *host, u32 a, u32 b)
{
	if (!host->cpu_count[a] != !host->cpu_count[b])
		return host->cpu_count[a];
	return host->free_bytes[a] > host->free_bytes[b];
}

/* The best node with at least that much room; node_count if there is none. */
static u32 node_find(const struct placement_host *host, u64 bytes)
{
	u32 best = host->node_count;

	for (u32 i = 0; i < host->node_count; i++)
		if (host->free_bytes[i] >= bytes && (best == host->node_count || is_better(host, i, best)))
			best = i;
	return best;
}

/* The next node to take after the ones taken: the nearest to the first, of those the one with most room. */
static u32 node_next(const struct placement_host *host, const struct vnuma *taken)
{
	u32 first = taken->node[0].host_node;
	u32 best = host->node_count;

	for (u32 i = 0; i < host->node_count; i++) {
		bool is_taken = !steps_of(host->free_bytes[i]);

		for (u32 j = 0; j < taken->node_count; j++)
			is_taken |= taken->node[j].host_node == i;
		if (is_taken)
			continue;
		if (best == host->node_count || host->distance[first][i] < host->distance[first][best] ||
		    (host->distance[first][i] == host->distance[first][best] &&
		     host->free_bytes[i] > host->free_bytes[best]))
			best = i;
	}
	return best;
}

/* Divide `steps` among the nodes by their room, of which there is enough; what rounding leaves goes where it fits. */
static void memory_divide(const struct placement_host *host, struct vnuma *v, u64 steps, u64 room)
{
	u64 left = steps;

	ASSERT(room);
	for (u32 i = 0; i < v->node_count; i++) {
		u64 share = steps * steps_of(host->free_bytes[v->node[i].host_node]) / room;

		v->node[i].memory_bytes = share * VNUMA_MEMORY_STEP;
		left -= share;
	}
	for (u32 i = 0; i < v->node_count && left; i++) {
		u64 more = MIN(left, steps_of(host->free_bytes[v->node[i].host_node] - v->node[i].memory_bytes));

		v->node[i].memory_bytes += more * VNUMA_MEMORY_STEP;
		left -= more;
	}
}

/* As few nodes as hold it: the best one, then those nearest to it. Falls short where there are none left. */
static void divide(const struct placement_host *host, const struct placement_wish *wish, struct vnuma *v)
{
	u64 steps = steps_of(wish->memory_bytes);
	u64 room = 0;

	for (u32 next = node_find(host, VNUMA_MEMORY_STEP); next < host->node_count; next = node_next(host, v)) {
		vnode_add(v, next, 0);
		room += steps_of(host->free_bytes[next]);
		if (room >= steps || v->node_count == VNUMA_NODES_MAX)
			break;
	}
	if (room >= steps)
		memory_divide(host, v, steps, room);
	else
		v->node_count = 0;
}

static void place_auto(const struct placement_host *host, const struct placement_wish *wish, struct vnuma *v)
{
	u32 node = node_find(host, wish->memory_bytes);

	if (node < host->node_count)
		vnode_add(v, node, wish->memory_bytes);
	else
		divide(host, wish, v);
}

static void place_spread(const struct placement_host *host, const struct placement_wish *wish, struct vnuma *v)
{
	u64 steps = steps_of(wish->memory_bytes);

	for (u32 i = 0; i < host->node_count && v->node_count < MIN(steps, VNUMA_NODES_MAX); i++)
		if (steps_of(host->free_bytes[i]))
			vnode_add(v, i, 0);
	for (u32 i = 0; i < v->node_count; i++)
		v->node[i].memory_bytes =
			(steps / v->node_count + (i < steps % v->node_count ? 1 : 0)) * VNUMA_MEMORY_STEP;
}

/* Evenly and in order among the nodes whose host nodes have processors; among all where none has. */
static void vcpus_divide(const struct placement_host *host, struct vnuma *v, u32 vcpu_count)
{
	u32 takers = 0, number = 0;

	for (u32 i = 0; i < v->node_count; i++)
		takers += host->cpu_count[v->node[i].host_node] != 0;
	for (u32 i = 0; i < v->node_count; i++) {
		u32 count = takers ? takers : v->node_count;

		if (takers && !host->cpu_count[v->node[i].host_node])
			continue;
		for (u32 c = (number * vcpu_count + count - 1) / count;
		     c < ((number + 1) * vcpu_count + count - 1) / count; c++)
			v->node[i].vcpus |= 1ull << c;
		number++;
	}
}

bool placement_is_partition(const struct vnuma_node *node, u32 count, u32 vcpu_count, u64 memory_bytes)
{
	u64 vcpus = 0, memory = 0;

	for (u32 i = 0; i < count; i++) {
		if (vcpus & node[i].vcpus || node[i].memory_bytes > memory_bytes - memory ||
		    !IS_ALIGNED(node[i].memory_bytes, VNUMA_MEMORY_STEP))
			return false;
		vcpus |= node[i].vcpus;
		memory += node[i].memory_bytes;
	}
	return vcpus == ~0ull >> (VNUMA_VCPUS_MAX - vcpu_count) && memory == memory_bytes;
}

static err_t place_as_given(const struct placement_host *host, const struct placement_wish *wish, struct vnuma *v,
			    char *why)
{
	if (!wish->vnode_count || wish->vnode_count > VNUMA_NODES_MAX ||
	    !placement_is_partition(wish->vnode, wish->vnode_count, wish->vcpu_count, wish->memory_bytes)) {
		fmt_string(why, PLACEMENT_WHY_BYTES, "its nodes don't have each vcpu and all memory once");
		return ERR_RANGE;
	}
	for (u32 i = 0; i < wish->vnode_count; i++) {
		if (wish->vnode[i].host_node >= host->node_count) {
			fmt_string(why, PLACEMENT_WHY_BYTES, "there is no node %u: the machine has 0 to %u",
				   wish->vnode[i].host_node, host->node_count - 1);
			return ERR_RANGE;
		}
		v->node[v->node_count++] = wish->vnode[i];
	}
	return OK;
}

static err_t place_on_node(const struct placement_host *host, const struct placement_wish *wish, struct vnuma *v,
			   char *why)
{
	if (wish->node >= host->node_count) {
		fmt_string(why, PLACEMENT_WHY_BYTES, "there is no node %u: the machine has 0 to %u", wish->node,
			   host->node_count - 1);
		return ERR_RANGE;
	}
	vnode_add(v, wish->node, wish->memory_bytes);
	return OK;
}

static err_t check_total(const struct placement_host *host, u64 wanted, char *why)
{
	u64 free = 0;

	for (u32 i = 0; i < host->node_count; i++)
		free += host->free_bytes[i];
	if (free >= wanted)
		return OK;
	fmt_string(why, PLACEMENT_WHY_BYTES, "%lu MiB are wanted, all nodes together have %lu MiB free", wanted / MIB,
		   free / MIB);
	return ERR_NOMEM;
}

static err_t check_each(const struct placement_host *host, const struct vnuma *v, char *why)
{
	for (u32 i = 0; i < v->node_count; i++) {
		u32 node = v->node[i].host_node;
		u64 wanted = 0;

		for (u32 j = 0; j < v->node_count; j++)
			wanted += v->node[j].host_node == node ? v->node[j].memory_bytes : 0;
		if (wanted <= host->free_bytes[node])
			continue;
		fmt_string(why, PLACEMENT_WHY_BYTES, "%lu MiB are wanted of node %u, which has %lu MiB free",
			   wanted / MIB, node, host->free_bytes[node] / MIB);
		return ERR_NOMEM;
	}
	return OK;
}

static void distances_copy(const struct placement_host *host, struct vnuma *v)
{
	for (u32 i = 0; i < v->node_count; i++)
		for (u32 j = 0; j < v->node_count; j++) {
			u8 a = v->node[i].host_node, b = v->node[j].host_node;

			v->distance[i][j] = i == j   ? DISTANCE_LOCAL
					    : a == b ? DISTANCE_SAME_HOST
						     : host->distance[a][b];
		}
}

static err_t place(const struct placement_host *host, const struct placement_wish *wish, struct vnuma *v, char *why)
{
	switch (wish->mode) {
	case PLACEMENT_NODE:
		return place_on_node(host, wish, v, why);
	case PLACEMENT_VNODES:
		return place_as_given(host, wish, v, why);
	case PLACEMENT_SPREAD:
		place_spread(host, wish, v);
		return OK;
	default:
		place_auto(host, wish, v);
		return OK;
	}
}

static err_t apic_ids_check(const struct placement_wish *wish, struct vnuma *out, char *why)
{
	for (u32 i = 0; i < wish->apic_id_count; i++) {
		out->has_apic_ids = true;
		out->apic_id[i] = wish->apic_id[i];
	}
	if (out->has_apic_ids && vnuma_package_shift(out) == VNUMA_NO_SHIFT) {
		fmt_string(why, PLACEMENT_WHY_BYTES, "apic_ids: no bits of them tell its %u nodes apart",
			   out->node_count);
		return ERR_SPACE;
	}
	if (!out->has_apic_ids && out->node_count > 1 && out->node_count << vnuma_package_shift(out) > APIC_IDS) {
		fmt_string(why, PLACEMENT_WHY_BYTES, "the APIC ids of %u nodes of up to %u vcpus pass 254",
			   out->node_count, vnuma_vcpus_most(out));
		return ERR_SPACE;
	}
	return OK;
}

err_t placement_make(const struct placement_host *host, const struct placement_wish *wish, struct vnuma *out, char *why)
{
	err_t err;

	*out = (struct vnuma){.is_strict = wish->is_strict};
	err = check_total(host, wish->memory_bytes, why);
	if (!err)
		err = place(host, wish, out, why);
	if (err)
		return err;
	if (!out->node_count) {
		fmt_string(why, PLACEMENT_WHY_BYTES, "%lu MiB are wanted, more than any %u nodes have free",
			   wish->memory_bytes / MIB, VNUMA_NODES_MAX);
		return ERR_NOMEM;
	}
	err = wish->is_strict ? check_each(host, out, why) : OK;
	if (err)
		return err;
	if (wish->mode != PLACEMENT_VNODES)
		vcpus_divide(host, out, wish->vcpu_count);
	distances_copy(host, out);
	return apic_ids_check(wish, out, why);
}
