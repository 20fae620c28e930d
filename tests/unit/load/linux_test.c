// SPDX-License-Identifier: Apache-2.0
// The Linux loader: images built here field by field, and Debian's own kernel where it has been fetched.
#include "load/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "unit/load/plan_run.h"
#include "x86/regs/control.h"

#define CODE_BYTES 4096u
#define IMAGE_BYTES (3 * 512u + CODE_BYTES)

static u8 image[IMAGE_BYTES];
static struct load_input input;
static struct load_plan plan;
static const u8 initrd[] = "0123456";

static int build(void **state)
{
	(void)state;
	memset(image, 0x90, sizeof(image));
	memset(image + 0x1f1, 0, 0x290 - 0x1f1);
	image[0x1f1] = 2;
	store_u32(image + 0x1f4, CODE_BYTES / 16);
	store_u16(image + 0x1fe, 0xaa55);
	image[0x200] = 0xeb;
	image[0x201] = 0x6a; /* the header ends at 0x26c */
	memcpy(image + 0x202, "HdrS", 4);
	store_u16(image + 0x206, 0x20f);
	store_u16(image + 0x20e, 0x300);
	strcpy((char *)image + 0x500, "6.1.0-test (someone) #1");
	image[0x211] = 1;
	store_u32(image + 0x22c, 0x7fffffff);
	store_u32(image + 0x230, 0x200000);
	image[0x234] = 1;
	image[0x235] = 21;
	store_u16(image + 0x236, 0x3f);
	store_u32(image + 0x238, 2047);
	store_u64(image + 0x258, 0x1000000);
	store_u32(image + 0x260, 0x3000000);
	input = (struct load_input){
		.kernel = {.data = image, .bytes = sizeof(image), .name = "vmlinuz"},
		.command_line = "console=ttyS0",
		.low_ram_bytes = 128 * MIB,
		.reserved = {{128 * MIB - 0x20000, 0x20000, MEMORY_ACPI_RECLAIM}},
		.reserved_count = 1,
		.rsdp_gpa = 128 * MIB - 0x20000,
	};
	return 0;
}

static u64 boot_params(void)
{
	return plan.entry.gpr[GPR_RSI];
}

static void loads(void)
{
	err_t err = load_linux(&input, &plan);

	assert_string_equal(plan.message, "");
	assert_int_equal(err, OK);
	assert_true(load_plan_valid(&plan, &input));
}

static void refuses(err_t err, const char *message)
{
	assert_int_equal(load_linux(&input, &plan), err);
	assert_string_equal(plan.message, message);
}

static void kernel_goes_to_its_preferred_address(void **state)
{
	u8 code[16];

	(void)state;
	loads();
	assert_int_equal(plan.entry.rip, 0x1000200);
	guest_read(&plan, 0x1000000, code, sizeof(code));
	assert_memory_equal(code, image + 3 * 512, sizeof(code));
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0x214), 0x1000000);
	assert_string_equal(plan.description, "Linux 6.1.0-test at 0x1000000");
}

static void boot_params_are_filled(void **state)
{
	char text[32];
	u8 bp[4096];

	(void)state;
	loads();
	guest_read(&plan, boot_params(), bp, sizeof(bp));
	for (u32 i = 0; i < 0x1e8; i++) /* nothing but the RSDP before the header */
		assert_true(bp[i] == 0 || (i >= 0x70 && i < 0x78));
	assert_int_equal(load_u64(bp + 0x70), 128 * MIB - 0x20000);
	assert_int_equal(bp[0x1ef], 0); /* the sentinel */
	assert_memory_equal(bp + 0x202, "HdrS", 4);
	assert_int_equal(bp[0x210], 0xff);
	assert_int_equal(load_u16(bp + 0x1fa), 0xffff);
	assert_int_equal(load_u32(bp + 0x218) | load_u32(bp + 0x21c), 0);
	assert_int_equal(load_u64(bp + 0x250), 0);
	assert_int_equal(bp[0x26c], 0); /* not copied: behind the header's end */
	guest_read(&plan, load_u32(bp + 0x228), text, sizeof(text));
	assert_string_equal(text, "console=ttyS0");
	assert_true(load_u32(bp + 0x228) < 0xa0000);
}

static void e820_tells_the_memory(void **state)
{
	static const struct memory_range expected[] = {
		{0, 0x9fc00, 1},
		{0x9fc00, 0x400, 2},
		{0xf0000, 0x10000, 2},
		{0x100000, 128 * MIB - 0x20000 - 0x100000, 1},
		{128 * MIB - 0x20000, 0x20000, 3},
		{4 * GIB, 64 * MIB, 1},
	};
	u8 count;

	(void)state;
	input.high_ram_bytes = 64 * MIB;
	loads();
	guest_read(&plan, boot_params() + 0x1e8, &count, 1);
	assert_int_equal(count, ARRAY_COUNT(expected));
	for (u64 i = 0; i < count; i++) {
		u64 entry = boot_params() + 0x2d0 + i * 20;

		assert_int_equal(guest_read_u64(&plan, entry), expected[i].base);
		assert_int_equal(guest_read_u64(&plan, entry + 8), expected[i].bytes);
		assert_int_equal(guest_read_u32(&plan, entry + 16), expected[i].kind);
	}
}

/* Walk the guest's page tables (SDM 3A, 4-Level Paging). */
static u64 translate(u64 address)
{
	u64 entry = plan.entry.cr3;

	for (unsigned shift = 39; shift >= 21; shift -= 9) {
		entry = guest_read_u64(&plan, (entry & BITS(51, 12)) + 8 * (address >> shift & 511));
		assert_int_equal(entry & 3, 3);
	}
	assert_true(entry & BIT(7));
	return (entry & BITS(51, 21)) | (address & BITS(20, 0));
}

static void entry_state_is_the_protocols(void **state)
{
	static const u64 addresses[] = {0, 0x1000200, 0x7fffffff, 0xc0000000, 0xffffffff};
	const struct cpu_state *cpu = &plan.entry;

	(void)state;
	loads();
	assert_int_equal(cpu->rflags, 2);
	assert_int_equal(cpu->cr0 & (CR0_PE | CR0_PG), CR0_PE | CR0_PG);
	assert_int_equal(cpu->cr4, CR4_PAE);
	assert_int_equal(cpu->efer, EFER_LME | EFER_LMA);
	assert_int_equal(cpu->seg[SEG_CS].selector, 0x10);
	assert_int_equal(cpu->seg[SEG_CS].access, 0xa09b);
	assert_int_equal(cpu->seg[SEG_DS].selector, 0x18);
	assert_int_equal(cpu->seg[SEG_ES].selector, 0x18);
	assert_int_equal(cpu->seg[SEG_SS].selector, 0x18);
	assert_int_equal(cpu->seg[SEG_SS].access, 0xc093);
	assert_int_equal(cpu->seg[SEG_CS].limit, 0xffffffff);
	assert_int_equal(cpu->gdtr_limit, 31);
	assert_int_equal(guest_read_u64(&plan, cpu->gdtr_base), 0);
	assert_int_equal(guest_read_u64(&plan, cpu->gdtr_base + 0x10), 0x00af9b000000ffff);
	assert_int_equal(guest_read_u64(&plan, cpu->gdtr_base + 0x18), 0x00cf93000000ffff);
	for (u32 i = 0; i < ARRAY_COUNT(addresses); i++)
		assert_int_equal(translate(addresses[i]), addresses[i]);
}

static void initrds_are_joined_high(void **state)
{
	u8 bytes[16];
	u32 base;

	(void)state;
	input.modules[0] = (struct load_file){.data = initrd, .bytes = 7, .name = "a"};
	input.modules[1] = (struct load_file){.data = initrd, .bytes = 3, .name = "b"};
	input.module_count = 2;
	loads();
	base = guest_read_u32(&plan, boot_params() + 0x218);
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0x21c), 8 + 3);
	assert_int_equal(base, 128 * MIB - 0x20000 - 0x1000);
	guest_read(&plan, base, bytes, sizeof(bytes));
	assert_memory_equal(bytes,
			    "0123456\0"
			    "012\xcc",
			    12);
	assert_string_equal(plan.description, "Linux 6.1.0-test at 0x1000000, initrd of 11 bytes at 0x7fdf000");
}

static void initrd_stays_below_its_limit(void **state)
{
	(void)state;
	store_u32(image + 0x22c, 0x37fffff);
	input.low_ram_bytes = 2 * GIB;
	input.reserved_count = 0;
	store_u32(image + 0x260, 0x100000);
	input.modules[0] = (struct load_file){.data = initrd, .bytes = 7, .name = "a"};
	input.module_count = 1;
	loads();
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0x218), 0x37ff000);
}

static void a_large_initrd_goes_above_4g(void **state)
{
	static u8 *big;

	(void)state;
	big = calloc(1, 100 * MIB);
	input.high_ram_bytes = GIB;
	input.modules[0] = (struct load_file){.data = big, .bytes = 100 * MIB, .name = "a"};
	input.module_count = 1;
	loads();
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0x218), 0);
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0xc0), 1);
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0x21c), 100 * MIB);
	store_u16(image + 0x236, 1); /* without XLF_CAN_BE_LOADED_ABOVE_4G */
	refuses(ERR_NOMEM, "initrd: no room for 104857600 bytes beside the kernel in guest memory below 0x80000000 "
			   "(initrd_addr_max)");
	input.high_ram_bytes = 0;
	refuses(ERR_NOMEM, "initrd: 104857600 bytes beside the kernel need 164 MiB of memory; the VM has 128 MiB");
	input.low_ram_bytes = 164 * MIB;
	input.reserved_count = 0;
	loads();
	free(big);
}

/* boot.rst, init_size: a kernel that is loaded below pref_address moves itself there, so it is of no use. */
static void a_relocatable_kernel_moves_up(void **state)
{
	(void)state;
	store_u64(image + 0x258, 0); /* no preference */
	loads();
	assert_int_equal(plan.entry.rip, 0x200200);
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0x230), 0x200000);

	store_u64(image + 0x258, 0x1100000); /* not aligned */
	store_u32(image + 0x260, 0x100000);
	loads();
	assert_int_equal(plan.entry.rip, 0x1200200);

	store_u64(image + 0x258, 0x1000000); /* something is there */
	input.reserved[1] = (struct memory_range){0x1040000, 0x1000, MEMORY_ACPI_NVS};
	input.reserved_count = 2;
	loads();
	assert_int_equal(plan.entry.rip, 0x1200200);
}

/* The last byte that it uses is that of pref_address + init_size, however much is free below. */
static void a_kernel_needs_what_its_header_says(void **state)
{
	static const char too_little[] = "kernel: needs 68 MiB of memory: 53968896 bytes (init_size) from 0x1000000 "
					 "(pref_address) on; the VM has ";
	char message[LOAD_MESSAGE_BYTES];

	(void)state;
	input.reserved_count = 0;
	store_u32(image + 0x260, 0x3378000); /* Debian's cloud kernel */
	for (u64 mib = 2; mib < 68; mib += 2) {
		input.low_ram_bytes = mib * MIB;
		snprintf(message, sizeof(message), "%s%u MiB", too_little, (unsigned)mib);
		refuses(ERR_NOMEM, message);
	}
	input.low_ram_bytes = 68 * MIB;
	loads();
	assert_int_equal(plan.entry.rip, 0x1000200);
	input.low_ram_bytes = 0x1000000 + 0x3378000;
	loads();
	input.low_ram_bytes -= 4096;
	refuses(ERR_NOMEM, "kernel: needs 68 MiB of memory: 53968896 bytes (init_size) from 0x1000000 (pref_address) "
			   "on; the VM has 67 MiB");
	image[0x234] = 0; /* the same if it can't move */
	refuses(ERR_NOMEM, "kernel: needs 68 MiB of memory: 53968896 bytes (init_size) from 0x1000000 (pref_address) "
			   "on; the VM has 67 MiB");
}

/* And an initrd goes behind that, or in front of it. */
static void an_initrd_needs_its_place_beside_the_kernel(void **state)
{
	static u8 *big;

	(void)state;
	big = calloc(1, 16 * MIB);
	input.reserved_count = 0;
	store_u32(image + 0x260, 0x3378000);
	input.modules[0] = (struct load_file){.data = big, .bytes = 15 * MIB, .name = "a"};
	input.module_count = 1;
	input.low_ram_bytes = 68 * MIB;
	loads();
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0x218), MIB);
	input.modules[0].bytes = 15 * MIB + 1;
	refuses(ERR_NOMEM, "initrd: 15728641 bytes beside the kernel need 84 MiB of memory; the VM has 68 MiB");
	input.low_ram_bytes = 82 * MIB;
	refuses(ERR_NOMEM, "initrd: 15728641 bytes beside the kernel need 84 MiB of memory; the VM has 82 MiB");
	input.low_ram_bytes = 84 * MIB;
	loads();
	free(big);
}

static void alignment_is_lowered_as_far_as_allowed(void **state)
{
	(void)state;
	input.low_ram_bytes = 24 * MIB;
	input.reserved_count = 0;
	store_u64(image + 0x258, 0x200000);
	store_u32(image + 0x230, 0x1000000);
	image[0x235] = 21;
	store_u32(image + 0x260, 0x1400000); /* 20 MiB: 16 and 8 MiB don't fit, 4 does */
	loads();
	assert_int_equal(plan.entry.rip, 0x400200);
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0x230), 0x400000);
}

static void rng_seed_is_passed(void **state)
{
	static const u8 seed[5] = {1, 2, 3, 4, 5};
	u64 node;
	u8 data[5];

	(void)state;
	input.rng_seed = seed;
	input.rng_seed_bytes = sizeof(seed);
	loads();
	node = guest_read_u64(&plan, boot_params() + 0x250);
	assert_int_equal(guest_read_u64(&plan, node), 0);
	assert_int_equal(guest_read_u32(&plan, node + 8), 9);
	assert_int_equal(guest_read_u32(&plan, node + 12), 5);
	guest_read(&plan, node + 16, data, 5);
	assert_memory_equal(data, seed, 5);
	input.rng_seed_bytes = 513;
	refuses(ERR_SPACE, "rng seed: 513 bytes; at most 512");
}

static void refuses_after(void **state, u32 offset, u32 bytes, u64 value, err_t err, const char *message)
{
	build(state);
	memcpy(image + offset, &value, bytes);
	refuses(err, message);
}

static void bad_fields_are_named(void **state)
{
	refuses_after(state, 0x1fe, 2, 0x55aa, ERR_UNSUPPORTED, "kernel: not a Linux bzImage (no \"HdrS\" at 0x202)");
	refuses_after(state, 0x202, 4, 0, ERR_UNSUPPORTED, "kernel: not a Linux bzImage (no \"HdrS\" at 0x202)");
	refuses_after(state, 0x206, 2, 0x20b, ERR_UNSUPPORTED,
		      "kernel: boot protocol 2.11 is older than 2.12 (Linux 3.8), which the 64-bit entry needs");
	refuses_after(state, 0x211, 1, 0x80, ERR_UNSUPPORTED,
		      "kernel: loadflags 0x80: a zImage, to be loaded low; only a bzImage is supported");
	refuses_after(state, 0x236, 2, 0x3e, ERR_UNSUPPORTED,
		      "kernel: xloadflags 0x3e: a 32-bit kernel; only those with a 64-bit entry are supported");
	refuses_after(state, 0x201, 1, 0x61, ERR_FORMAT,
		      "kernel: the setup header's end 0x263 is not within 0x264..0x290");
	refuses_after(state, 0x201, 1, 0x8f, ERR_FORMAT,
		      "kernel: the setup header's end 0x291 is not within 0x264..0x290");
	refuses_after(state, 0x1f1, 1, 97, ERR_FORMAT, "kernel: setup_sects 97 reaches beyond the image of 5632 bytes");
	refuses_after(state, 0x1f4, 4, 0x101, ERR_FORMAT,
		      "kernel: syssize 0x101 (4112 bytes) reaches beyond the image of 5632 bytes");
	refuses_after(state, 0x1f4, 4, 0x20, ERR_FORMAT,
		      "kernel: syssize 0x20 does not reach the 64-bit entry at 0x200");
	refuses_after(state, 0x230, 4, 0x300000, ERR_FORMAT,
		      "kernel: kernel_alignment 0x300000 is not a power of two of at least 4096");
	refuses_after(state, 0x230, 4, 0, ERR_FORMAT,
		      "kernel: kernel_alignment 0x0 is not a power of two of at least 4096");
	refuses_after(state, 0x235, 1, 22, ERR_FORMAT, "kernel: min_alignment 22 (2^22) is not within 4096..0x200000");
	refuses_after(state, 0x235, 1, 85, ERR_FORMAT, "kernel: min_alignment 85 (2^85) is not within 4096..0x200000");
	refuses_after(state, 0x235, 1, 11, ERR_FORMAT, "kernel: min_alignment 11 (2^11) is not within 4096..0x200000");
	refuses_after(
		state, 0x260, 4, 0x8000000, ERR_NOMEM,
		"kernel: needs 144 MiB of memory: 134217728 bytes (init_size) from 0x1000000 (pref_address) on; the "
		"VM has 128 MiB");
	refuses_after(state, 0x260, 4, 0xf0000000, ERR_NOMEM,
		      "kernel: needs 4026531840 bytes (init_size) of guest memory in one piece between 0x1000000 "
		      "(pref_address) and 0xc0000000");
	refuses_after(
		state, 0x258, 8, 0x7ffffffffffff000, ERR_NOMEM,
		"kernel: needs 50331648 bytes (init_size) of guest memory in one piece between 0x7ffffffffffff000 "
		"(pref_address) and 0xc0000000");
	refuses_after(
		state, 0x258, 8, 0xffffffffffffffff, ERR_NOMEM,
		"kernel: needs 50331648 bytes (init_size) of guest memory in one piece between 0xffffffffffffffff "
		"(pref_address) and 0xc0000000");
	refuses_after(state, 0x238, 4, 5, ERR_SPACE, "cmdline: 13 characters; this kernel takes 5 (cmdline_size)");
}

static void truncated_images_are_refused(void **state)
{
	(void)state;
	input.kernel.bytes = 0x205;
	refuses(ERR_UNSUPPORTED, "kernel: not a Linux bzImage (no \"HdrS\" at 0x202)");
	input.kernel.bytes = 0x210;
	refuses(ERR_FORMAT, "kernel: the image of 528 bytes ends inside its setup header");
	input.kernel.bytes = 1536;
	refuses(ERR_FORMAT, "kernel: setup_sects 2 reaches beyond the image of 1536 bytes");
	image[0x1f1] = 0; /* means 4 */
	input.kernel.bytes = 2560;
	refuses(ERR_FORMAT, "kernel: setup_sects 4 reaches beyond the image of 2560 bytes");
}

static void a_kernel_that_cannot_move_needs_its_place(void **state)
{
	(void)state;
	image[0x234] = 0;
	loads();
	assert_int_equal(plan.entry.rip, 0x1000200);
	store_u64(image + 0x258, 0x3000000);
	input.reserved[0] = (struct memory_range){0x3040000, 0x1000, MEMORY_ACPI_NVS};
	refuses(ERR_NOMEM, "kernel: not relocatable, and guest memory has no room for 50331648 bytes (init_size) at "
			   "0x3000000 (pref_address)");
}

static void guest_memory_is_checked(void **state)
{
	(void)state;
	input.low_ram_bytes = MIB - 4096;
	refuses(ERR_RANGE, "guest memory: 0xff000 bytes below 4 GiB and 0x0 above are no memory");
	input.low_ram_bytes = 128 * MIB;
	input.reserved[0].base = 128 * MIB;
	refuses(ERR_RANGE, "guest memory: cannot reserve 0x20000 bytes at 0x8000000");
	input.reserved[0].base = 0xe0000; /* no RAM is told there */
	input.reserved[0].bytes = 0x1000;
	refuses(ERR_RANGE, "guest memory: cannot reserve 0x1000 bytes at 0xe0000");
	input.reserved[0] = (struct memory_range){0xf5000, 0x1000, MEMORY_ACPI_NVS}; /* in the BIOS: fine */
	loads();
	assert_int_equal(plan.map_count, 6);
}

static void many_initrds_fit(void **state)
{
	(void)state;
	for (u32 i = 0; i < LOAD_MODULES_MAX; i++)
		input.modules[i] = (struct load_file){.data = initrd, .bytes = 5, .name = "x"};
	input.module_count = LOAD_MODULES_MAX;
	loads();
	assert_int_equal(guest_read_u32(&plan, boot_params() + 0x21c), 15 * 8 + 5);
	input.modules[3].bytes = UINT64_MAX;
	refuses(ERR_NOMEM, "initrd: no room for 18446744073709551615 bytes beside the kernel in guest memory below "
			   "0x80000000 (initrd_addr_max)");
}

static void no_command_line_is_an_empty_one(void **state)
{
	u8 byte;

	(void)state;
	input.command_line = NULL;
	loads();
	guest_read(&plan, guest_read_u32(&plan, boot_params() + 0x228), &byte, 1);
	assert_int_equal(byte, 0);
}

/* The real thing, if this machine has it. */
static void debians_kernel_loads(void **state)
{
	char path[512];
	const char *cache = getenv("XDG_CACHE_HOME");
	FILE *f;
	u8 *bytes = malloc(32 * MIB);

	(void)state;
	snprintf(path, sizeof(path), "%s%s/eterna/linux-cloud/vmlinuz", cache ? cache : getenv("HOME"),
		 cache ? "" : "/.cache");
	f = fopen(path, "rb");
	if (!f) {
		free(bytes);
		skip();
	}
	input.kernel.data = bytes;
	input.kernel.bytes = fread(bytes, 1, 32 * MIB, f);
	fclose(f);
	loads();
	assert_int_equal(plan.entry.rip, 0x1000200);
	assert_true(strncmp(plan.description, "Linux 6.1.0-", 12) == 0);
	input.kernel.bytes /= 2;
	assert_int_equal(load_linux(&input, &plan), ERR_FORMAT);
	free(bytes);
}

#define TEST(name) cmocka_unit_test_setup(name, build)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kernel_goes_to_its_preferred_address),
		TEST(boot_params_are_filled),
		TEST(e820_tells_the_memory),
		TEST(entry_state_is_the_protocols),
		TEST(initrds_are_joined_high),
		TEST(initrd_stays_below_its_limit),
		TEST(a_large_initrd_goes_above_4g),
		TEST(a_relocatable_kernel_moves_up),
		TEST(a_kernel_needs_what_its_header_says),
		TEST(an_initrd_needs_its_place_beside_the_kernel),
		TEST(alignment_is_lowered_as_far_as_allowed),
		TEST(rng_seed_is_passed),
		TEST(bad_fields_are_named),
		TEST(truncated_images_are_refused),
		TEST(a_kernel_that_cannot_move_needs_its_place),
		TEST(guest_memory_is_checked),
		TEST(many_initrds_fit),
		TEST(no_command_line_is_an_empty_one),
		TEST(debians_kernel_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
