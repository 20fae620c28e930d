// SPDX-License-Identifier: Apache-2.0
// Hardware task switches: the steps that SDM 3A (Task Switching) numbers. Up to the commit nothing changes; after it
// faults are the new task's.
#include "emul/task_switch.h"

#include "emul/descriptor.h"
#include "emul/stack.h"
#include "emul/task_segments.h"
#include "emul/tss.h"

#define TYPE_TSS_32BIT 8 /* a bit */
#define LINK_BYTES 2
#define TYPE_OFFSET 5 /* of the byte with the type, in a descriptor */

/* DR7: every switch clears the breakpoints that are enabled for a task (SDM 3A, Debug Control Register (DR7)). */
#define DR7_LOCAL 0x155ull

#define EFLAGS_DEFINED                                                                                                 \
	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_OF |   \
	 RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC | RFLAGS_VIF | RFLAGS_VIP | RFLAGS_ID)

/* Attempts to set a bit in a descriptor that other CPUs keep changing, once there is no way back. */
#define TRIES_MAX 16

/* A switch under way: what it reads and writes is found, and may be accessed, before anything changes. */
struct change {
	struct exec x;
	struct task_switch *task;
	struct descriptor descriptor; /* the new TSS's */
	struct segment tss;           /* what TR will be */
	const struct tss_format *old_format;
	const struct tss_format *new_format;
	struct span saved;     /* the old TSS, where registers go */
	struct span old_type;  /* the byte of the old TSS's descriptor with the busy bit */
	struct span link;      /* of the new TSS */
	struct span new_image; /* the new TSS, whole */
};

static bool is_nesting(const struct task_switch *t)
{
	return t->cause == TASK_CALL || t->cause == TASK_EVENT;
}

static const struct tss_format *format_of(const struct segment *tss)
{
	return GET(SEG_TYPE, tss->access) & TYPE_TSS_32BIT ? &tss_format_32 : &tss_format_16;
}

/* The descriptor of the new TSS: in the GDT, a TSS, free (for IRET busy), present, long enough. */
static err_t find_tss(struct change *c)
{
	struct exec *x = &c->x;
	bool is_return = c->task->cause == TASK_IRET;
	enum vector vector = is_return ? VECTOR_TS : VECTOR_GP;
	u16 selector = c->task->selector;
	u32 wanted = TYPE_TSS16 | (is_return ? TYPE_TSS_BUSY : 0);
	err_t err;

	if (selector & SELECTOR_LOCAL || selector_is_null(selector))
		return selector_fault(x, vector, selector);
	err = descriptor_read(x, selector, vector, &c->descriptor);
	if (err)
		return err;
	c->tss = descriptor_segment(&c->descriptor);
	if (c->tss.access & SEG_S || (GET(SEG_TYPE, c->tss.access) & ~(u64)TYPE_TSS_32BIT) != wanted)
		return selector_fault(x, vector, selector);
	if (!(c->tss.access & SEG_P))
		return selector_fault(x, VECTOR_NP, selector);
	c->old_format = format_of(&x->cpu->seg[SEG_TR]);
	c->new_format = format_of(&c->tss);
	if (c->tss.limit < c->new_format->bytes - 1u || x->cpu->seg[SEG_TR].limit < c->old_format->bytes - 1u)
		return selector_fault(x, VECTOR_TS, selector);
	return OK;
}

static err_t open_at(struct change *c, u64 linear, u32 bytes, unsigned access, struct span *span)
{
	return span_open_linear(&c->x, (u32)linear, bytes, access | ACCESS_IMPLICIT, span);
}

/* Translate all that will be accessed, so that page faults come now. */
static err_t open_all(struct change *c)
{
	const struct cpu_state *cpu = c->x.cpu;
	const struct segment *old = &cpu->seg[SEG_TR];
	u64 old_descriptor = cpu->gdtr_base + (old->selector & 0xfff8u);
	err_t err =
		open_at(c, old->base + c->old_format->words, tss_saved_bytes(c->old_format), ACCESS_WRITE, &c->saved);

	if (!err)
		err = open_at(c, c->tss.base, c->new_format->bytes, ACCESS_READ, &c->new_image);
	if (!err && is_nesting(c->task))
		err = open_at(c, c->tss.base, LINK_BYTES, ACCESS_WRITE, &c->link);
	if (!err && !is_nesting(c->task))
		err = open_at(c, old_descriptor + TYPE_OFFSET, 1, ACCESS_WRITE, &c->old_type);
	return err;
}

/* The old TSS's descriptor is free again. */
static err_t free_old(struct change *c)
{
	u8 type;
	err_t err = span_read(&c->x, &c->old_type, &type);

	type &= (u8)~TYPE_TSS_BUSY;
	return err ? err : span_write(&c->x, &c->old_type, &type);
}

static err_t save_old(struct change *c)
{
	struct cpu_state *cpu = c->x.cpu;
	u32 eflags = (u32)cpu->rflags;
	u8 saved[TSS_BYTES_MAX];
	err_t err = span_read(&c->x, &c->saved, saved);

	if (err)
		return err;
	if (c->task->cause == TASK_IRET)
		eflags &= ~(u32)RFLAGS_NT;
	tss_save(c->old_format, saved, cpu, (u32)cpu->rip + c->task->insn_bytes, eflags);
	return span_write(&c->x, &c->saved, saved);
}

/*
 * Everything that goes to memory, then the new TSS. Marking the new descriptor comes first since that alone may have to
 * be tried again; an order that only a task switching to itself could tell.
 */
static err_t exchange(struct change *c, struct task_state *task)
{
	u16 link = c->x.cpu->seg[SEG_TR].selector;
	u8 image[TSS_BYTES_MAX];
	err_t err = OK;

	if (c->task->cause != TASK_IRET)
		err = descriptor_mark(&c->x, &c->descriptor, DESCRIPTOR_BUSY);
	if (!err && !is_nesting(c->task))
		err = free_old(c);
	if (!err)
		err = save_old(c);
	if (!err && is_nesting(c->task))
		err = span_write(&c->x, &c->link, &link);
	if (!err)
		err = span_read(&c->x, &c->new_image, image);
	if (!err)
		tss_load(c->new_format, image, task);
	return err;
}

/* All registers but the segments'. Translations of the old address space are forgotten. */
static void load_registers(struct change *c, const struct task_state *task)
{
	struct cpu_state *cpu = c->x.cpu;

	c->tss.access |= TYPE_TSS_BUSY;
	segment_set(&c->x, SEG_TR, &c->tss);
	cpu->cr0 |= CR0_TS;
	if (cpu->cr0 & CR0_PG && c->new_format->cr3)
		cpu->cr3 = task->cr3;
	cpu->dr7 &= ~DR7_LOCAL;
	cpu->rip = task->eip;
	cpu->rflags = (task->eflags & EFLAGS_DEFINED) | RFLAGS_FIXED | (is_nesting(c->task) ? RFLAGS_NT : 0);
	for (unsigned i = 0; i < ARRAY_COUNT(task->gpr); i++)
		cpu->gpr[i] = task->gpr[i];
	c->x.read_at.page = 1;
	c->x.write_at.page = 1;
	c->x.is_jump = true;
	c->x.result->changed |= EMUL_CHANGED_CONTROL | EMUL_CHANGED_DEBUG;
}

/* In the new task already: what fails now is its exception. */
static err_t enter(struct change *c, const struct task_state *task)
{
	err_t err = ERR_BUSY;

	load_registers(c, task);
	task_segments_start(&c->x, task);
	for (unsigned tries = 0; err == ERR_BUSY && tries < TRIES_MAX; tries++)
		err = task_segments_load(&c->x, task);
	if (!err)
		err = exec_check_target(&c->x, task->eip);
	if (!err && c->task->has_error)
		err = stack_push(&c->x, c->task->error, c->new_format->word_bytes);
	return err == ERR_BUSY ? ERR_STATE : err;
}

static err_t change(struct change *c)
{
	struct task_state task;
	err_t err;

	if (c->x.cpu->efer & EFER_LMA)
		return selector_fault(&c->x, VECTOR_GP, c->task->selector);
	err = find_tss(c);
	if (!err)
		err = open_all(c);
	if (!err)
		err = exchange(c, &task);
	if (err)
		return err;
	c->task->is_committed = true;
	c->task->traps = task.traps;
	return enter(c, &task);
}

/* Faults with a selector tell whether the event came from outside (SDM 3A, Error Code). */
static void mark_external(struct emul_result *result)
{
	switch (result->vector) {
	case VECTOR_TS:
	case VECTOR_NP:
	case VECTOR_SS:
	case VECTOR_GP:
		result->error_code |= 1;
		break;
	default:
		break;
	}
}

enum emul_status task_switch(struct emul *e, struct task_switch *t, struct emul_result *result)
{
	struct change c;
	err_t err;

	exec_init(&c.x, e, result);
	c.task = t;
	t->is_committed = false;
	t->traps = false;
	err = change(&c);
	if (err == ERR_FAULT && t->is_external)
		mark_external(result);
	return exec_status(&c.x, err);
}
