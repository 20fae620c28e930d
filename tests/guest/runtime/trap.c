// SPDX-License-Identifier: Apache-2.0
// The interrupt descriptor table, the task state segment, and what happens on a trap.
#include "trap.h"

#include "check.h"
#include "print.h"

#define STACK_BYTES 8192

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
} PACKED;

extern u8 trap_stubs[];
extern u64 gdt[];
void trap_enter(struct trap_frame *frame);

volatile struct trap trap_last = {.vector = TRAP_NONE};
volatile u64 trap_resume;
volatile u64 trap_resume_rsp;
struct tss64 tss;

static struct gate idt[256] ALIGNED(16);
static trap_handler handlers[256];
static u8 stacks[3][STACK_BYTES] ALIGNED(16);

void trap_idt_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} PACKED pointer = {sizeof(idt) - 1, (u64)idt};

	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

void trap_reload_tss(void)
{
	u64 base = (u64)&tss;

	tss.io_map = sizeof(tss);
	for (unsigned i = 0; i < ARRAY_COUNT(stacks); i++)
		tss.ist[i] = (u64)(stacks[i] + STACK_BYTES);
	gdt[SELECTOR_TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS) : "memory");
}

void trap_init(void)
{
	for (unsigned v = 0; v < 256; v++) {
		u64 at = (u64)(trap_stubs + 16 * v);

		idt[v] = (struct gate){
			.offset_low = (u16)at,
			.selector = SELECTOR_CODE64,
			.type = 0x8e,
			.offset_mid = (u16)(at >> 16),
			.offset_high = (u32)(at >> 32),
		};
	}
	trap_reload_tss();
	trap_set_stack(VECTOR_DF, 1);
	trap_set_stack(VECTOR_NMI, 2);
	trap_idt_load();
}

void trap_set_handler(unsigned vector, trap_handler handler)
{
	handlers[vector] = handler;
}

void trap_set_stack(unsigned vector, unsigned ist)
{
	idt[vector].ist = (u8)ist;
}

void trap_set_gate_level(unsigned vector, unsigned level)
{
	idt[vector].type = (u8)(0x8e | level << 5);
}

void trap_set_present(unsigned vector, bool present)
{
	idt[vector].type = (u8)((idt[vector].type & 0x7f) | (present ? 0x80 : 0));
}

static void trap_die(const struct trap_frame *f)
{
	print("FAIL: unexpected vector %llu error %llx at %llx:%llx rflags %llx rsp %llx cr2 %llx\n",
	      (unsigned long long)f->vector, (unsigned long long)f->error, (unsigned long long)f->cs,
	      (unsigned long long)f->rip, (unsigned long long)f->rflags, (unsigned long long)f->rsp,
	      (unsigned long long)read_cr2());
	print("  rax %llx rcx %llx rdx %llx rbx %llx rsi %llx rdi %llx\n", (unsigned long long)f->rax,
	      (unsigned long long)f->rcx, (unsigned long long)f->rdx, (unsigned long long)f->rbx,
	      (unsigned long long)f->rsi, (unsigned long long)f->rdi);
	guest_exit(EXIT_UNEXPECTED);
}

void trap_enter(struct trap_frame *frame)
{
	if (frame->vector < 32 && trap_resume) {
		trap_last.vector = (u32)frame->vector;
		trap_last.error = (u32)frame->error;
		trap_last.rip = frame->rip;
		trap_last.cr2 = read_cr2();
		trap_last.rflags = frame->rflags;
		frame->rip = trap_resume;
		if (frame->cs & 3) {
			frame->cs = SELECTOR_CODE64;
			frame->ss = SELECTOR_DATA;
			frame->rsp = trap_resume_rsp;
			frame->rflags &= ~RFLAGS_IF;
		}
		trap_resume = 0;
		return;
	}
	if (!handlers[frame->vector])
		trap_die(frame);
	handlers[frame->vector](frame);
}
