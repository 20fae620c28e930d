// SPDX-License-Identifier: Apache-2.0
// Every exception by its own cause: vector, error code, and where RIP points; #DF, and one inside another's handler.
#include "check.h"
#include "machine.h"
#include "paging.h"
#include "print.h"
#include "trap.h"

#define HOLE 0x40000000000ull /* linear address that nothing maps */
#define NOT_PRESENT_SELECTOR SELECTOR_FREE

extern u64 gdt[];

/* Raise by `text`, after `prepare`; check vector, error code and where RIP points. */
#define RAISE(prepare, text, wanted, code, name)                                                                       \
	do {                                                                                                           \
		u64 at_, next_;                                                                                        \
		__asm__ volatile("lea 66f(%%rip), %0; lea 77f(%%rip), %1\n\t" TRY_BEGIN prepare "\n66: " text          \
				 "\n77:" TRY_END                                                                       \
				 : "=&r"(at_), "=&r"(next_)                                                            \
				 :                                                                                     \
				 : "memory", "cc", "rax", "rcx", "rdx");                                               \
		check_equal(trap_vector(), wanted, "%s: vector", name);                                                \
		check_equal(trap_last.error, code, "%s: error code", name);                                            \
		if ((wanted) == VECTOR_BP || (wanted) == VECTOR_OF)                                                    \
			check_equal(trap_last.rip, next_, "%s: a trap points behind", name);                           \
		else                                                                                                   \
			check_equal(trap_last.rip, at_, "%s: a fault points at it", name);                             \
	} while (0)

static void simple_ones(void)
{
	RAISE("xor %%ecx, %%ecx", "div %%ecx", VECTOR_DE, 0, "#DE");
	RAISE("", "int3", VECTOR_BP, 0, "#BP");
	RAISE("", "int $4", VECTOR_OF, 0, "INT 4");
	RAISE("", "ud2", VECTOR_UD, 0, "#UD");
	RAISE("mov $0x8000000000000000, %%rax", "mov (%%rax), %%eax", VECTOR_GP, 0, "#GP, non-canonical");
	RAISE("mov $0x1230, %%eax", "mov %%eax, %%ds", VECTOR_GP, 0x1230, "#GP, selector beyond the GDT");
}

/* An access through RBP is one to the stack segment. */
static void stack_segment_by_rbp(void)
{
	__asm__ volatile("mov %%rbp, %%rdx; mov $0x8000000000000000, %%rbp\n\t" TRY_BEGIN "mov (%%rbp), %%eax" TRY_END
			 "mov %%rdx, %%rbp"
			 :
			 :
			 : "memory", "rax", "rdx");
	if (!processor_is_tcg())
		check_equal(trap_vector(), VECTOR_SS, "#SS: non-canonical address by RBP");
	check_equal(trap_last.error, 0, "#SS: error code");
}

static void segments(void)
{
	gdt[NOT_PRESENT_SELECTOR / 8] = 0x00cf13000000ffff; /* data, not present */
	RAISE("mov $0x50, %%eax", "mov %%eax, %%ds", VECTOR_NP, NOT_PRESENT_SELECTOR, "#NP, data segment");
	RAISE("mov $0x50, %%eax", "mov %%eax, %%ss", VECTOR_SS, NOT_PRESENT_SELECTOR, "#SS, not present");
	stack_segment_by_rbp();
	gdt[NOT_PRESENT_SELECTOR / 8] = 0;
}

static u32 fault_at(u64 at, bool write)
{
	u32 v;

	return write ? try_write32(at, 1) : try_read32(at, &v);
}

static void page_faults(void)
{
	static u8 page[PAGE_BYTES] ALIGNED(4096);
	u64 physical = (u64)page;
	u64 at = HOLE;

	check_equal(fault_at(at, false), VECTOR_PF, "#PF: nothing mapped");
	check_equal(trap_last.error, 0, "#PF: read, not present");
	check_equal(trap_last.cr2, at, "#PF: CR2");
	fault_at(at + 0x123, true);
	check_equal(trap_last.error, PF_WRITE, "#PF: write, not present");
	check_equal(trap_last.cr2, at + 0x123, "#PF: CR2 with offset");

	paging_map(at, physical, PTE_P);
	write_cr0(read_cr0() | CR0_WP);
	check_equal(fault_at(at, false), TRAP_NONE, "read-only page is read");
	check_equal(fault_at(at, true), VECTOR_PF, "#PF: read-only page is written");
	check_equal(trap_last.error, PF_PRESENT | PF_WRITE, "#PF: its error code");
	write_cr0(read_cr0() & ~CR0_WP);
	check_equal(fault_at(at, true), TRAP_NONE, "without WP ring 0 writes it");

	paging_map(at, physical | BIT(51), PTE_P | PTE_W);
	if ((cpuid(0x80000008).eax & 0xff) < 52) {
		check_equal(fault_at(at, false), VECTOR_PF, "#PF: reserved bit");
		if (!processor_is_tcg())
			check_equal(trap_last.error, PF_PRESENT | PF_RSVD, "#PF: its error code");
	}
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	page[0] = 0xc3;
	paging_map(at, physical, PTE_P | PTE_W | PTE_NX);
	__asm__ volatile(TRY_BEGIN "mov %%rsp, %%rbx; call *%0\n\t" TRY_END "mov %%rbx, %%rsp"
			 :
			 : "r"(at)
			 : "rbx", "memory");
	check_equal(trap_vector(), VECTOR_PF, "#PF: no-execute page is executed");
	check_equal(trap_last.error, PF_PRESENT | PF_FETCH, "#PF: its error code");
	check_equal(trap_last.rip, at, "#PF: RIP is the target");
	paging_map(at, 0, 0);
}

static void floating_point(void)
{
	u16 control = 0x37b; /* divide by zero unmasked */
	u32 mxcsr = 0x1d80;

	write_cr0((read_cr0() | CR0_NE | CR0_MP) & ~(CR0_TS | CR0_EM));
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp" : : "m"(control));
	check_equal(TRY_ASM("fwait"), VECTOR_MF, "#MF: x87 divide by zero, at the next FWAIT");
	__asm__ volatile("fninit");
	__asm__ volatile("ldmxcsr %0; xorps %%xmm1, %%xmm1; mov $0x3f800000, %%eax; movd %%eax, %%xmm0"
			 :
			 : "m"(mxcsr)
			 : "eax");
	if (!processor_is_tcg())
		check_equal(TRY_ASM("divss %%xmm1, %%xmm0"), VECTOR_XM, "#XM: SSE divide by zero");
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

static void user_int_0x30(void)
{
	__asm__ volatile("int $0x30");
}

static void user_unaligned(void)
{
	__asm__ volatile(
		"push %%rax; orl $0x40000, (%%rsp); pushfq; orl $0x40000, (%%rsp); popfq; mov 1(%%rsp), %%eax; "
		"ud2"
		:
		:
		: "rax", "memory");
}

static void user_cli(void)
{
	__asm__ volatile("cli");
}

static void user_read_hole(void)
{
	__asm__ volatile("mov (%0), %%eax" : : "r"(HOLE) : "eax");
}

static void from_ring_3(void)
{
	check_equal(user_run(user_cli), VECTOR_GP, "ring 3: CLI is #GP");
	check_equal(user_run(user_int_0x30), VECTOR_GP, "ring 3: INT through a gate of ring 0 is #GP");
	if (!processor_is_tcg())
		check_equal(trap_last.error, 0x30 * 8 + 2, "ring 3: the error code names the gate");
	check_equal(user_run(user_read_hole), VECTOR_PF, "ring 3: #PF");
	check_equal(trap_last.error, PF_USER, "ring 3: its error code");
	write_cr0(read_cr0() | CR0_AM);
	if (!processor_is_tcg()) {
		check_equal(user_run(user_unaligned), VECTOR_AC, "ring 3: unaligned access is #AC");
		check_equal(trap_last.error, 0, "#AC: error code");
	}
	write_cr0(read_cr0() & ~CR0_AM);
}

/* SDM 3A, Interrupt 8: a page fault whose delivery raises a contributory exception becomes #DF. */
static void double_fault(void)
{
	u32 v;

	trap_set_present(VECTOR_PF, false);
	check_equal(try_read32(HOLE, &v), VECTOR_DF, "#PF without a gate is #DF");
	check_equal(trap_last.error, 0, "#DF: error code");
	trap_set_present(VECTOR_PF, true);
	trap_set_present(VECTOR_GP, false);
	check_equal(try_read32(0x8000000000000000, &v), VECTOR_DF, "#GP without a gate is #DF");
	trap_set_present(VECTOR_GP, true);
	/* A benign exception whose gate is missing is #NP with the gate's number. */
	trap_set_present(VECTOR_UD, false);
	check_equal(TRY_ASM("ud2"), VECTOR_NP, "#UD without a gate is #NP");
	if (!processor_is_tcg())
		check_equal(trap_last.error, VECTOR_UD * 8 + 2 + 1, "#NP: the error code names the gate, EXT is set");
	trap_set_present(VECTOR_UD, true);
	/* A soft INT through a missing gate: bit EXT of the error code is 0. */
	trap_set_present(0x30, false);
	check_equal(TRY_ASM("int $0x30"), VECTOR_NP, "INT through a missing gate is #NP");
	if (!processor_is_tcg())
		check_equal(trap_last.error, 0x30 * 8 + 2, "its error code names the gate, EXT is clear");
	trap_set_present(0x30, true);
}

static volatile unsigned outer_count, inner_vector;

static void outer_handler(struct trap_frame *f)
{
	u32 v;

	outer_count++;
	try_read32(HOLE, &v); /* #PF inside the handler of #BR */
	inner_vector = trap_vector();
	(void)f;
}

static void nested(void)
{
	trap_set_handler(VECTOR_BR, outer_handler);
	__asm__ volatile("int $5" : : : "memory");
	check(outer_count == 1 && inner_vector == VECTOR_PF, "#PF inside another handler");
	trap_set_handler(VECTOR_BR, NULL);
}

static volatile unsigned int_vectors;

static void count_int(struct trap_frame *f)
{
	int_vectors += (unsigned)f->vector;
}

static void soft_interrupts(void)
{
	trap_set_handler(0x30, count_int);
	trap_set_handler(0xfe, count_int);
	__asm__ volatile("int $0x30; int $0xfe" : : : "memory");
	check_equal(int_vectors, 0x30 + 0xfe, "INT n goes through its own gate");
}

static void too_long(void)
{
	check_equal(TRY_ASM(".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90"),
		    VECTOR_GP, "an instruction of 16 bytes is #GP");
}

void guest_main(void)
{
	simple_ones();
	segments();
	page_faults();
	floating_point();
	soft_interrupts();
	double_fault();
	nested();
	too_long();
	from_ring_3();
}
