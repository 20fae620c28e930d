/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No IPI that a processor sends by itself is lost, whenever it comes: the senders' steps are put between those of the
 * CPUs that the vcpu is at, and each vector must get to the guest. What vm/ does is its own code; here are the host
 * loop (run.c), as far as that calls it, and the guest. The test that includes this plays the processors.
 */
#ifndef ETERNA_TESTS_IPI_MACHINE_H
#define ETERNA_TESTS_IPI_MACHINE_H

#define CONFIG_DEBUG 0
#include "host/lock.h"
#include "orders.h"

#include <asm/prctl.h>
#include <ucontext.h>

/* arch_prctl(2): no header has it. */
int arch_prctl(int code, unsigned long address);

/* Others get in before each atomic operation. */
static void moment(void);

#define __atomic_load_n(...) (moment(), __atomic_load_n(__VA_ARGS__))
#define __atomic_store_n(...) (moment(), __atomic_store_n(__VA_ARGS__))
#define __atomic_exchange_n(...) (moment(), __atomic_exchange_n(__VA_ARGS__))
#define __atomic_compare_exchange_n(...) (moment(), __atomic_compare_exchange_n(__VA_ARGS__))
#define __atomic_fetch_or(...) (moment(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_fetch_and(...) (moment(), __atomic_fetch_and(__VA_ARGS__))
#define __atomic_or_fetch(...) (moment(), __atomic_or_fetch(__VA_ARGS__))
#define __atomic_and_fetch(...) (moment(), __atomic_and_fetch(__VA_ARGS__))

#include "vm/apicv.c"
#include "vm/apicv_ipi.c"
#include "vm/apicv_table.c"
#include "vm/event.c"
#include "vm/run_members.c"
#include "vm/vcpu.c"

#define CPUS 2u
#define SENDERS 2u
#define FIRST_VECTOR 0x41u
#define VCPU_ID 3u

/* As the manual's tables have them. */
#define LAPIC_EOI_REGISTER 0xb0u
#define X2APIC_EOI 0x80bu
#define LAPIC_PAGE_IRR 0x200u

/*
 * Who sends an IPI: a processor by itself, the last step but one being that it tells the receiver's CPU or whoever; or
 * vm/ on a third CPU (by_software), whose steps are from one moment() to the next, and then STEP_TELL.
 */
enum step { STEP_LOOK_UP, STEP_REQUEST, STEP_DECIDE, STEP_TELL, STEP_DONE };

struct sender {
	bool by_software;
	enum step step;
	u8 vector;
	u64 found; /* by which it decided */
};

static bool processors_send;

static struct {
	struct sender sender[SENDERS];
	u32 senders;
	u32 cpu;                 /* that does what vm/ is called for */
	bool is_guest;           /* it runs the vcpu */
	bool is_alone;           /* others do not get in */
	struct sender *software; /* what is carried out is its step, on the third CPU */
	ucontext_t host, third;  /* where the two go on */
	bool is_ready;           /* the vcpu, for the scheduler */
	bool got[256];           /* the guest, by vector */
	struct vm vm;
	struct vcpu vcpu;
	struct lapic_page page;
	struct cpu cpus[CPUS];
	struct run_cpu runs[CPUS];
} m;

struct run_cpu *runs[CPUS_MAX];
struct cpu *cpu_at[CPUS_MAX];
u32 cpu_count = CPUS;

/* --- what the test gives ----------------------------------------------------------------------------------------- */

/* The rest of a machine at its start, in which processors_send or not: ends with machine_lend(). */
static void start(void);
/* May the processor take its next step? Host interrupts are on at some moments only. */
static bool sender_can(const struct sender *s, bool can_interrupt);
static void sender_step(struct sender *s);
/* HOST_VECTOR_POSTED, or the doorbell. */
static void notify(u32 cpu);
/* The guest is entered, and goes on for some time. */
static void guest_runs(struct vcpu *v);

/* --- processors -------------------------------------------------------------------------------------------------- */

static void cpu_become(u32 cpu)
{
	m.cpu = cpu;
	m.cpus[cpu].self = &m.cpus[cpu];
	assert_int_equal(arch_prctl(ARCH_SET_GS, (unsigned long)&m.cpus[cpu]), 0);
}

/* accept() and board_lapic_flags() of board_irq.c */
static void third_cpu(void)
{
	struct apic_msg msg = {.delivery = APIC_FIXED, .vector = m.software->vector};

	vm_lock(&m.vm);
	if (!(lapic_accept(&m.vcpu.lapic, &msg) & LAPIC_IRR) || !apicv_post(&m.vcpu))
		vcpu_kick(&m.vcpu, PENDING_INTERRUPT);
	vm_unlock(&m.vm);
	if (m.software->step != STEP_TELL)
		m.software->step = STEP_DONE;
	m.software = NULL;
	setcontext(&m.host);
}

static void software_step(struct sender *s)
{
	static u8 stack[65536];

	if (s->step == STEP_TELL) {
		s->step = STEP_DONE;
		notify((u32)s->found);
		return;
	}
	m.software = s;
	if (s->step == STEP_LOOK_UP) {
		s->step = STEP_REQUEST;
		getcontext(&m.third);
		m.third.uc_stack = (stack_t){.ss_sp = stack, .ss_size = sizeof(stack)};
		makecontext(&m.third, third_cpu, 0);
	}
	swapcontext(&m.host, &m.third);
}

static bool software_can(const struct sender *s, bool can_interrupt)
{
	if (s->step == STEP_TELL)
		return can_interrupt || m.is_guest || s->found != m.cpu;
	return s->step != STEP_LOOK_UP || !m.vm.lock.word.held;
}

static bool can_step(const struct sender *s, bool can_interrupt)
{
	if (s->step == STEP_DONE)
		return false;
	return s->by_software ? software_can(s, can_interrupt) : sender_can(s, can_interrupt);
}

static void step(struct sender *s)
{
	if (s->by_software)
		software_step(s);
	else
		sender_step(s);
}

/* As many steps of others as there are chosen here. */
static void others(bool can_interrupt)
{
	if (m.is_alone)
		return;
	m.is_alone = true;
	for (;;) {
		struct sender *can[SENDERS];
		u32 count = 0;
		u32 chosen;

		for (u32 i = 0; i < m.senders; i++)
			if (can_step(&m.sender[i], can_interrupt))
				can[count++] = &m.sender[i];
		chosen = choose(count + 1);
		if (!chosen)
			break;
		step(can[chosen - 1]);
	}
	m.is_alone = false;
}

static void moment(void)
{
	if (m.software) {
		m.software = NULL;
		swapcontext(&m.third, &m.host);
	} else {
		others(false);
	}
}

/* The vectors that are requested in the page are delivered to the guest, and it ends them. */
static void guest_takes_requested(void)
{
	for (u8 vector; (vector = lapic_page_requested(&m.page));) {
		m.page.word[LAPIC_PAGE_IRR / 4 + vector / 32 * 4] &= ~(u32)BIT(vector % 32);
		m.got[vector] = true;
	}
}

static void lost(u32 sender, const char *how)
{
	orders_print();
	fail_msg("the IPI of sender %u is %s", sender, how);
}

/* Where a guest might go on for ever each IPI that was sent is there, or what brings it is on its way. */
static void guest_check(void)
{
	bool is_late = !m.runs[m.cpu].has_work && !m.vcpu.pending;

	for (u32 i = 0; i < m.senders; i++)
		is_late &= m.sender[i].step != STEP_TELL;
	for (u32 i = 0; i < m.senders && is_late; i++)
		if (m.sender[i].step == STEP_DONE && !m.got[m.sender[i].vector])
			lost(i, "late");
}

/* --- the host loop ----------------------------------------------------------------------------------------------- */

void run_request_work(void)
{
	m.runs[m.cpu].has_work = true;
}

/* One that is chosen leaves its guest, and sees `pending`. */
void run_tell(struct vcpu *v)
{
	if (!__atomic_load_n(&v->is_chosen, __ATOMIC_SEQ_CST))
		m.is_ready = true;
}

/* These two are called on the third CPU. */
bool run_is_on_other_cpu(const struct vcpu *v)
{
	return __atomic_load_n(&v->is_chosen, __ATOMIC_SEQ_CST);
}

void run_notify(struct vcpu *v)
{
	if (!__atomic_load_n(&v->is_chosen, __ATOMIC_SEQ_CST)) {
		m.is_ready = true;
		return;
	}
	m.software->found = __atomic_load_n(&v->cpu, __ATOMIC_SEQ_CST);
	m.software->step = STEP_TELL;
}

static void mode_leave(struct vcpu *v)
{
	vm_lock(v->vm);
	apicv_leave(v);
	vm_unlock(v->vm);
}

/* vcpus_attend() */
static void attend(u32 cpu)
{
	struct vcpu *v = m.runs[cpu].first;

	cpu_become(cpu);
	m.runs[cpu].has_work = false;
	if (v && apicv_has_ipis(v))
		apicv_look(v);
}

/* vcpu_run() */
static void run_until_halt(struct vcpu *v, bool leaves_mode)
{
	if (apicv_has_ipis(v))
		apicv_open(v);
	others(true);
	apicv_run_begin(v);
	if (vcpu_pending(v))
		assert_true(event_deliver(v));
	m.is_guest = true;
	guest_runs(v);
	m.is_guest = false;
	guest_check();
	if (leaves_mode)
		mode_leave(v);
	assert_true(vcpu_halt(v));
	apicv_run_end(v);
	if (apicv_has_ipis(v))
		apicv_close(v);
}

/* round_do(): the scheduler has given it to this CPU, and takes it back when it waits. */
static void turn(u32 cpu, bool leaves_mode)
{
	struct vcpu *v = &m.vcpu;

	cpu_become(cpu);
	m.is_ready = false;
	run_take_over(runs[cpu], v);
	__atomic_store_n(&v->is_chosen, true, __ATOMIC_SEQ_CST);
	while (vcpu_is_runnable(v)) {
		runs[cpu]->loaded = v;
		run_until_halt(v, leaves_mode);
	}
	runs[cpu]->loaded = NULL;
	__atomic_store_n(&v->is_chosen, false, __ATOMIC_SEQ_CST);
	m.is_ready |= vcpu_is_runnable(v);
}

/* Something that does not end its HLT: the scheduler chooses it, and it goes on waiting. */
static void turn_for_nothing(u32 cpu)
{
	vcpu_kick(&m.vcpu, PENDING_INTERRUPT);
	turn(cpu, false);
}

static bool all_are_done(void)
{
	for (u32 i = 0; i < m.senders; i++)
		if (m.sender[i].step != STEP_DONE)
			return false;
	return true;
}

/* Others come to their ends, and all CPUs do what they were told to. */
static void settle(void)
{
	m.is_alone = true;
	while (!all_are_done())
		for (u32 i = 0; i < m.senders; i++)
			if (can_step(&m.sender[i], true))
				step(&m.sender[i]);
	for (u32 round = 0; m.is_ready || m.runs[0].has_work || m.runs[1].has_work; round++) {
		assert_true(round < 16);
		for (u32 cpu = 0; cpu < CPUS; cpu++)
			if (m.runs[cpu].has_work)
				attend(cpu);
		if (m.is_ready)
			turn(m.vcpu.cpu, false);
	}
}

/* --- what the backend and the devices do here -------------------------------------------------------------------- */

static void mode_set(struct hvm_vcpu *v, enum hvm_apic mode)
{
	v->apic_mode = mode;
}

static void vectors_set_nothing(struct hvm_vcpu *v, u8 requested, u8 in_service)
{
	(void)v;
	(void)requested;
	(void)in_service;
}

static void level_set_nothing(struct hvm_vcpu *v, const u64 vectors[4])
{
	(void)v;
	(void)vectors;
}

static void window_nothing(struct hvm_vcpu *v, bool interrupts, bool nmis)
{
	(void)v;
	(void)interrupts;
	(void)nmis;
}

/* The guest ends it at once, by an exit. */
static void inject(struct hvm_vcpu *v, const struct event *event)
{
	struct lapic *l = &m.vcpu.lapic;
	struct lapic_effects effects;

	(void)v;
	m.got[event->vector] = true;
	if (l->base & APIC_BASE_X2APIC)
		assert_int_equal(lapic_msr_write(l, X2APIC_EOI, 0, 0, &effects), OK);
	else
		lapic_mmio_write(l, LAPIC_EOI_REGISTER, 0, 0, &effects);
	if (lapic_pending_vector(l))
		vcpu_pending_add(&m.vcpu, PENDING_INTERRUPT);
}

bool board_has_extint(const struct vcpu *v)
{
	(void)v;
	return false;
}

u8 board_ack_extint(struct vcpu *v)
{
	(void)v;
	return 0;
}

u32 apic_posted_destination(u32 apic_id)
{
	return apic_id;
}

void vm_unlock(struct vm *vm)
{
	lock_drop(&vm->lock);
}

/* Only the third CPU has a lock when others get in. */
void lock_wait(struct lock *l)
{
	while (l->word.held)
		for (u32 i = 0; i < m.senders; i++)
			if (m.sender[i].by_software && m.sender[i].step == STEP_REQUEST)
				step(&m.sender[i]);
	l->word.held = true;
}

bool vm_is_halted_for_good(const struct vm *vm)
{
	(void)vm;
	return false;
}

/* These are not called: no mapping goes, there is no timer, no INIT and no debugger. */
bool debug_lets_run(const struct vcpu *v)
{
	(void)v;
	fail();
	return false;
}

void memory_lock_take(void)
{
	fail();
}

void memory_lock_drop(void)
{
	fail();
}

void run_timer_ran_out(struct vcpu *v)
{
	(void)v;
	fail();
}

bool run_timer_post(struct vcpu *v)
{
	(void)v;
	fail();
	return false;
}

/* --- the tests --------------------------------------------------------------------------------------------------- */

/* The vcpu is in the list of CPU 0, and its local APIC is in the mode that was set. */
static void machine_start(u32 senders, u32 processors)
{
	struct vcpu *v = &m.vcpu;

	memset(&m, 0, sizeof(m));
	m.is_alone = true;
	m.senders = senders;
	for (u32 i = 0; i < SENDERS; i++)
		m.sender[i] = (struct sender){.vector = (u8)(FIRST_VECTOR + i), .by_software = i >= processors};
	for (u32 i = 0; i < CPUS; i++) {
		runs[i] = &m.runs[i];
		cpu_at[i] = &m.cpus[i];
		m.runs[i].index = m.cpus[i].index = m.cpus[i].apic_id = i;
	}
	m.vm.state = VM_RUNNING;
	m.vm.vcpu_count = 1;
	m.vm.vcpu[0] = v;
	v->vm = &m.vm;
	v->hvm.vm = &m.vm.hvm;
	v->hvm.apic_id = VCPU_ID;
	v->hvm.apic_page = &m.page;
	v->hvm.fetched = STATE_ALL;
	v->hvm.state.rflags = RFLAGS_IF;
}

/* To be called when the test has set the rest. */
static void machine_lend(bool is_x2apic, enum hvm_apic mode)
{
	const struct lapic_config config = {.apic_id = VCPU_ID,
					    .timer_hz = 25000000,
					    .phys_bits = 39,
					    .has_x2apic = true,
					    .starts_x2apic = is_x2apic};
	struct vcpu *v = &m.vcpu;

	lapic_init(&v->lapic, &config);
	lapic_virtual_wire(&v->lapic);
	v->hvm.apic_mode = mode;
	cpu_become(0);
	list_add(&m.runs[0], v);
	lend(v);
	if (apicv_has_ipis(v))
		apicv_close(v);
	m.is_alone = false;
}

static void work_at_any_time(void)
{
	for (u32 cpu = 0; cpu < CPUS; cpu++)
		if (m.runs[cpu].has_work && choose(2))
			attend(cpu);
}

/* The vcpu runs, and then is chosen so many times again, on either CPU, for nothing. */
static void run_order(u32 senders, u32 processors, u32 turns, bool leaves_mode)
{
	machine_start(senders, processors);
	start();
	turn(0, leaves_mode);
	for (u32 i = 0; i < turns; i++) {
		others(true);
		work_at_any_time();
		turn_for_nothing(choose(CPUS));
	}
	settle();
	for (u32 i = 0; i < m.senders; i++)
		if (!m.got[m.sender[i].vector])
			lost(i, "lost");
}

/* In all orders with a processor that sends, and in some of very many with two senders. */
static void run_orders(u32 turns, bool leaves_mode)
{
	orders_all_begin();
	while (processors_send) {
		run_order(1, 1, turns, leaves_mode);
		if (!orders_next())
			break;
	}
	orders_chance_begin(1);
	for (u32 i = 0; i < 100000; i++) {
		orders.count = 0;
		run_order(SENDERS, processors_send ? 1 + i % 2 : 0, turns, leaves_mode);
	}
}

static void none_is_lost_when_it_waits(void **state)
{
	(void)state;
	run_orders(0, false);
}

static void none_is_lost_when_it_moves(void **state)
{
	(void)state;
	run_orders(2, false);
}

static void none_is_lost_when_software_takes_over(void **state)
{
	(void)state;
	run_orders(1, true);
}

/* Returns how many failed. */
static int machine_tests(bool by_processors)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_lost_when_it_waits),
		cmocka_unit_test(none_is_lost_when_it_moves),
		cmocka_unit_test(none_is_lost_when_software_takes_over),
	};

	processors_send = by_processors;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
