// SPDX-License-Identifier: Apache-2.0
// Device memory in every width, aligned or not, and by addresses of every form; the fault of an access is the guest's.
#include "apic.h"
#include "base/mem.h"
#include "check.h"
#include "machine.h"
#include "paging.h"
#include "trap.h"

#define DEVICE_MEMORY 0xff000000ull
#define WINDOW 0x50000000000ull

static bool device_memory_is_there(void)
{
	PHYS(u32, DEVICE_MEMORY) = 0x12345678;
	return PHYS(u32, DEVICE_MEMORY) == 0x12345678 && machine_hypervisor()[0];
}

static void widths(void)
{
	for (u64 at = DEVICE_MEMORY + 0x10; at < DEVICE_MEMORY + 0x18; at++) {
		PHYS(u64, at) = 0x8877665544332211;
		check(PHYS(u8, at) == 0x11 && PHYS(u16, at) == 0x2211 && PHYS(u32, at) == 0x44332211 &&
			      PHYS(u64, at) == 0x8877665544332211,
		      "read in 1, 2, 4 and 8 bytes at offset %llu", (unsigned long long)(at & 7));
		PHYS(u8, at + 1) = 0xaa;
		PHYS(u16, at + 2) = 0xccbb;
		PHYS(u32, at + 4) = 0x01eeddff;
		check_equal(PHYS(u64, at), 0x01eeddffccbbaa11, "written in 1, 2 and 4 bytes at offset %llu",
			    (unsigned long long)(at & 7));
	}
}

static void across_pages(void)
{
	u64 at = DEVICE_MEMORY + PAGE_BYTES - 3;

	PHYS(u64, at) = 0x0102030405060708;
	check_equal(PHYS(u64, at), 0x0102030405060708, "8 bytes across a page end");
	check_equal(PHYS(u8, DEVICE_MEMORY + PAGE_BYTES), 0x05, "the first byte of the second page");
}

/* From device memory into memory, or the other way: one access, two kinds of page. */
static void across_kinds(void)
{
	static u8 page[PAGE_BYTES] ALIGNED(4096);
	u64 at = WINDOW + PAGE_BYTES - 4;

	paging_map(WINDOW, DEVICE_MEMORY, PTE_P | PTE_W);
	paging_map(WINDOW + PAGE_BYTES, (u64)page, PTE_P | PTE_W);
	PHYS(u64, at) = 0x1111111122222222;
	check_equal(PHYS(u64, at), 0x1111111122222222, "8 bytes from device memory into memory");
	check_equal(load_u32(page), 0x11111111, "the memory's part");
	paging_map(WINDOW, (u64)page, PTE_P | PTE_W);
	paging_map(WINDOW + PAGE_BYTES, DEVICE_MEMORY, PTE_P | PTE_W);
	PHYS(u64, at) = 0x3333333344444444;
	check_equal(PHYS(u64, at), 0x3333333344444444, "8 bytes from memory into device memory");
	check_equal(PHYS(u32, DEVICE_MEMORY), 0x33333333, "the device's part");
}

/* The second page of an access is missing: #PF for its address, and the first page is not touched. */
static void fault_in_the_second_page(void)
{
	u64 at = WINDOW + PAGE_BYTES - 4;
	u64 v;

	paging_map(WINDOW, DEVICE_MEMORY, PTE_P | PTE_W);
	paging_map(WINDOW + PAGE_BYTES, 0, 0);
	PHYS(u32, at) = 0x5555aaaa;
	check_equal(try_write64(at, 0), VECTOR_PF, "a write that reaches into a missing page is #PF");
	check_equal(trap_last.cr2, WINDOW + PAGE_BYTES, "CR2 is the missing page");
	check_equal(trap_last.error, PF_WRITE, "its error code");
	check_equal(PHYS(u32, at), 0x5555aaaa, "nothing was written");
	check_equal(try_read64(at, &v), VECTOR_PF, "so is a read");
	paging_map(WINDOW, DEVICE_MEMORY, PTE_P);
	write_cr0(read_cr0() | CR0_WP);
	check_equal(try_write64(WINDOW, 0), VECTOR_PF, "a write to device memory that is read-only is #PF");
	check_equal(trap_last.error, PF_PRESENT | PF_WRITE, "its error code");
	write_cr0(read_cr0() & ~CR0_WP);
}

static void address_forms(void)
{
	u64 v, base = DEVICE_MEMORY + 0x100;

	for (u64 i = 0; i < 16; i++)
		PHYS(u32, base + 4 * i) = (u32)(0x1000 + i);
	__asm__ volatile("movl 8(%1), %k0" : "=r"(v) : "r"(base));
	check_equal(v, 0x1002, "base and displacement");
	__asm__ volatile("movl -4(%1, %2, 4), %k0" : "=r"(v) : "r"(base), "r"(5ull));
	check_equal(v, 0x1004, "base, index, scale and displacement");
	__asm__ volatile("mov %1, %%rsi; addr32 movl (%%esi), %k0" : "=r"(v) : "r"(base | 1ull << 40) : "rsi");
	check_equal(v, 0x1000, "a 32-bit address drops the upper half");
	wrmsr(MSR_FS_BASE, base);
	__asm__ volatile("movl %%fs:12, %k0" : "=r"(v));
	check_equal(v, 0x1003, "FS base");
	wrmsr(MSR_GS_BASE, base - 0x100);
	__asm__ volatile("movl %%gs:0x104(, %1, 4), %k0" : "=r"(v) : "r"(1ull));
	check_equal(v, 0x1002, "GS base and index");
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_GS_BASE, 0);
	__asm__ volatile("mov %1, %%r13; movl 4(%%r13), %k0" : "=r"(v) : "r"(base) : "r13");
	check_equal(v, 0x1001, "R13 as base");
	__asm__ volatile("mov %%rsp, %%r15; mov %1, %%rsp; movl 20(%%rsp), %k0; mov %%r15, %%rsp"
			 : "=&r"(v)
			 : "r"(base)
			 : "r15");
	check_equal(v, 0x1005, "RSP as base");
	__asm__ volatile("movabsl 0xff000118, %k0" : "=a"(v));
	check_equal(v, 0x1006, "an address in the instruction");
}

static void stack_forms(void)
{
	u64 at = DEVICE_MEMORY + 0x200, v;

	PHYS(u64, at) = 0x1122334455667788;
	__asm__ volatile("push (%1); pop %0" : "=r"(v) : "r"(at) : "memory");
	check_equal(v, 0x1122334455667788, "PUSH from device memory");
	__asm__ volatile("push %1; pop (%0)" : : "r"(at), "r"(0xcafeull) : "memory");
	check_equal(PHYS(u64, at), 0xcafe, "POP to device memory");
	/* A whole stack in device memory. */
	__asm__ volatile("mov %%rsp, %%r15; mov %1, %%rsp; push %2; push $5; pop %%rax; pop %0; mov %%r15, %%rsp"
			 : "=&r"(v)
			 : "r"(at), "r"(0xbeefull)
			 : "rax", "r15", "memory");
	check_equal(v, 0xbeef, "PUSH and POP with the stack in device memory");
}

static void string_copies(void)
{
	static u8 from[100], back[100];
	u64 dst = DEVICE_MEMORY + PAGE_BYTES - 50, src = (u64)from, count = sizeof(from);

	for (unsigned i = 0; i < sizeof(from); i++)
		from[i] = (u8)(i ^ 0x5a);
	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(count) : : "memory");
	src = DEVICE_MEMORY + PAGE_BYTES - 50;
	dst = (u64)back;
	count = sizeof(from);
	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(count) : : "memory");
	check(memcmp(from, back, sizeof(from)) == 0, "REP MOVSB to device memory and back, over a page end");
	src = DEVICE_MEMORY + PAGE_BYTES - 50;
	dst = DEVICE_MEMORY + 0x2000;
	count = 12;
	__asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(count) : : "memory");
	check(PHYS(u64, DEVICE_MEMORY + 0x2000 + 88) == load_u64(from + 88), "REP MOVSQ within device memory");
	dst = DEVICE_MEMORY + 0x3000;
	count = 512;
	__asm__ volatile("rep stosq" : "+D"(dst), "+c"(count) : "a"(0x77ull) : "memory");
	check(PHYS(u64, DEVICE_MEMORY + 0x3ff8) == 0x77 && dst == DEVICE_MEMORY + 0x4000, "REP STOSQ of a page");
}

/* Registers of the PC's own devices: what they say does not depend on who reads. */
static void devices(void)
{
	check_equal(lapic_read(LAPIC_ID) >> 24, cpuid(1).ebx >> 24, "local APIC ID");
	lapic_write(LAPIC_TPR, 0x50);
	check_equal(lapic_read(LAPIC_TPR), 0x50, "local APIC TPR");
	lapic_write(LAPIC_TPR, 0);
	check((ioapic_read(1) >> 16 & 0xff) == 23, "IOAPIC with 24 pins");
	check_equal(PHYS(u32, 0xd0000000), 0xffffffff, "nothing answers with all ones");
}

void guest_main(void)
{
	if (!machine_is_tcg())
		devices();
	if (!device_memory_is_there()) {
		skip("no pc-testdev");
		return;
	}
	widths();
	across_pages();
	across_kinds();
	fault_in_the_second_page();
	address_forms();
	stack_forms();
	string_copies();
}
