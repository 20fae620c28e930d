// SPDX-License-Identifier: Apache-2.0
// Multiboot 1 kernels built here: ELF of both classes and address fields; what the guest is told; every refusal.
#include "load/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/load/elf_build.h"
#include "unit/load/plan_run.h"
#include "x86/regs/control.h"

static u8 image[0x3000];
static struct load_input input;
static struct load_plan plan;
static struct elf_build elf;

static void put_header(u32 at, u32 flags)
{
	store_u32(image + at, 0x1badb002);
	store_u32(image + at + 4, flags);
	store_u32(image + at + 8, 0u - 0x1badb002u - flags);
}

static void build_elf(bool is_64, u64 entry)
{
	memset(image, 0, sizeof(image));
	elf = (struct elf_build){.image = image, .is_64 = is_64};
	elf_begin(&elf, entry);
	elf_add(&elf, 1, 0x1000, 0xc0400000, 0x400000, 0x1800, 0x5000, 0x1000);
	elf_add(&elf, 0x6474e551, 0, 0, 0, 0, 0, 0); /* GNU_STACK: of no interest */
	elf_add(&elf, 1, 0x2800, 0x500000, 0x500000, 0x100, 0x100, 0x1000);
	memset(image + 0x1000, 0xaa, 0x1800);
	put_header(0x1004, 3);
}

static int build(void **state)
{
	(void)state;
	build_elf(false, 0xc0400010);
	input = (struct load_input){
		.kernel = {.data = image, .bytes = sizeof(image), .name = "kernel"},
		.command_line = "one two",
		.low_ram_bytes = 64 * MIB,
		.high_ram_bytes = 32 * MIB,
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
	assert_int_equal(load_multiboot(&input, &plan), err);
	assert_string_equal(plan.message, message);
}

static u32 info(u32 offset)
{
	return guest_read_u32(&plan, plan.entry.gpr[GPR_RBX] + offset);
}

static void expect_text(u32 address, const char *text)
{
	char buf[64];

	guest_read(&plan, address, buf, sizeof(buf));
	assert_string_equal(buf, text);
}

static void entry_state_is_the_specifications(void **state)
{
	static const enum seg data[] = {SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS};
	const struct cpu_state *cpu = &plan.entry;

	(void)state;
	loads();
	assert_int_equal(cpu->rip, 0x400010); /* the physical place of the virtual entry */
	assert_int_equal(cpu->gpr[GPR_RAX], 0x2badb002);
	assert_int_equal(cpu->cr0 & (CR0_PE | CR0_PG), CR0_PE);
	assert_int_equal(cpu->cr4, 0);
	assert_int_equal(cpu->efer, 0);
	assert_int_equal(cpu->rflags & (RFLAGS_IF | RFLAGS_VM), 0);
	assert_int_equal(cpu->seg[SEG_CS].access, 0xc09b);
	assert_int_equal(cpu->seg[SEG_CS].limit, 0xffffffff);
	assert_int_equal(cpu->seg[SEG_CS].base, 0);
	for (u32 i = 0; i < ARRAY_COUNT(data); i++) {
		assert_int_equal(cpu->seg[data[i]].access, 0xc093);
		assert_int_equal(cpu->seg[data[i]].limit, 0xffffffff);
	}
	assert_string_equal(plan.description, "Multiboot kernel, entry 0x400010, 0 modules");
}

static void segments_are_loaded_and_their_rest_zeroed(void **state)
{
	u8 bytes[4];

	(void)state;
	loads();
	guest_read(&plan, 0x400000 + 0x17fe, bytes, 4);
	assert_memory_equal(bytes, "\xaa\xaa\0\0", 4);
	guest_read(&plan, 0x404ffe, bytes, 4);
	assert_memory_equal(bytes, "\0\0\xcc\xcc", 4);
}

static void memory_and_texts_are_told(void **state)
{
	static const struct memory_range expected[] = {
		{0, 0x9fc00, 1}, {0x9fc00, 0x400, 2}, {0xf0000, 0x10000, 2}, {MIB, 63 * MIB, 1}, {4 * GIB, 32 * MIB, 1},
	};

	(void)state;
	loads();
	assert_int_equal(info(0), 1 << 0 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
	assert_int_equal(info(4), 639);
	assert_int_equal(info(8), 63 * 1024);
	expect_text(info(16), "kernel one two");
	expect_text(info(64), "ETERNA");
	assert_int_equal(info(20), 0);
	assert_int_equal(info(44), ARRAY_COUNT(expected) * 24);
	for (u32 i = 0; i < ARRAY_COUNT(expected); i++) {
		u32 entry = info(48) + i * 24;

		assert_int_equal(guest_read_u32(&plan, entry), 20);
		assert_int_equal(guest_read_u64(&plan, entry + 4), expected[i].base);
		assert_int_equal(guest_read_u64(&plan, entry + 12), expected[i].bytes);
		assert_int_equal(guest_read_u32(&plan, entry + 20), expected[i].kind);
	}
	input.command_line = NULL;
	loads();
	expect_text(info(16), "kernel");
}

static void modules_follow_the_kernel(void **state)
{
	static const u8 data[] = "module data";
	u32 list;
	u8 bytes[5];

	(void)state;
	input.modules[0] = (struct load_file){.data = data, .bytes = sizeof(data), .name = "a"};
	input.modules[1] = (struct load_file){.data = data, .bytes = 5, .name = "b", .arguments = "x y"};
	input.modules[2] = (struct load_file){.data = data, .bytes = 0, .name = "empty"};
	input.module_count = 3;
	loads();
	assert_int_equal(info(20), 3);
	list = info(24);
	assert_int_equal(guest_read_u32(&plan, list), 0x501000); /* behind 0x500100, on a page */
	assert_int_equal(guest_read_u32(&plan, list + 4), 0x501000 + sizeof(data));
	expect_text(guest_read_u32(&plan, list + 8), "a");
	assert_int_equal(guest_read_u32(&plan, list + 16), 0x502000);
	expect_text(guest_read_u32(&plan, list + 24), "b x y");
	assert_int_equal(guest_read_u32(&plan, list + 32), guest_read_u32(&plan, list + 36));
	guest_read(&plan, 0x502000, bytes, 5);
	assert_memory_equal(bytes, data, 5);

	input.modules[1].bytes = 60 * MIB;
	refuses(ERR_NOMEM, "module b: no room for 62914560 bytes beside the kernel");
}

static void a_64_bit_container_is_taken(void **state)
{
	(void)state;
	build_elf(true, 0x500010);
	loads();
	assert_int_equal(plan.entry.rip, 0x500010);
	assert_int_equal(plan.entry.cr0 & CR0_PG, 0);
}

static void entry_may_be_physical(void **state)
{
	(void)state;
	build_elf(false, 0x400020); /* in no segment's virtual range, but in a physical one */
	loads();
	assert_int_equal(plan.entry.rip, 0x400020);
}

static void put_addresses(u32 header, u32 load, u32 load_end, u32 bss_end, u32 entry)
{
	memset(image, 0x55, sizeof(image));
	put_header(0x100, 0x10003);
	store_u32(image + 0x10c, header);
	store_u32(image + 0x110, load);
	store_u32(image + 0x114, load_end);
	store_u32(image + 0x118, bss_end);
	store_u32(image + 0x11c, entry);
}

static void address_fields_place_the_image(void **state)
{
	u8 bytes[4];

	(void)state;
	put_addresses(0x100080, 0x100000, 0x101000, 0x103000, 0x100090);
	loads();
	assert_int_equal(plan.entry.rip, 0x100090);
	guest_read(&plan, 0x100080, bytes, 4); /* the header itself, from 0x80 into the loaded part */
	assert_memory_equal(bytes, image + 0x100, 4);
	guest_read(&plan, 0x100ffe, bytes, 4);
	assert_memory_equal(bytes, "\x55\x55\0\0", 4);
	guest_read(&plan, 0x102ffe, bytes, 4);
	assert_memory_equal(bytes, "\0\0\xcc\xcc", 4);

	put_addresses(0x100100, 0x100000, 0, 0, 0x100000); /* all of the file, no BSS */
	loads();
	guest_read(&plan, 0x102ffe, bytes, 4);
	assert_memory_equal(bytes, "\x55\x55\xcc\xcc", 4);
}

static void bad_address_fields_are_named(void **state)
{
	(void)state;
	put_addresses(0x100000, 0x100080, 0, 0, 0x100080);
	refuses(ERR_FORMAT, "kernel: load_addr 0x100080 and header_addr 0x100000 don't fit the header's place in the "
			    "image, 0x100");
	put_addresses(0x100104, 0x100000, 0, 0, 0x100000);
	refuses(ERR_FORMAT, "kernel: load_addr 0x100000 and header_addr 0x100104 don't fit the header's place in the "
			    "image, 0x100");
	put_addresses(0x100100, 0x100000, 0xff000, 0, 0x100000);
	refuses(ERR_FORMAT,
		"kernel: load_end_addr 0xff000 is below load_addr 0x100000 or beyond the image of 12288 bytes");
	put_addresses(0x100100, 0x100000, 0x103001, 0, 0x100000);
	refuses(ERR_FORMAT, "kernel: load_end_addr 0x103001 is below load_addr 0x100000 or beyond the image of 12288 "
			    "bytes");
	put_addresses(0x100100, 0x100000, 0x101000, 0x100fff, 0x100000);
	refuses(ERR_FORMAT, "kernel: bss_end_addr 0x100fff is below the end of what is loaded, 0x101000");
	put_addresses(0x100100, 0x100000, 0x101000, 0, 0x101000);
	refuses(ERR_FORMAT, "kernel: entry_addr 0x101000 is not within 0x100000..0x101000");
	put_addresses(0x100100, 0x100000, 0x101000, 0, 0xfffff);
	refuses(ERR_FORMAT, "kernel: entry_addr 0xfffff is not within 0x100000..0x101000");
	put_addresses(0x4000100, 0x4000000, 0, 0, 0x4000000);
	refuses(ERR_NOMEM, "kernel: load_addr 0x4000000 and 0x3000 bytes are not in free guest memory");
	put_addresses(0x100100, 0x100000, 0, 0, 0x100000);
	input.kernel.bytes = 0x118;
	refuses(ERR_FORMAT, "kernel: the image of 280 bytes ends inside its Multiboot header");
}

static void header_must_be_right(void **state)
{
	static const char none[] = "kernel: no Multiboot header (0x1badb002) in the first 8192 bytes";

	store_u32(image + 0x100c, 1); /* the checksum */
	refuses(ERR_UNSUPPORTED, none);
	build(state);
	put_header(0x1004, 0x8);
	refuses(ERR_UNSUPPORTED, "kernel: Multiboot flags 0x8 demand more than is known (0x7)");
	put_header(0x1004, 0x7);
	loads();
	assert_string_equal(plan.description,
			    "Multiboot kernel, entry 0x400010, 0 modules; it asks for a video mode: there is none");
	memset(image + 0x1004, 0, 12);
	put_header(8192 - 8, 0); /* not wholly in the first 8192 bytes */
	refuses(ERR_UNSUPPORTED, none);
	put_header(8192 - 12, 0);
	loads();
	memset(image, 0, sizeof(image));
	put_header(0x102, 0); /* not aligned */
	refuses(ERR_UNSUPPORTED, none);
	put_header(0x100, 0); /* a header, but neither ELF nor address fields */
	refuses(ERR_UNSUPPORTED, "kernel: not an ELF file");
}

static void elf_refuses(void **state, u32 offset, u32 bytes, u64 value, err_t err, const char *message)
{
	build(state);
	memcpy(image + offset, &value, bytes);
	refuses(err, message);
}

static void bad_elf_fields_are_named(void **state)
{
	elf_refuses(state, 4, 1, 3, ERR_FORMAT, "kernel: ELF class 3 is neither 32 nor 64 bit");
	elf_refuses(state, 5, 1, 2, ERR_UNSUPPORTED, "kernel: ELF byte order 2, version 1: only 1 and 1 are x86's");
	elf_refuses(state, 6, 1, 0, ERR_UNSUPPORTED, "kernel: ELF byte order 1, version 0: only 1 and 1 are x86's");
	elf_refuses(state, 16, 2, 1, ERR_UNSUPPORTED, "kernel: ELF type 1 is not an executable");
	elf_refuses(state, 18, 2, 183, ERR_UNSUPPORTED, "kernel: ELF machine 183 is not x86");
	elf_refuses(state, 24, 4, 0x300000, ERR_FORMAT, "kernel: e_entry 0x300000 is in no segment below 4 GiB");
	elf_refuses(state, 42, 2, 31, ERR_FORMAT, "kernel: e_phentsize 31 is too small");
	elf_refuses(state, 44, 2, 0, ERR_FORMAT, "kernel: e_phnum 0 is not within 1..32");
	elf_refuses(state, 44, 2, 33, ERR_FORMAT, "kernel: e_phnum 33 is not within 1..32");
	elf_refuses(state, 28, 4, 0x2fff, ERR_FORMAT,
		    "kernel: 3 program headers at 0x2fff reach beyond the image of 12288 bytes");
	elf_refuses(state, 64 + 4, 4, 0x1801, ERR_FORMAT,
		    "kernel: segment 0: p_offset 0x1801 and p_filesz 0x1800 reach beyond the image of 12288 bytes");
	elf_refuses(state, 64 + 20, 4, 0x17ff, ERR_FORMAT,
		    "kernel: segment 0: p_filesz 0x1800 is above p_memsz 0x17ff");
	elf_refuses(state, 64 + 12, 4, 0x3ffe000, ERR_NOMEM,
		    "kernel: segment 0: p_paddr 0x3ffe000 and p_memsz 0x5000 are not in free guest memory");
	elf_refuses(state, 64 + 12, 4, 0x4fc000, ERR_NOMEM, /* overlaps the other segment */
		    "kernel: segment 2: p_paddr 0x500000 and p_memsz 0x100 are not in free guest memory");
	build(state);
	store_u32(elf_segment_at(&elf, 0), 0);
	store_u32(elf_segment_at(&elf, 2), 0);
	refuses(ERR_FORMAT, "kernel: none of 3 program headers is loadable");
}

static void high_64_bit_entries_are_refused(void **state)
{
	(void)state;
	build_elf(true, 4 * GIB + 0x10);
	elf_add(&elf, 1, 0x2800, 4 * GIB, 4 * GIB, 0x100, 0x100, 0x1000);
	refuses(ERR_FORMAT, "kernel: e_entry 0x100000010 is in no segment below 4 GiB");
	build_elf(true, 0x500010);
	put_header(0x30, 0);
	input.kernel.bytes = 0x3c;
	refuses(ERR_FORMAT, "kernel: the image of 60 bytes ends inside its ELF header");
}

static void long_texts_are_refused(void **state)
{
	static char big[70000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	input.command_line = big;
	refuses(ERR_SPACE, "cmdline: 70007 bytes are too many");
}

static void a_kernel_in_low_memory_leaves_no_room(void **state)
{
	(void)state;
	store_u32(elf_segment_at(&elf, 0) + 12, 0x1000);
	store_u32(elf_segment_at(&elf, 0) + 20, 0x90000);
	refuses(ERR_NOMEM, "Multiboot information: no room for 120 bytes in guest memory below 0x90000");
}

static void a_format_that_is_named_is_not_guessed(void **state)
{
	(void)state;
	assert_int_equal(load_kernel(LOAD_MULTIBOOT, &input, &plan), OK);
	assert_int_equal(load_kernel(LOAD_NONE, &input, &plan), OK);
	assert_int_equal(load_kernel(LOAD_LINUX, &input, &plan), ERR_UNSUPPORTED);
	assert_string_equal(plan.message, "kernel: not a Linux bzImage (no \"HdrS\" at 0x202)");
	assert_int_equal(load_kernel(LOAD_PVH, &input, &plan), ERR_UNSUPPORTED);
	assert_string_equal(plan.message, "kernel: no PVH note (Xen PHYS32_ENTRY) in the ELF file");
	assert_int_equal(load_detect(&input.kernel, &plan), LOAD_MULTIBOOT);
}

static void what_is_nothing_is_refused(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	assert_int_equal(load_auto(&input, &plan), ERR_UNSUPPORTED);
	assert_string_equal(plan.message,
			    "kernel: neither a Linux bzImage nor an ELF file with a Multiboot header or a PVH note");
	assert_int_equal(load_kernel(LOAD_NONE, &input, &plan), ERR_UNSUPPORTED);
	input.kernel.bytes = 0;
	assert_int_equal(load_auto(&input, &plan), ERR_UNSUPPORTED);
	input.low_ram_bytes = 0;
	refuses(ERR_RANGE, "guest memory: 0x0 bytes below 4 GiB and 0x2000000 above are no memory");
}

#define TEST(name) cmocka_unit_test_setup(name, build)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entry_state_is_the_specifications),
		TEST(segments_are_loaded_and_their_rest_zeroed),
		TEST(memory_and_texts_are_told),
		TEST(modules_follow_the_kernel),
		TEST(a_64_bit_container_is_taken),
		TEST(entry_may_be_physical),
		TEST(address_fields_place_the_image),
		TEST(bad_address_fields_are_named),
		TEST(header_must_be_right),
		TEST(bad_elf_fields_are_named),
		TEST(high_64_bit_entries_are_refused),
		TEST(long_texts_are_refused),
		TEST(a_kernel_in_low_memory_leaves_no_room),
		TEST(a_format_that_is_named_is_not_guessed),
		TEST(what_is_nothing_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
