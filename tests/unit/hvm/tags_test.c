// SPDX-License-Identifier: Apache-2.0
// Tags and flushes, one rule at a time: what an entry must flush, and who must be waited for.
#include "hvm/tags.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CPU_A 3
#define CPU_B 200

static const struct tag_caps intel = {.first = 1, .count = 0xffff, .flush_by_tag = true};
static const struct tag_caps amd = {.first = 1, .count = 3, .flush_by_tag = true, .second_level_by_tag = true};
/* QEMU 7.2, and processors before 2011. */
static const struct tag_caps amd_plain = {.first = 1, .count = 3, .second_level_by_tag = true};

/* One CPU, two VMs of two vcpus. */
struct machine {
	struct tag_space a, b;
	struct tag_vm vm[2];
	struct tag_vcpu v[4];
};

static void machine_init(struct machine *m, const struct tag_caps *caps)
{
	*m = (struct machine){0};
	tag_space_init(&m->a, CPU_A, caps);
	tag_space_init(&m->b, CPU_B, caps);
	for (size_t i = 0; i < ARRAY_COUNT(m->vm); i++)
		tag_vm_init(&m->vm[i]);
	for (size_t i = 0; i < ARRAY_COUNT(m->v); i++)
		tag_vcpu_init(&m->v[i]);
}

/* vcpus 0 and 1 are of VM 0, 2 and 3 of VM 1. */
static struct tag_entry enter(struct machine *m, struct tag_space *s, unsigned vcpu)
{
	return tags_enter(s, &m->vm[vcpu / 2], &m->v[vcpu]);
}

static struct tag_entry run(struct machine *m, struct tag_space *s, unsigned vcpu)
{
	struct tag_entry e = enter(m, s, vcpu);

	tags_leave(&m->v[vcpu]);
	return e;
}

static void expect(struct tag_entry got, struct tag_entry want)
{
	assert_int_equal(got.tag, want.tag);
	assert_int_equal(got.is_new, want.is_new);
	assert_int_equal(got.flush_all, want.flush_all);
	assert_int_equal(got.flush_tag, want.flush_tag);
	assert_int_equal(got.flush_second_level, want.flush_second_level);
}
#define EXPECT(got, ...) expect(got, (struct tag_entry){__VA_ARGS__})

static void first_entry_on_a_cpu_flushes_all(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, &intel);
	EXPECT(run(&m, &m.a, 0), .tag = 1, .is_new = true, .flush_all = true, .flush_second_level = true);
	EXPECT(run(&m, &m.a, 0), .tag = 1);
	EXPECT(run(&m, &m.a, 1), .tag = 2, .is_new = true);
	EXPECT(run(&m, &m.a, 2), .tag = 3, .is_new = true, .flush_second_level = true);
	EXPECT(run(&m, &m.a, 0), .tag = 1);

	machine_init(&m, &amd);
	EXPECT(run(&m, &m.a, 0), .tag = 1, .is_new = true, .flush_all = true);
	EXPECT(run(&m, &m.a, 2), .tag = 2, .is_new = true);
	EXPECT(run(&m, &m.a, 2), .tag = 2);
}

static void used_up_tags_flush_all_and_end_the_generation(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, &amd);
	for (unsigned i = 0; i < 3; i++)
		EXPECT(run(&m, &m.a, i), .tag = i + 1, .is_new = true, .flush_all = i == 0);
	EXPECT(run(&m, &m.a, 3), .tag = 1, .is_new = true, .flush_all = true);
	EXPECT(run(&m, &m.a, 0), .tag = 2, .is_new = true);
	EXPECT(run(&m, &m.a, 3), .tag = 1);
}

static void one_tag_is_flushed_at_each_change_of_vcpu(void **state)
{
	struct tag_caps one = amd;
	struct machine m;

	(void)state;
	one.count = 1;
	machine_init(&m, &one);
	for (unsigned round = 0; round < 3; round++) {
		EXPECT(run(&m, &m.a, 0), .tag = 1, .is_new = true, .flush_all = true);
		EXPECT(run(&m, &m.a, 0), .tag = 1);
		EXPECT(run(&m, &m.a, 1), .tag = 1, .is_new = true, .flush_all = true);
	}
}

/* Without VPIDs the hardware flushes all but guest-physical mappings by itself. */
static void no_tags_leave_the_second_level_to_flush(void **state)
{
	struct tag_caps none = {0};
	struct machine m;

	(void)state;
	machine_init(&m, &none);
	EXPECT(run(&m, &m.a, 0), .is_new = true, .flush_second_level = true);
	tags_vcpu_flush(&m.v[0]);
	EXPECT(run(&m, &m.a, 0), .tag = 0, .is_new = true);
	EXPECT(run(&m, &m.a, 1), .is_new = true);
	EXPECT(run(&m, &m.a, 1), .tag = 0);
	tags_vm_invalidate(&m.vm[0]);
	EXPECT(run(&m, &m.a, 1), .flush_second_level = true);
	EXPECT(run(&m, &m.a, 0), .tag = 0);
}

static void vcpu_flush_is_done_once(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, &intel);
	run(&m, &m.a, 0);
	tags_vcpu_flush(&m.v[0]);
	EXPECT(run(&m, &m.a, 0), .tag = 1, .flush_tag = true);
	EXPECT(run(&m, &m.a, 0), .tag = 1);

	machine_init(&m, &amd_plain);
	run(&m, &m.a, 0);
	tags_vcpu_flush(&m.v[0]);
	EXPECT(run(&m, &m.a, 0), .tag = 2, .is_new = true);
	EXPECT(run(&m, &m.a, 0), .tag = 2);
	tags_vcpu_flush(&m.v[0]);
	EXPECT(run(&m, &m.a, 0), .tag = 3, .is_new = true);
	tags_vcpu_flush(&m.v[0]);
	EXPECT(run(&m, &m.a, 0), .tag = 1, .is_new = true, .flush_all = true);
}

/* Intel: once on each CPU, whichever vcpu comes first; AMD: each vcpu its own. */
static void invalidation_is_flushed_at_the_next_entry(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, &intel);
	for (unsigned i = 0; i < 3; i++)
		run(&m, &m.a, i);
	tags_vm_invalidate(&m.vm[0]);
	EXPECT(run(&m, &m.a, 2), .tag = 3);
	EXPECT(run(&m, &m.a, 1), .tag = 2, .flush_second_level = true);
	EXPECT(run(&m, &m.a, 0), .tag = 1);
	EXPECT(run(&m, &m.b, 0), .tag = 1, .is_new = true, .flush_all = true, .flush_second_level = true);

	machine_init(&m, &amd);
	for (unsigned i = 0; i < 3; i++)
		run(&m, &m.a, i);
	tags_vm_invalidate(&m.vm[0]);
	EXPECT(run(&m, &m.a, 2), .tag = 3);
	EXPECT(run(&m, &m.a, 1), .tag = 2, .flush_tag = true);
	EXPECT(run(&m, &m.a, 0), .tag = 1, .flush_tag = true);
	EXPECT(run(&m, &m.a, 0), .tag = 1);
}

static void moved_vcpu_does_not_trust_its_old_tag(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, &intel);
	EXPECT(run(&m, &m.a, 0), .tag = 1, .is_new = true, .flush_all = true, .flush_second_level = true);
	EXPECT(run(&m, &m.b, 0), .tag = 1, .is_new = true, .flush_all = true, .flush_second_level = true);
	EXPECT(run(&m, &m.a, 0), .tag = 2, .is_new = true);
	EXPECT(run(&m, &m.b, 0), .tag = 2, .is_new = true);
}

static void reset_kills_the_tags_of_a_cpu(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, &amd);
	run(&m, &m.a, 0);
	run(&m, &m.a, 1);
	tag_space_reset(&m.a);
	EXPECT(run(&m, &m.a, 1), .tag = 1, .is_new = true, .flush_all = true);
	EXPECT(run(&m, &m.a, 0), .tag = 2, .is_new = true);
}

static void undone_entry_flushes_again(void **state)
{
	struct machine m;
	u32 cpu;

	(void)state;
	machine_init(&m, &intel);
	run(&m, &m.a, 0);
	run(&m, &m.a, 2);
	tags_vm_invalidate(&m.vm[0]);
	EXPECT(enter(&m, &m.a, 0), .tag = 1, .flush_second_level = true);
	tags_enter_undo(&m.a, &m.vm[0], &m.v[0]);
	assert_false(tags_flush_needs_wait(&m.v[0], UINT64_MAX, &cpu));
	EXPECT(run(&m, &m.a, 2), .tag = 1, .is_new = true, .flush_all = true);
	EXPECT(run(&m, &m.a, 0), .tag = 2, .is_new = true, .flush_second_level = true);
}

static void who_is_in_the_guest_is_waited_for(void **state)
{
	struct machine m;
	u64 epoch;
	u32 cpu = 0;

	(void)state;
	machine_init(&m, &intel);
	enter(&m, &m.a, 0);
	enter(&m, &m.b, 1);
	epoch = tags_vm_invalidate(&m.vm[0]);
	assert_true(tags_flush_needs_wait(&m.v[0], epoch, &cpu));
	assert_int_equal(cpu, CPU_A);
	assert_true(tags_flush_needs_wait(&m.v[1], epoch, &cpu));
	assert_int_equal(cpu, CPU_B);
	tags_leave(&m.v[1]);
	assert_false(tags_flush_needs_wait(&m.v[1], epoch, &cpu));
	enter(&m, &m.b, 1);
	assert_false(tags_flush_needs_wait(&m.v[1], epoch, &cpu));
	assert_true(tags_flush_needs_wait(&m.v[0], epoch, &cpu));
	assert_true(tags_flush_needs_wait(&m.v[1], tags_vm_invalidate(&m.vm[0]), &cpu));
}

static void a_vm_at_an_old_vms_address_flushes(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, &intel);
	run(&m, &m.a, 0);
	tag_vm_init(&m.vm[0]);
	tag_vcpu_init(&m.v[0]);
	EXPECT(run(&m, &m.a, 0), .tag = 2, .is_new = true, .flush_second_level = true);
}

/* The tables' root may be another after an invalidation: each vcpu of the VM is told once, on whichever CPU. */
static void an_entry_behind_its_vm_is_told(void **state)
{
	static const struct tag_caps *const caps[] = {&intel, &amd, &amd_plain};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(caps); i++) {
		struct machine m;

		machine_init(&m, caps[i]);
		for (unsigned v = 0; v < 3; v++)
			assert_false(run(&m, &m.a, v).is_behind);
		tags_vm_invalidate(&m.vm[0]);
		assert_true(run(&m, &m.a, 0).is_behind);
		assert_false(run(&m, &m.a, 0).is_behind);
		assert_false(run(&m, &m.a, 2).is_behind);
		assert_true(run(&m, &m.b, 1).is_behind);
		assert_false(run(&m, &m.b, 0).is_behind);
		assert_false(run(&m, &m.a, 1).is_behind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_entry_on_a_cpu_flushes_all),
		cmocka_unit_test(used_up_tags_flush_all_and_end_the_generation),
		cmocka_unit_test(one_tag_is_flushed_at_each_change_of_vcpu),
		cmocka_unit_test(no_tags_leave_the_second_level_to_flush),
		cmocka_unit_test(vcpu_flush_is_done_once),
		cmocka_unit_test(invalidation_is_flushed_at_the_next_entry),
		cmocka_unit_test(moved_vcpu_does_not_trust_its_old_tag),
		cmocka_unit_test(reset_kills_the_tags_of_a_cpu),
		cmocka_unit_test(undone_entry_flushes_again),
		cmocka_unit_test(who_is_in_the_guest_is_waited_for),
		cmocka_unit_test(a_vm_at_an_old_vms_address_flushes),
		cmocka_unit_test(an_entry_behind_its_vm_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
