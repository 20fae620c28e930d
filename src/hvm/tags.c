// SPDX-License-Identifier: Apache-2.0
// Translation tags and flushes: what an entry needs that differs from the one before it.
#include "hvm/tags.h"

#include "base/assert.h"

#define EPOCH_FIRST 1

void tag_space_init(struct tag_space *s, u32 cpu, const struct tag_caps *caps)
{
	ASSERT(cpu < TAGS_CPUS_MAX);
	ASSERT(caps->count <= UINT32_MAX - caps->first);
	*s = (struct tag_space){.caps = *caps, .cpu = cpu};
	tag_space_reset(s);
}

/* The generation moves on here too: vcpus that carry one of its tags must not find it again. */
void tag_space_reset(struct tag_space *s)
{
	s->generation++;
	s->next = s->caps.first + s->caps.count;
}

static void must_flush_everywhere(struct tag_vm *vm)
{
	for (size_t i = 0; i < ARRAY_COUNT(vm->must_flush); i++)
		atomic_store(&vm->must_flush[i], UINT64_MAX);
}

void tag_vm_init(struct tag_vm *vm)
{
	atomic_store(&vm->epoch, EPOCH_FIRST);
	must_flush_everywhere(vm);
}

void tag_vcpu_init(struct tag_vcpu *v)
{
	*v = (struct tag_vcpu){.epoch = EPOCH_FIRST};
}

void tags_vcpu_move(struct tag_vcpu *v, u32 cpu)
{
	atomic_store_explicit(&v->cpu, cpu, memory_order_relaxed);
	v->generation = 0;
}

/* First the CPUs, then the epoch: who sees the new epoch sees that it must flush. */
u64 tags_vm_invalidate(struct tag_vm *vm)
{
	must_flush_everywhere(vm);
	return atomic_fetch_add(&vm->epoch, 1) + 1;
}

/*
 * Must this CPU drop the VM's second-level translations? It does after this, so that it need not again for what was
 * removed till now; what is removed from here on sets its bit again.
 */
static bool must_flush_take(struct tag_vm *vm, u32 cpu)
{
	_Atomic u64 *word = &vm->must_flush[cpu / 64];

	return atomic_fetch_and(word, ~BIT(cpu % 64)) & BIT(cpu % 64);
}

static void tag_hand_out(struct tag_space *s, struct tag_vcpu *v, struct tag_entry *entry)
{
	if (s->caps.count && s->next == s->caps.first + s->caps.count) {
		s->next = s->caps.first;
		s->generation++;
		entry->flush_all = true;
	}
	v->tag = s->caps.count ? s->next++ : 0;
	v->generation = s->generation;
	entry->is_new = true;
}

struct tag_entry tags_enter_changed(struct tag_space *s, struct tag_vm *vm, struct tag_vcpu *v)
{
	u64 epoch = atomic_load(&vm->epoch);
	struct tag_entry entry = {.is_behind = v->epoch != epoch};
	bool is_due = v->is_flush_due;

	if (s->caps.second_level_by_tag)
		is_due |= entry.is_behind;
	else
		entry.flush_second_level = must_flush_take(vm, s->cpu);
	/* A new tag is as good as a flush of the old one. */
	if (v->generation != s->generation || (is_due && !s->caps.flush_by_tag))
		tag_hand_out(s, v, &entry);
	else
		entry.flush_tag = is_due && s->caps.count;
	entry.tag = v->tag;
	v->is_flush_due = false;
	v->epoch = epoch;
	atomic_store(&v->entered, epoch);
	return entry;
}

void tags_enter_undo(struct tag_space *s, struct tag_vm *vm, struct tag_vcpu *v)
{
	tags_leave(v);
	tag_space_reset(s);
	atomic_fetch_or(&vm->must_flush[s->cpu / 64], BIT(s->cpu % 64));
}
