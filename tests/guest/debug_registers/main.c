// SPDX-License-Identifier: Apache-2.0
// Debug registers keep their values over exits, and breakpoints, single steps and DR7.GD work as the manual says.
#include "check.h"
#include "machine.h"
#include "trap.h"

#define DR_ACCESS(n)                                                                                                   \
	static u64 read_dr##n(void)                                                                                    \
	{                                                                                                              \
		u64 v;                                                                                                 \
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(v) : : "memory");                                         \
		return v;                                                                                              \
	}                                                                                                              \
	static void write_dr##n(u64 v)                                                                                 \
	{                                                                                                              \
		__asm__ volatile("mov %0, %%dr" #n : : "r"(v) : "memory");                                             \
	}
DR_ACCESS(0)
DR_ACCESS(1)
DR_ACCESS(2)
DR_ACCESS(3)
DR_ACCESS(6)
DR_ACCESS(7)

static volatile unsigned hits;
static volatile u64 hit_rip, hit_dr6;
static volatile bool single_step;

static void on_db(struct trap_frame *f)
{
	hits++;
	hit_rip = f->rip;
	hit_dr6 = read_dr6();
	write_dr6(DR6_FIXED);
	if (!single_step)
		f->rflags &= ~RFLAGS_TF;
	f->rflags |= RFLAGS_RF;
}

static void reset(void)
{
	hits = 0;
	write_dr7(DR7_FIXED);
	write_dr6(DR6_FIXED);
}

static void values_survive_exits(void)
{
	write_dr0(0x1111);
	write_dr1(0x2222);
	write_dr2(0x3333);
	write_dr3(0xffff800000004444);
	for (int i = 0; i < 1000; i++)
		cpuid(0);
	check(read_dr0() == 0x1111 && read_dr1() == 0x2222 && read_dr2() == 0x3333 && read_dr3() == 0xffff800000004444,
	      "DR0 to DR3 are as written after 1000 exits");
	check_equal(read_dr7(), DR7_FIXED, "DR7 at rest");
}

static void execution_breakpoint(void)
{
	u64 at;

	reset();
	__asm__ volatile("lea 1f(%%rip), %0; mov %0, %%dr0; mov %1, %%rax; mov %%rax, %%dr7; nop; 1: nop; nop"
			 : "=&r"(at)
			 : "r"(DR7_FIXED | 1ull)
			 : "rax", "memory");
	check_equal(hits, 1, "a breakpoint on an instruction hits once");
	check_equal(hit_rip, at, "before the instruction");
	check_equal(hit_dr6 & 0xf, 1, "DR6.B0");
	/* On an instruction that exits. */
	reset();
	__asm__ volatile("lea 1f(%%rip), %0; mov %0, %%dr0; mov %1, %%rax; mov %%rax, %%dr7; xor %%eax, %%eax; 1: cpuid"
			 : "=&r"(at)
			 : "r"(DR7_FIXED | 1ull)
			 : "rax", "rbx", "rcx", "rdx", "memory");
	check(hits == 1 && hit_rip == at, "a breakpoint on CPUID hits once, before it");
}

static void data_breakpoint(void)
{
	static volatile u32 watched;

	reset();
	write_dr1((u64)&watched);
	write_dr7(DR7_FIXED | BIT(2) | 1ull << 20 | 3ull << 22); /* L1: write, 4 bytes */
	(void)watched;
	check_equal(hits, 0, "a write watchpoint ignores reads");
	watched = 1;
	check_equal(hits, 1, "a write watchpoint hits");
	check_equal(hit_dr6 & 0xf, 2, "DR6.B1");
	reset();
}

static void io_breakpoint(void)
{
	u64 behind;

	reset();
	write_cr4(read_cr4() | CR4_DE);
	write_dr2(0x80);
	write_dr7(DR7_FIXED | BIT(4) | 2ull << 24); /* L2: I/O, 1 byte */
	__asm__ volatile("xor %%eax, %%eax; out %%al, $0x80; 1: lea 1b(%%rip), %0" : "=r"(behind) : : "rax", "memory");
	if (hits || !processor_is_tcg()) {
		check_equal(hits, 1, "an I/O breakpoint hits, though the access exits");
		check_equal(hit_rip, behind, "behind the instruction");
		check_equal(hit_dr6 & 0xf, 4, "DR6.B2");
	}
	reset();
	write_cr4(read_cr4() & ~CR4_DE);
}

/* TF: a trap after each instruction; the number of traps over an exit shows that none is lost or doubled. */
static void single_steps(void)
{
	reset();
	single_step = true;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq\n\t"
			 "nop; nop\n\t"
			 "pushfq; andl $~0x100, (%%rsp); popfq"
			 :
			 :
			 : "memory", "cc");
	single_step = false;
	check_equal(hits, 5, "single steps over five instructions");
	check_equal(hit_dr6 & DR6_BS, DR6_BS, "DR6.BS");
	reset();
	single_step = true;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq\n\t"
			 "xor %%eax, %%eax; cpuid; out %%al, $0x80; mov %%cr0, %%rax; mov %%rax, %%cr0\n\t"
			 "pushfq; andl $~0x100, (%%rsp); popfq"
			 :
			 :
			 : "memory", "cc", "rax", "rbx", "rcx", "rdx");
	single_step = false;
	check_equal(hits, 8, "single steps over instructions that exit");
}

static void general_detect(void)
{
	u64 v;

	reset();
	write_dr7(DR7_FIXED | DR7_GD);
	__asm__ volatile("mov %%dr0, %0" : "=r"(v) : : "memory");
	/* The handler's own accesses run: GD is clear there. RF does not help MOV DR: the handler must step over it. */
	check(hits >= 1, "DR7.GD: an access is #DB");
	check_equal(hit_dr6 & DR6_BD, DR6_BD, "DR6.BD");
	check_equal(read_dr7() & DR7_GD, 0, "GD is clear after it");
	reset();
}

static void bad_values(void)
{
	u64 value = 0x100000000;

	__asm__ volatile(TRY_BEGIN "mov %0, %%dr7" TRY_END : : "r"(value) : "memory");
	check_equal(trap_vector(), VECTOR_GP, "DR7 with upper bits is #GP");
	__asm__ volatile(TRY_BEGIN "mov %0, %%dr6" TRY_END : : "r"(value) : "memory");
	check_equal(trap_vector(), VECTOR_GP, "DR6 with upper bits is #GP");
	write_cr4(read_cr4() | CR4_DE);
	check_equal(TRY_ASM("mov %%dr4, %%rax"), VECTOR_UD, "DR4 with CR4.DE is #UD");
	write_cr4(read_cr4() & ~CR4_DE);
	if (!processor_is_tcg())
		check_equal(TRY_ASM("mov %%dr4, %%rax"), TRAP_NONE, "DR4 without CR4.DE is DR6");
}

static void int1(void)
{
	u64 behind;

	reset();
	__asm__ volatile(".byte 0xf1; 1: lea 1b(%%rip), %0" : "=r"(behind) : : "memory");
	check(hits == 1 && hit_rip == behind, "INT1 is #DB, behind it");
}

void guest_main(void)
{
	trap_set_handler(VECTOR_DB, on_db);
	values_survive_exits();
	execution_breakpoint();
	data_breakpoint();
	io_breakpoint();
	single_steps();
	if (!processor_is_tcg())
		general_detect();
	if (!processor_is_tcg())
		int1();
	bad_values();
}
