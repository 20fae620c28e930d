// SPDX-License-Identifier: Apache-2.0
// Prints who runs where. Other CPUs go on meanwhile: each figure was true a moment ago.
#include "main/cpu_command.h"

#include "host/apic.h"
#include "host/clock.h"
#include "host/numa.h"
#include "main/fleet.h"
#include "vm/run.h"
#include "vm/schedule.h"

/* Of the time since this was last asked, or since ETERNA's clock began. */
static u32 load_percent(u32 cpu, u64 now_ns)
{
	static struct {
		u64 asked_ns, busy_ns;
	} last[CPUS_MAX];
	u64 busy = schedule_busy_ns(cpu);
	u64 passed = now_ns - last[cpu].asked_ns;
	u64 percent = passed ? (busy - MIN(busy, last[cpu].busy_ns)) * 100 / passed : 0;

	last[cpu].asked_ns = now_ns;
	last[cpu].busy_ns = busy;
	return (u32)MIN(percent, 100);
}

static void timer_print(u32 cpu, u64 now_tsc, struct fmt_sink *out)
{
	u64 due = run_timer_tsc(cpu);

	if (due == NEVER)
		fmt_print(out, "  %12s", "off");
	else
		fmt_print(out, "  %9lu us", clock_tsc_to_ns(due - MIN(due, now_tsc)) / NS_PER_US);
}

void cpu_command_cpus(const struct command_call *call)
{
	u64 now = clock_tsc();

	fmt_print(call->out, "  CPU  APIC id  node  vcpus   load         timer  runs (%s timers)\n", apic_timer_name());
	for (u32 i = 0; i < cpu_count; i++) {
		const struct vcpu *v = run_chosen(i);

		fmt_print(call->out, "  %3u  %7u  %4u  %5u  %3u %%", i, cpu_at[i]->apic_id,
			  host_numa_node_of(cpu_at[i]->apic_id), schedule_count(i),
			  load_percent(i, clock_tsc_to_ns(now)));
		timer_print(i, now, call->out);
		if (v)
			fmt_print(call->out, "  %s/%u\n", v->vm->name, v->index);
		else
			fmt_print(call->out, "  -\n");
	}
}

static const char *state_text(const struct vcpu *v)
{
	static const char *const texts[] = {
		[SCHED_ABSENT] = "absent", [SCHED_WAITING] = "waits", [SCHED_READY] = "ready",
		[SCHED_HELD] = "held",     [SCHED_RUNNING] = "runs",
	};

	return vm_is_running(v->vm) ? texts[v->entity.state] : "stopped";
}

static void vcpus_print(const struct vm *vm, struct fmt_sink *out)
{
	char allowed[CPU_SET_TEXT_BYTES];

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *v = vm->vcpu[i];

		cpu_set_text(&v->entity.allowed, allowed, sizeof(allowed));
		fmt_print(out, "  %15s/%-2u  %3u  %-7s  %7lu  %6u  %9lu ms  %s%s\n", vm->name, i, v->cpu, state_text(v),
			  v->moves, v->entity.weight, schedule_service_ns(v) / NS_PER_MS, allowed,
			  v->entity.is_movable ? "" : ", stays");
	}
}

void cpu_command_vcpus(const struct command_call *call)
{
	const struct fleet_vm *one = call->word_count > 1 ? fleet_find(call->words[1]) : NULL;

	if (call->word_count > 1 && (!one || !one->vm)) {
		fmt_print(call->out, "no VM \"%s\" that runs; \"vms\" lists them\n", call->words[1]);
		return;
	}
	fmt_print(call->out, "             vcpu    CPU  state      moves  weight          time  may run on\n");
	for (u32 i = 0; i < fleet_count; i++)
		if (fleet[i].vm && (!one || one == &fleet[i]))
			vcpus_print(fleet[i].vm, call->out);
}
