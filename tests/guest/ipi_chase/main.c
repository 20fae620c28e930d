// SPDX-License-Identifier: Apache-2.0
/*
 * No IPI is lost: processors hand tokens on to one another, each by a word in memory and then an IPI, and sleep, spin
 * or write registers of their local APICs while they have none. A token is taken by the handler alone, so that a
 * processor which is not told of it sleeps on, and the chase comes to a stand. In xAPIC mode, then in x2APIC mode.
 *
 * Then some of them run all the time without an exit, one for each processor of the machine: whoever sleeps does so
 * beside one that runs, and is to be woken at once all the same.
 *
 * Timers are armed and disarmed meanwhile, with vectors that IPIs have as well, but far from being due.
 */
#include "apic.h"
#include "base/str.h"
#include "check.h"
#include "cpu.h"
#include "machine.h"
#include "print.h"
#include "smp.h"
#include "trap.h"

#define VECTOR_FIRST 0x60 /* and the sender's index */
#define WATCH_VECTOR 0x50
#define WORST 1000000 /* ticks that a hop may take: turns of others, but not until somebody looks for other reasons */
#define HOPS 4000
#define HOPS_BESIDE 400
#define WATCH_TICKS 2000000
#define WATCH_TICKS_REAL 50000000 /* where the clock goes on while the emulator waits for a processor */
#define WATCHES_MAX 400           /* without a hop in between */
#define APIC_BASE_X2APIC BIT(10)
#define CPUID_X2APIC BIT(21)
#define CPUID_DEADLINE BIT(24)
#define FAR_AWAY (1ull << 40)
#define FAR_COUNT 0xf0000000u

static u32 ids[SMP_MAX];
static unsigned ids_count;
static volatile bool is_x2apic[SMP_MAX], wants_x2apic, is_over;
static volatile u32 mail[SMP_MAX]; /* tokens on their way to each */
static volatile u32 hops, hops_wanted, slept, spun, stands;
static volatile unsigned players; /* the others run */
static volatile u64 hop_tsc, worst;
static volatile u32 held[SMP_MAX]; /* tokens that each has, its own */
static u32 random_state[SMP_MAX];
static bool has_deadline, ticks_are_real;

static void put(unsigned index, u32 offset, u64 value)
{
	if (is_x2apic[index])
		wrmsr(MSR_X2APIC(offset), value);
	else
		lapic_write(offset, (u32)value);
}

static u32 random(unsigned index)
{
	random_state[index] = random_state[index] * 1664525 + 1013904223;
	return random_state[index] >> 8;
}

static unsigned own_index(void)
{
	u32 id =
		rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC ? (u32)rdmsr(MSR_X2APIC(LAPIC_ID)) : lapic_read(LAPIC_ID) >> 24;

	for (unsigned i = 0; i < ids_count; i++)
		if (ids[i] == id)
			return i;
	return 0;
}

static void on_ipi(struct trap_frame *f)
{
	unsigned index = own_index();

	(void)f;
	held[index] += __atomic_exchange_n(&mail[index], 0, __ATOMIC_SEQ_CST);
	put(index, LAPIC_EOI, 0);
}

static void send(unsigned from, unsigned to, u32 tokens)
{
	u32 command = ICR_ASSERT | (VECTOR_FIRST + from);

	__atomic_fetch_add(&mail[to], tokens, __ATOMIC_SEQ_CST);
	if (is_x2apic[from]) {
		wrmsr(MSR_X2APIC(LAPIC_ICR_LOW), (u64)ids[to] << 32 | command);
		return;
	}
	lapic_write(LAPIC_ICR_HIGH, ids[to] << 24);
	if (random(from) % 4 == 0) /* another register between the halves of the command */
		lapic_write(LAPIC_LVT_ERROR, LVT_MASKED | 0x70);
	lapic_write(LAPIC_ICR_LOW, command);
}

static void timer_touch(unsigned index)
{
	u32 vector = VECTOR_FIRST + random(index) % ids_count;

	put(index, LAPIC_LVT_TIMER, vector | (has_deadline ? LVT_TSC_DEADLINE : 0));
	if (has_deadline)
		wrmsr(MSR_TSC_DEADLINE, random(index) % 2 ? rdtsc() + FAR_AWAY : 0);
	else
		put(index, LAPIC_TIMER_INITIAL, random(index) % 2 ? FAR_COUNT : 0);
}

/* Interrupts are off, and on for a moment. */
static void wait(unsigned index)
{
	u32 what = random(index);

	if (what % 8 < 5) {
		slept++;
		halt_until_irq();
		return;
	}
	if (what % 8 == 7 && index)
		timer_touch(index);
	spun++;
	irq_on();
	if (what % 8 == 6) /* for as long as it takes */
		while (!held[index] && !is_over)
			;
	for (u32 i = what >> 4 & 0x3ff; i; i--)
		__asm__ volatile("" : : : "memory");
	irq_off();
}

static void token_pass(unsigned index)
{
	unsigned to = (index + 1 + random(index) % (players - 1)) % players;

	u64 now = rdtsc(), took = now - __atomic_exchange_n(&hop_tsc, now, __ATOMIC_SEQ_CST);

	if (took < BIT(63) && took > worst)
		worst = took;
	held[index]--;
	__atomic_fetch_add(&hops, 1, __ATOMIC_SEQ_CST);
	send(index, to, 1);
}

static void chase(unsigned index)
{
	while (!is_over) {
		if (index >= players)
			irq_on(); /* and round again */
		else if (held[index])
			token_pass(index);
		else
			wait(index);
	}
}

static void x2apic_enter(unsigned index)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_X2APIC);
	is_x2apic[index] = true;
}

static volatile u32 ended;

static void other(unsigned index)
{
	for (;;) {
		while (is_over)
			pause();
		chase(index);
		irq_off();
		__atomic_fetch_add(&ended, 1, __ATOMIC_SEQ_CST);
		while (is_over)
			if (wants_x2apic && !is_x2apic[index])
				x2apic_enter(index);
	}
}

/* The first processor sleeps by its watch, and looks whether there was a hop since. */
static void watch_arm(void)
{
	u32 ticks = ticks_are_real ? WATCH_TICKS_REAL : WATCH_TICKS;

	put(0, LAPIC_LVT_TIMER, WATCH_VECTOR | (has_deadline ? LVT_TSC_DEADLINE : 0));
	if (has_deadline)
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + ticks);
	else
		put(0, LAPIC_TIMER_INITIAL, ticks);
}

/* Who has what when nobody hands on. */
static void stand_print(void)
{
	for (unsigned i = 0; i < ids_count; i++)
		print("ipi_chase: processor %u has %u tokens, and %u are on their way to it\n", i, held[i], mail[i]);
}

static void on_watch(struct trap_frame *f)
{
	static u32 hops_before, still;

	(void)f;
	still = hops == hops_before ? still + 1 : 0;
	hops_before = hops;
	if (hops >= hops_wanted || still > WATCHES_MAX) {
		stands = still > WATCHES_MAX;
		if (stands)
			stand_print();
		is_over = true;
	} else {
		watch_arm();
	}
	put(0, LAPIC_EOI, 0);
}

/* "long" at the end of the command line: for who disturbs it meanwhile (tests/emu/life_test). */
static bool is_long(void)
{
	const char *line = machine_command_line();
	size_t length = strlen(line);

	return length >= 4 && strcmp(line + length - 4, "long") == 0;
}

/* Tokens are fewer than processors, so that some sleep. */
static void round(const char *mode, unsigned tokens, unsigned of, u32 wanted)
{
	worst = 0;
	hops = slept = spun = 0;
	hops_wanted = wanted;
	players = of;
	hop_tsc = rdtsc();
	stands = 0;
	ended = 0;
	for (unsigned i = 0; i < ids_count; i++)
		held[i] = mail[i] = 0;
	held[0] = tokens;
	is_over = false;
	irq_off();
	watch_arm();
	chase(0);
	irq_on();
	for (unsigned i = 1; i < ids_count; i++)
		send(0, i, 0);
	while (ended != ids_count - 1)
		pause();
	check(!stands && hops >= wanted, "%s: %u tokens among %u of %u processors come round", mode, tokens, of,
	      ids_count);
	/* Where a tick is an instruction, and nobody stops it meanwhile. */
	if (!ticks_are_real && !is_long())
		check(worst < WORST, "%s: nobody was told late: %lu ticks", mode, worst);
	print("ipi_chase: %u hops, %u sleeps, %u spins, worst %lu ticks\n", hops, slept, spun, worst);
}

static void rounds(const char *mode)
{
	round(mode, 1 + ids_count / 4, ids_count, is_long() ? 10 * HOPS : HOPS);
	if (ids_count >= 4)
		round(mode, 1, ids_count / 2, HOPS_BESIDE);
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	has_deadline = cpuid(1).ecx & CPUID_DEADLINE;
	ticks_are_real = machine_is_tcg() || processor_is_tcg();
	trap_set_handler(WATCH_VECTOR, on_watch);
	ids_count = smp_find(ids);
	check(ids_count > 1, "processors: %u", ids_count);
	for (unsigned i = 0; i < ids_count; i++) {
		trap_set_handler(VECTOR_FIRST + i, on_ipi);
		random_state[i] = i * 77 + 1;
	}
	is_over = true;
	for (unsigned i = 1; i < ids_count; i++)
		if (!check(smp_start(ids[i], i, other), "processor with APIC ID %u starts", ids[i]))
			return;
	rounds("xAPIC");
	if (!(cpuid(1).ecx & CPUID_X2APIC)) {
		skip("there is no x2APIC mode");
		return;
	}
	wants_x2apic = true;
	for (unsigned i = 1; i < ids_count; i++)
		while (!is_x2apic[i])
			pause();
	irq_off();
	x2apic_enter(0);
	rounds("x2APIC");
}
