// SPDX-License-Identifier: Apache-2.0
// Kicks, calls and the stop between CPUs.
#include "host/ipi.h"

#include "base/cpu_set.h"
#include "host/apic.h"
#include "host/clock.h"
#include "host/lock.h"
#include "host/trap.h"

#define STOP_PATIENCE_NS (100 * NS_PER_MS)

/*
 * The one call under way. Written by who owns it, before the number in `call_wanted` of each CPU that is asked: only
 * those look here, and the owner waits for them before it writes again.
 */
static struct {
	u32 owned;
	u32 number; /* of the last call; the owner's */
	void (*function)(void *context);
	void *context;
} call;

static void kick_interrupt(void)
{
	apic_eoi();
}

static void call_interrupt(void)
{
	apic_eoi();
	ipi_poll();
}

void ipi_init(void)
{
	trap_set_handler(HOST_VECTOR_KICK, kick_interrupt);
	trap_set_handler(HOST_VECTOR_CALL, call_interrupt);
}

void ipi_kick(u32 cpu)
{
	if (cpu != this_cpu()->index)
		apic_send(cpu_at[cpu]->apic_id, HOST_VECTOR_KICK);
}

void ipi_kick_self(void)
{
	apic_send(this_cpu()->apic_id, HOST_VECTOR_KICK);
	while (!apic_is_waiting(HOST_VECTOR_KICK))
		pause();
}

void ipi_notify(u32 cpu)
{
	apic_send(cpu_at[cpu]->apic_id, HOST_VECTOR_POSTED);
}

void ipi_poll(void)
{
	struct cpu_shared *own = &this_cpu()->shared;
	u32 number = __atomic_load_n(&own->call_wanted, __ATOMIC_ACQUIRE);

	if (own->call_done == number)
		return;
	call.function(call.context);
	__atomic_store_n(&own->call_done, number, __ATOMIC_RELEASE);
}

/* A CPU that waits in the gate neither has anything to do nor can answer. */
static bool is_asked(const struct cpu_set *cpus, u32 cpu)
{
	return cpu_set_has(cpus, cpu) && cpu_at[cpu] != this_cpu() && cpu_phase_of(cpu_at[cpu]) == CPU_RUNNING;
}

static void call_send(u32 cpu)
{
	__atomic_store_n(&cpu_at[cpu]->shared.call_wanted, call.number, __ATOMIC_RELEASE);
	apic_send(cpu_at[cpu]->apic_id, HOST_VECTOR_CALL);
}

static void call_await(u32 cpu)
{
	while (__atomic_load_n(&cpu_at[cpu]->shared.call_done, __ATOMIC_ACQUIRE) != call.number)
		pause();
}

void ipi_call_on(const struct cpu_set *cpus, void (*function)(void *context), void *context)
{
	struct cpu_set asked = {{0}};

	lock_check_none();
	while (__atomic_exchange_n(&call.owned, 1, __ATOMIC_ACQUIRE)) {
		ipi_poll();
		pause();
	}
	call.function = function;
	call.context = context;
	call.number++;
	for (u32 i = cpu_set_next(cpus, 0); i != CPU_SET_NONE; i = cpu_set_next(cpus, i + 1)) {
		if (!is_asked(cpus, i))
			continue;
		cpu_set_add(&asked, i);
		call_send(i);
	}
	if (cpu_set_has(cpus, this_cpu()->index))
		function(context);
	for (u32 i = cpu_set_next(&asked, 0); i != CPU_SET_NONE; i = cpu_set_next(&asked, i + 1))
		call_await(i);
	__atomic_store_n(&call.owned, 0, __ATOMIC_RELEASE);
}

void ipi_call(void (*function)(void *context), void *context)
{
	struct cpu_set all = cpu_set_first(__atomic_load_n(&cpu_count, __ATOMIC_ACQUIRE));

	ipi_call_on(&all, function, context);
}

static void flush(void *context)
{
	(void)context;
	write_cr3(read_cr3());
}

void ipi_flush_host(void)
{
	ipi_call(flush, NULL);
}

void ipi_stop_others(void)
{
	u64 end = clock_tsc() + clock_ns_to_tsc(STOP_PATIENCE_NS);

	for (u32 i = 0; i < cpu_count; i++)
		if (cpu_at[i] != this_cpu())
			apic_send_nmi(cpu_at[i]->apic_id);
	for (u32 i = 0; i < cpu_count; i++)
		while (cpu_at[i] != this_cpu() && cpu_phase_of(cpu_at[i]) != CPU_STOPPED && clock_tsc() < end)
			pause();
}
