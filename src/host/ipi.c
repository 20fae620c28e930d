// SPDX-License-Identifier: Apache-2.0
// Kicks, calls and the stop between CPUs.
#include "host/ipi.h"

#include "host/apic.h"
#include "host/clock.h"
#include "host/lock.h"
#include "host/trap.h"

#define STOP_PATIENCE_NS (100 * NS_PER_MS)

/* The one call under way; `number` is odd while it is. Written by who owns it, before the number. */
static struct {
	u32 owned;
	u32 number;
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

void ipi_poll(void)
{
	struct cpu *cpu = this_cpu();
	u32 number = __atomic_load_n(&call.number, __ATOMIC_ACQUIRE);

	if (!(number & 1) || cpu->shared.call_done == number)
		return;
	call.function(call.context);
	__atomic_store_n(&cpu->shared.call_done, number, __ATOMIC_RELEASE);
}

/* A CPU that waits in the gate neither has anything to do nor can answer. */
static bool is_asked(const struct cpu *cpu)
{
	return cpu != this_cpu() && cpu_phase_of(cpu) == CPU_RUNNING;
}

void ipi_call(void (*function)(void *context), void *context)
{
	u8 is_due[CPUS_MAX]; /* a CPU that is released meanwhile was not asked */
	u32 count = __atomic_load_n(&cpu_count, __ATOMIC_ACQUIRE);
	u32 number;

	lock_check_none();
	while (__atomic_exchange_n(&call.owned, 1, __ATOMIC_ACQUIRE)) {
		ipi_poll();
		pause();
	}
	call.function = function;
	call.context = context;
	number = call.number + 1;
	this_cpu()->shared.call_done = number;
	__atomic_store_n(&call.number, number, __ATOMIC_RELEASE);
	for (u32 i = 0; i < count; i++) {
		is_due[i] = is_asked(cpu_at[i]);
		if (is_due[i])
			apic_send(cpu_at[i]->apic_id, HOST_VECTOR_CALL);
	}
	function(context);
	for (u32 i = 0; i < count; i++)
		while (is_due[i] && __atomic_load_n(&cpu_at[i]->shared.call_done, __ATOMIC_ACQUIRE) != number)
			pause();
	__atomic_store_n(&call.number, number + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&call.owned, 0, __ATOMIC_RELEASE);
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
