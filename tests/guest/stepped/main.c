// SPDX-License-Identifier: Apache-2.0
// A guest that a debugger steps through, instruction by instruction: whatever saves, loads or shows RFLAGS must look as
// it does without one, and the guest's own traps and breakpoints come as ever. tests/emu/debugger/steps.py steps.
#include "apic.h"
#include "check.h"
#include "machine.h"
#include "trap.h"

#define INT_VECTOR 0x71
#define IPI_VECTOR 0x72
#define SELECTOR_SYSRET 0x50 /* SYSRET's SS is the next, its CS the one behind that */
#define ROUNDS 3

extern u64 gdt[];
void stepped_begin(void);
void stepped_end(void);
void stepped_syscall(void);
void stepped_user(void);

volatile u64 seen_flags; /* ORed: all that anybody has pushed, popped or found in R11 */
volatile u64 syscalls, user_rounds;
static volatile u64 interrupts, traps, hits, last_dr6, last_rip;

static void on_int(struct trap_frame *f)
{
	seen_flags |= f->rflags;
	interrupts++;
}

static void on_ipi(struct trap_frame *f)
{
	seen_flags |= f->rflags;
	interrupts++;
	lapic_eoi();
}

/* The guest's own single steps, and its own breakpoints. */
static void on_db(struct trap_frame *f)
{
	u64 dr6, fixed = DR6_FIXED;

	__asm__ volatile("mov %%dr6, %0; mov %1, %%dr6" : "=&r"(dr6) : "r"(fixed));
	last_dr6 = dr6;
	last_rip = f->rip;
	if (dr6 & DR6_BS)
		traps++;
	if (dr6 & 0xf)
		hits++;
	f->rflags |= RFLAGS_RF;
}

__asm__(".text\n"
	".globl stepped_begin\nstepped_begin: ret\n"
	".globl stepped_end\nstepped_end: ret\n"
	".globl stepped_syscall\nstepped_syscall:\n"
	"	orq %r11, seen_flags(%rip)\n"
	"	incq syscalls(%rip)\n"
	"	pushfq\n	popq %rax\n	orq %rax, seen_flags(%rip)\n"
	"	sysretq\n"
	".globl stepped_user\nstepped_user:\n"
	"	mov $3, %ebx\n"
	"1:	pushfq\n	popq %rax\n	orq %rax, seen_flags(%rip)\n"
	"	syscall\n"
	"	orq %r11, seen_flags(%rip)\n"
	"	incq user_rounds(%rip)\n"
	"	dec %ebx\n	jnz 1b\n"
	"	ud2\n");

static void system_calls(void)
{
	gdt[SELECTOR_SYSRET / 8 + 1] = gdt[SELECTOR_USER_DATA / 8];
	gdt[SELECTOR_SYSRET / 8 + 2] = gdt[SELECTOR_USER_CODE / 8];
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | 1);
	wrmsr(MSR_STAR, (u64)SELECTOR_SYSRET << 48 | (u64)SELECTOR_CODE64 << 32);
	wrmsr(MSR_LSTAR, (u64)stepped_syscall);
	wrmsr(MSR_FMASK, RFLAGS_TF | RFLAGS_IF);
	check_equal(user_run(stepped_user), VECTOR_UD, "ring 3 runs to its end");
	check(syscalls == ROUNDS && user_rounds == ROUNDS, "SYSCALL and SYSRET");
}

static void flags(void)
{
	u64 before, after, popped;

	__asm__ volatile("pushfq\n pop %0\n push %0\n popfq\n pushfq\n pop %1\n"
			 "mov %%ss, %%eax\n mov %%eax, %%ss\n pushfq\n pop %2"
			 : "=&r"(before), "=&r"(after), "=&r"(popped)
			 :
			 : "rax", "memory");
	seen_flags |= before | after | popped;
	check(before == after && after == popped, "PUSHF, POPF, MOV SS");
	__asm__ volatile("std\n clc\n pushfq\n pop %0\n cld\n stc\n pushfq\n pop %1"
			 : "=&r"(before), "=&r"(after)
			 :
			 : "cc");
	check((before & 0x401) == 0x400 && (after & 0x401) == 1, "flags keep what instructions set");
}

static void events(void)
{
	u64 behind = 0;

	interrupts = 0;
	__asm__ volatile("int $0x71\n int3\n int $0x71" : : : "memory");
	check_equal(interrupts, 3, "INT n and INT3 come once each");
	check_equal(TRY_ASM("ud2"), VECTOR_UD, "#UD");
	seen_flags |= trap_last.rflags;
	check_equal(TRY_ASM("mov 0xffff800000000000, %%rax"), VECTOR_PF, "#PF");
	seen_flags |= trap_last.rflags;
	check_equal(TRY_ASM("xor %%ecx, %%ecx; div %%ecx"), VECTOR_DE, "#DE");
	seen_flags |= trap_last.rflags;
	/* IRET to the next instruction, with the flags as they are. */
	__asm__ volatile("mov %%rsp, %%rcx\n mov %%ss, %%eax\n push %%rax\n push %%rcx\n pushfq\n mov %%cs, %%eax\n"
			 "push %%rax\n lea 1f(%%rip), %%rax\n push %%rax\n iretq\n 1: pushfq\n pop %0"
			 : "=r"(behind)
			 :
			 : "rax", "rcx", "memory");
	seen_flags |= behind;
}

static void halt(void)
{
	interrupts = 0;
	lapic_self_ipi(IPI_VECTOR);
	__asm__ volatile("sti\n hlt\n cli" : : : "memory");
	check_equal(interrupts, 1, "HLT ends with its interrupt");
}

static void strings(void)
{
	static u8 from[64], to[64];
	u8 *source = from, *target = to;
	u64 count = sizeof(to);

	for (unsigned i = 0; i < sizeof(from); i++)
		from[i] = (u8)(3 * i);
	__asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(count) : : "memory");
	check(to[63] == 189 && to[1] == 3 && !count, "REP MOVSB");
	__asm__ volatile("xor %%eax, %%eax\n cpuid\n out %%al, $0x80" : : : "rax", "rbx", "rcx", "rdx");
}

/* A trap of its own behind each of nop, nop, pushfq, andl and popfq. */
static void own_traps(void)
{
	traps = 0;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq\n\t"
			 "nop; nop\n\t"
			 "pushfq; andl $~0x100, (%%rsp); popfq"
			 :
			 :
			 : "memory", "cc");
	check_equal(traps, 5, "the guest's own single steps");
}

/* PUSHF on a stack that is watched: the trap comes behind it, and once. */
static void watched_push(void)
{
	static u64 stack[256] ALIGNED(16);
	u64 dr7 = DR7_FIXED | BIT(4) | 1ull << 24 | 2ull << 26; /* 2: write of 8 bytes */
	u64 behind, unseen;

	hits = 0;
	last_rip = 0;
	__asm__ volatile("mov %2, %%dr2; mov %3, %%dr7; mov %%rsp, %%rbx; lea 16(%2), %%rsp\n\t"
			 "pushfq; mov %4, %0; pushfq; 1: lea 1b(%%rip), %1; mov %%rbx, %%rsp"
			 : "=&r"(unseen), "=&r"(behind)
			 : "r"(&stack[250]), "r"(dr7), "m"(hits)
			 : "rbx", "memory", "cc");
	check(!unseen, "a write beside it is none");
	check(hits == 1 && last_dr6 & 4, "the guest's own watchpoint on its stack");
	check_equal(last_rip, behind, "a trap");
}

static void own_breakpoints(void)
{
	static volatile u32 watched;
	u64 dr7 = DR7_FIXED | 1 | BIT(2) | 1ull << 20 | 3ull << 22; /* 0: instruction; 1: write of 4 bytes */

	hits = 0;
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %%dr0; mov %0, %%dr1; mov %1, %%dr7; nop; 1: nop"
			 :
			 : "r"(&watched), "r"(dr7)
			 : "rax", "memory");
	check(hits == 1 && last_dr6 & 1, "the guest's own breakpoint");
	watched = 1;
	/* TCG loses it where there is a trap of TF's with it, a debugger's. */
	if (!processor_is_tcg())
		check(hits == 2 && last_dr6 & 2, "the guest's own watchpoint");
	__asm__ volatile("mov %%dr7, %0" : "=r"(dr7));
	check_equal(dr7 & 0xff, 5, "DR7 is the guest's");
	watched_push();
	__asm__ volatile("mov %0, %%dr7" : : "r"(DR7_FIXED));
}

void guest_main(void)
{
	lapic_init();
	trap_set_handler(INT_VECTOR, on_int);
	trap_set_handler(IPI_VECTOR, on_ipi);
	trap_set_handler(VECTOR_BP, on_int);
	trap_set_handler(VECTOR_DB, on_db);
	stepped_begin();
	flags();
	events();
	strings();
	halt();
	system_calls();
	check(!(seen_flags & RFLAGS_TF), "nobody has seen TF");
	own_traps();
	own_breakpoints();
	stepped_end();
}
