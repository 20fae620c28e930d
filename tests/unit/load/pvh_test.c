// SPDX-License-Identifier: Apache-2.0
// PVH kernels built here, both classes; what the guest is told; notes that are odd.
#include "load/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/load/elf_build.h"
#include "unit/load/plan_run.h"
#include "x86/regs/control.h"

#define NOTES 0x800u

static u8 image[0x3000];
static struct load_input input;
static struct load_plan plan;
static struct elf_build elf;
static const u32 entry32 = 0x1000040;
static const u64 entry64 = 0x1000040;

static void build_elf(bool is_64)
{
	memset(image, 0, sizeof(image));
	elf = (struct elf_build){.image = image, .is_64 = is_64};
	elf_begin(&elf, is_64 ? 0xffffffff81000000 : 0xc1000000);
	elf_add(&elf, 1, 0x1000, is_64 ? 0xffffffff81000000 : 0xc1000000, 0x1000000, 0x1000, 0x200000, 0x200000);
	elf_add(&elf, 4, NOTES, 0, 0, 0x100, 0x100, 4);
}

static int build(void **state)
{
	u32 at = NOTES;

	(void)state;
	build_elf(true);
	at += elf_note(image + at, "Linux", 6, 257, "abc", 3);
	at += elf_note(image + at, "Xen", 4, 6, "linux", 6); /* of the same owner, another type */
	elf_note(image + at, "Xen", 4, 18, &entry64, 8);
	input = (struct load_input){
		.kernel = {.data = image, .bytes = sizeof(image), .name = "vmlinux"},
		.command_line = "console=ttyS0",
		.low_ram_bytes = 64 * MIB,
		.reserved = {{64 * MIB - 0x1000, 0x1000, MEMORY_ACPI_RECLAIM}},
		.reserved_count = 1,
		.rsdp_gpa = 64 * MIB - 0x1000,
	};
	return 0;
}

static void loads(void)
{
	err_t err = load_auto(&input, &plan);

	assert_string_equal(plan.message, "");
	assert_int_equal(err, OK);
	assert_true(load_plan_valid(&plan, &input));
}

static void refuses(err_t err, const char *message)
{
	assert_int_equal(load_pvh(&input, &plan), err);
	assert_string_equal(plan.message, message);
}

static u64 info(u32 offset)
{
	return guest_read_u64(&plan, plan.entry.gpr[GPR_RBX] + offset);
}

static void expect_text(u64 address, const char *text)
{
	char buf[64];

	guest_read(&plan, address, buf, sizeof(buf));
	assert_string_equal(buf, text);
}

static void entry_state_is_the_abis(void **state)
{
	const struct cpu_state *cpu = &plan.entry;

	(void)state;
	loads();
	assert_int_equal(cpu->rip, 0x1000040);
	assert_int_equal(cpu->cr0 & ~CR0_ET, CR0_PE);
	assert_int_equal(cpu->cr4, 0);
	assert_int_equal(cpu->efer, 0);
	assert_int_equal(cpu->rflags & (RFLAGS_IF | RFLAGS_VM | RFLAGS_TF), 0);
	assert_int_equal(cpu->seg[SEG_CS].access, 0xc09b);
	assert_int_equal(cpu->seg[SEG_CS].limit, 0xffffffff);
	assert_int_equal(cpu->seg[SEG_DS].access, 0xc093);
	assert_int_equal(cpu->seg[SEG_ES].access, 0xc093);
	assert_int_equal(cpu->seg[SEG_SS].access, 0xc093);
	assert_int_equal(cpu->seg[SEG_TR].access, 0x8b);
	assert_int_equal(cpu->seg[SEG_TR].limit, 0x67);
	assert_int_equal(cpu->seg[SEG_TR].base, 0);
	assert_string_equal(plan.description, "PVH kernel, entry 0x1000040, 0 modules");
}

static void start_info_is_filled(void **state)
{
	static const struct memory_range expected[] = {
		{0, 0x9fc00, 1},
		{0x9fc00, 0x400, 2},
		{0xf0000, 0x10000, 2},
		{MIB, 63 * MIB - 0x1000, 1},
		{64 * MIB - 0x1000, 0x1000, 3},
	};

	(void)state;
	loads();
	assert_int_equal(info(0), 1ull << 32 | 0x336ec578); /* magic, version 1 */
	assert_int_equal(info(8), 0);                       /* no flags, no modules */
	expect_text(info(24), "console=ttyS0");
	assert_int_equal(info(32), 64 * MIB - 0x1000);
	assert_int_equal(info(48), ARRAY_COUNT(expected)); /* and the reserved word is 0 */
	for (u32 i = 0; i < ARRAY_COUNT(expected); i++) {
		u64 entry = info(40) + i * 24;

		assert_int_equal(guest_read_u64(&plan, entry), expected[i].base);
		assert_int_equal(guest_read_u64(&plan, entry + 8), expected[i].bytes);
		assert_int_equal(guest_read_u64(&plan, entry + 16), expected[i].kind);
	}
	input.command_line = NULL;
	loads();
	expect_text(info(24), "");
}

static void modules_are_high(void **state)
{
	static const u8 data[] = "initrd";
	u64 list;

	(void)state;
	input.modules[0] = (struct load_file){.data = data, .bytes = 6, .name = "initrd", .arguments = "quiet"};
	input.modules[1] = (struct load_file){.data = data, .bytes = 0, .name = "empty"};
	input.module_count = 2;
	loads();
	assert_int_equal(info(8), 2ull << 32);
	list = info(16);
	assert_int_equal(guest_read_u64(&plan, list), 64 * MIB - 0x2000);
	assert_int_equal(guest_read_u64(&plan, list + 8), 6);
	expect_text(guest_read_u64(&plan, list + 16), "initrd quiet");
	assert_int_equal(guest_read_u64(&plan, list + 24), 0);
	assert_int_equal(guest_read_u64(&plan, list + 40), 0);
	input.modules[1].bytes = 64 * MIB;
	refuses(ERR_NOMEM, "module empty: no room for 67108864 bytes beside the kernel");
}

static void a_32_bit_kernel_has_a_short_note(void **state)
{
	(void)state;
	build_elf(false);
	elf_note(image + NOTES, "Xen", 4, 18, &entry32, 4);
	loads();
	assert_int_equal(plan.entry.rip, 0x1000040);
}

static void notes_may_be_aligned_to_8(void **state)
{
	u8 *note = image + NOTES;

	(void)state;
	build_elf(true);
	store_u64(elf_segment_at(&elf, 1) + 48, 8);
	elf_note(note, "GNU", 4, 5, "x", 1); /* 17 bytes: the next begins at 24 */
	elf_note(note + 24, "Xen", 4, 18, &entry64, 8);
	loads();
}

static void odd_notes_are_refused(void **state)
{
	static const char none[] = "kernel: no PVH note (Xen PHYS32_ENTRY) in the ELF file";
	const u64 outside = 0x2000000;
	const u64 high = 0x100000000;

	(void)state;
	build_elf(true);
	refuses(ERR_UNSUPPORTED, none); /* zeroes: empty notes up to the end */
	elf_note(image + NOTES, "Xen", 4, 18, &outside, 8);
	refuses(ERR_FORMAT, "kernel: the PVH note of 8 bytes with entry 0x2000000 names no place in a segment");
	elf_note(image + NOTES, "Xen", 4, 18, &high, 8);
	refuses(ERR_FORMAT, "kernel: the PVH note of 8 bytes with entry 0x100000000 names no place in a segment");
	elf_note(image + NOTES, "Xen", 4, 18, &entry64, 2);
	refuses(ERR_FORMAT, "kernel: the PVH note of 2 bytes with entry 0x0 names no place in a segment");
	elf_note(image + NOTES, "Xen", 4, 18, &entry64, 8);
	store_u64(elf_segment_at(&elf, 1) + 32, 20); /* the segment ends inside the note */
	refuses(ERR_UNSUPPORTED, none);
	store_u64(elf_segment_at(&elf, 1) + 32, 0x100);
	store_u64(elf_segment_at(&elf, 1) + 8, 0x2f01); /* outside the image */
	refuses(ERR_UNSUPPORTED, none);
	store_u64(elf_segment_at(&elf, 1) + 8, NOTES);
	store_u32(image + NOTES, 0xffffffff); /* an owner of 4 GiB */
	store_u32(image + NOTES + 4, 0xffffffff);
	refuses(ERR_UNSUPPORTED, none);
}

static void other_things_are_refused(void **state)
{
	(void)state;
	image[0] = 0;
	refuses(ERR_UNSUPPORTED, "kernel: not an ELF file");
	image[0] = 0x7f;
	store_u64(elf_segment_at(&elf, 0) + 24, 0xf00000);
	store_u64(elf_segment_at(&elf, 0) + 40, 0x7000000);
	refuses(ERR_NOMEM, "kernel: segment 0: p_paddr 0xf00000 and p_memsz 0x7000000 are not in free guest memory");
}

static void too_many_pieces_are_refused(void **state)
{
	static const u8 data[] = "x";

	(void)state;
	build_elf(true);
	elf_note(image + NOTES, "Xen", 4, 18, &entry64, 8);
	for (u64 i = 2; i < 32; i++) /* NOTES lies behind 64 + 32 * 56 bytes */
		elf_add(&elf, 1, 0x1000, 0, 0x2000000 + i * 0x2000, 1, 0x1000, 1);
	for (u32 i = 0; i < LOAD_MODULES_MAX; i++)
		input.modules[i] = (struct load_file){.data = data, .bytes = 1, .name = "m"};
	input.module_count = LOAD_MODULES_MAX;
	refuses(ERR_SPACE, "kernel: more than 96 pieces to load");
}

#define TEST(name) cmocka_unit_test_setup(name, build)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entry_state_is_the_abis),          TEST(start_info_is_filled),        TEST(modules_are_high),
		TEST(a_32_bit_kernel_has_a_short_note), TEST(notes_may_be_aligned_to_8),   TEST(odd_notes_are_refused),
		TEST(other_things_are_refused),         TEST(too_many_pieces_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
