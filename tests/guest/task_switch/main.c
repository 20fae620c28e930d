// SPDX-License-Identifier: Apache-2.0
// Hardware task switches by JMP, CALL, IRET, INT and an exception (SDM 3A, Task Management), which exit to a
// hypervisor.
#include "check.h"
#include "legacy.h"

#define TASK_A 0x68
#define TASK_B 0x70
#define TASK_GATE_B 0x78
#define BROKEN_SEGMENT 0x80
#define TASK_F 0x88

struct tss32 {
	u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldtr;
	u16 trap, io_map;
} PACKED;
_Static_assert(sizeof(struct tss32) == 104, "SDM 3A, Task-State Segment (TSS)");

extern u64 gdt[];
void task_from_32(void);
void task_b_code(void);
void task_f_code(void);

static struct tss32 task_a, task_b, task_f;
static u8 stacks[2][4096] ALIGNED(16);
static u64 task_idt[0x41] ALIGNED(16);
struct {
	u16 limit;
	u32 base;
} PACKED task_idt_pointer;

static u64 tss_descriptor(const struct tss32 *t)
{
	u64 base = (u64)t;

	return (sizeof(*t) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
}

static u64 task_gate(u64 selector)
{
	return selector << 16 | 0x85ull << 40;
}

static void task_init(struct tss32 *t, void (*code)(void), u8 *stack)
{
	*t = (struct tss32){
		.eip = (u32)(u64)code,
		.eflags = 2,
		.esp = (u32)(u64)stack + 4096,
		.es = SELECTOR_DATA,
		.cs = SELECTOR_CODE32,
		.ss = SELECTOR_DATA,
		.ds = SELECTOR_DATA,
		.fs = SELECTOR_DATA,
		.gs = SELECTOR_DATA,
		.io_map = sizeof(*t),
	};
}

void guest_main(void)
{
	static const char *const steps[] = {
		"JMP to a task and back",
		"registers of the first task are kept",
		"JMP again goes on behind the last",
		"CALL of a task and IRET",
		"NT is set in a called task",
		"INT through a task gate",
		"CALL through a task gate",
		"an exception through a task gate, and the instruction again",
		"its error code is on the task's stack",
		"CR0.TS is set",
	};
	u32 bits;

	task_init(&task_b, task_b_code, stacks[0]);
	task_init(&task_f, task_f_code, stacks[1]);
	gdt[TASK_A / 8] = tss_descriptor(&task_a);
	gdt[TASK_B / 8] = tss_descriptor(&task_b);
	gdt[TASK_F / 8] = tss_descriptor(&task_f);
	gdt[TASK_GATE_B / 8] = task_gate(TASK_B);
	gdt[BROKEN_SEGMENT / 8] = 0x00cf13000000ffff; /* not present */
	task_idt[0x40] = task_gate(TASK_B);
	task_idt[VECTOR_NP] = task_gate(TASK_F);
	task_idt_pointer.limit = sizeof(task_idt) - 1;
	task_idt_pointer.base = (u32)(u64)task_idt;
	bits = legacy_call(task_from_32);
	for (unsigned i = 0; i < ARRAY_COUNT(steps); i++)
		check(bits >> i & 1, "%s", steps[i]);
	check_equal(task_a.cs, SELECTOR_CODE32, "the TSS left behind holds CS");
}
