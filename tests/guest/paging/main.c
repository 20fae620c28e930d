// SPDX-License-Identifier: Apache-2.0
// The guest's own paging: accessed and dirty bits, large pages, global pages, memory types by PAT, remapping.
#include "check.h"
#include "machine.h"
#include "paging.h"
#include "trap.h"

#define AT 0x10000000000ull
#define LARGE 0x18000000000ull

extern u64 page_tables[];
static u8 pages[4][PAGE_BYTES] ALIGNED(4096);

static void accessed_and_dirty(void)
{
	volatile u64 *entry = paging_entry(AT);

	paging_map(AT, (u64)pages[0], PTE_P | PTE_W);
	(void)PHYS(u8, AT);
	check_equal(*entry & (PTE_A | PTE_D), PTE_A, "a read sets A alone");
	PHYS(u8, AT) = 1;
	check_equal(*entry & (PTE_A | PTE_D), PTE_A | PTE_D, "a write sets D");
	*entry &= ~(PTE_A | PTE_D);
	invlpg(phys_pointer(AT));
	PHYS(u8, AT) = 2;
	check_equal(*entry & (PTE_A | PTE_D), PTE_A | PTE_D, "cleared and flushed, a write sets both");
	check(*paging_table_entry(AT, 2) & PTE_A && *paging_table_entry(AT, 4) & PTE_A, "A is set on the upper levels");
}

static void remapping(void)
{
	pages[0][8] = 10;
	pages[1][8] = 11;
	paging_map(AT, (u64)pages[0], PTE_P | PTE_W);
	check_equal(PHYS(u8, AT + 8), 10, "first mapping");
	paging_map(AT, (u64)pages[1], PTE_P | PTE_W);
	check_equal(PHYS(u8, AT + 8), 11, "another mapping after INVLPG");
	*paging_entry(AT) = (u64)pages[0] | PTE_P | PTE_W;
	write_cr3(read_cr3());
	check_equal(PHYS(u8, AT + 8), 10, "another mapping after a load of CR3");
}

static void global_pages(void)
{
	u64 cr4 = read_cr4();

	write_cr4(cr4 | CR4_PGE);
	paging_map(AT, (u64)pages[0], PTE_P | PTE_W | PTE_G);
	check_equal(PHYS(u8, AT + 8), 10, "global page");
	*paging_entry(AT) = (u64)pages[1] | PTE_P | PTE_W | PTE_G;
	write_cr4(cr4);
	write_cr4(cr4 | CR4_PGE);
	check_equal(PHYS(u8, AT + 8), 11, "toggling CR4.PGE flushes global pages");
	write_cr4(cr4);
}

static void large_pages(void)
{
	volatile u64 *entry;

	paging_map(LARGE, 0, 0); /* makes the tables */
	entry = paging_table_entry(LARGE, 2);
	*entry = ((u64)pages & ~(2 * MIB - 1)) | PTE_P | PTE_W | PTE_PS;
	write_cr3(read_cr3());
	check_equal(PHYS(u8, LARGE + ((u64)&pages[1][8] & (2 * MIB - 1))), 11, "2 MiB page");
	check_equal(*entry & PTE_A, PTE_A, "A in a 2 MiB entry");
	PHYS(u8, LARGE + ((u64)&pages[1][9] & (2 * MIB - 1))) = 1;
	check_equal(*entry & PTE_D, PTE_D, "D in a 2 MiB entry");
	if (!(feature_80000001().edx >> 26 & 1)) {
		skip("no 1 GiB pages");
		return;
	}
	*paging_table_entry(LARGE, 3) = PTE_P | PTE_W | PTE_PS;
	write_cr3(read_cr3());
	check_equal(PHYS(u8, LARGE + (u64)&pages[1][8]), 11, "1 GiB page");
	*paging_table_entry(LARGE, 3) = 0;
	write_cr3(read_cr3());
}

/* Types do not change what memory holds; the walk must accept each combination of PAT, PCD and PWT. */
static void memory_types(void)
{
	u64 before = rdmsr(MSR_PAT);
	unsigned wrong = 0;

	wrmsr(MSR_PAT, 0x0001040500070406);
	for (unsigned type = 0; type < 8; type++) {
		u64 flags = (type & 1 ? PTE_PWT : 0) | (type & 2 ? PTE_PCD : 0) | (type & 4 ? PTE_PAT : 0);

		paging_map(AT, (u64)pages[2], PTE_P | PTE_W | flags);
		PHYS(u64, AT) = 0x1234567800000000ull + type;
		__asm__ volatile("mfence; wbinvd" : : : "memory");
		if (*(volatile u64 *)pages[2] != 0x1234567800000000ull + type)
			wrong++;
	}
	check_equal(wrong, 0, "memory types by PAT, PCD and PWT: wrong values");
	wrmsr(MSR_PAT, before);
}

static void supervisor_only(void)
{
	u64 cr4 = read_cr4();
	u32 v;

	paging_map(AT, (u64)pages[0], PTE_P | PTE_W | PTE_U);
	*paging_table_entry(AT, 4) |= PTE_U;
	write_cr3(read_cr3());
	if (feature_7().ebx >> 20 & 1) {
		write_cr4(cr4 | CR4_SMAP);
		__asm__ volatile("clac");
		check_equal(try_read32(AT, &v), VECTOR_PF, "SMAP: ring 0 reads a page of ring 3");
		__asm__ volatile("stac");
		check_equal(try_read32(AT, &v), TRAP_NONE, "with AC set it may");
		write_cr4(cr4);
	} else {
		skip("no SMAP");
	}
	if (feature_7().ebx >> 7 & 1) {
		write_cr4(cr4 | CR4_SMEP);
		pages[0][0] = 0xc3;
		__asm__ volatile(TRY_BEGIN "mov %%rsp, %%rbx; call *%0\n\t" TRY_END "mov %%rbx, %%rsp"
				 :
				 : "r"(AT)
				 : "rbx", "memory");
		check_equal(trap_vector(), VECTOR_PF, "SMEP: ring 0 executes a page of ring 3");
		write_cr4(cr4);
	} else {
		skip("no SMEP");
	}
}

static void invpcid(void)
{
	struct {
		u64 pcid, address;
	} descriptor = {0, AT};

	if (!(feature_7().ebx >> 10 & 1)) {
		check_equal(TRY_ASM("lea -64(%%rsp), %%rax; xor %%ecx, %%ecx; invpcid (%%rax), %%rcx"), VECTOR_UD,
			    "INVPCID is #UD where CPUID does not offer it");
		return;
	}
	*paging_entry(AT) = (u64)pages[1] | PTE_P | PTE_W;
	__asm__ volatile("invpcid %0, %1" : : "m"(descriptor), "r"(0ull) : "memory");
	check_equal(PHYS(u8, AT + 8), 11, "INVPCID of one address");
	__asm__ volatile("invpcid %0, %1" : : "m"(descriptor), "r"(2ull) : "memory");
	__asm__ volatile(TRY_BEGIN "invpcid %0, %1" TRY_END : : "m"(descriptor), "r"(4ull) : "memory");
	check_equal(trap_vector(), VECTOR_GP, "INVPCID of an unknown type is #GP");
}

void guest_main(void)
{
	accessed_and_dirty();
	remapping();
	global_pages();
	large_pages();
	memory_types();
	supervisor_only();
	invpcid();
}
