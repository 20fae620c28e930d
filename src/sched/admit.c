// SPDX-License-Identifier: Apache-2.0
// Who takes part: CPUs, their owners, and entities, whose reservations must fit.
#include "base/fmt.h"
#include "base/mem.h"
#include "sched/sched_priv.h"

void sched_init(struct sched *s, struct sched_cpu *cpu, const struct cpu_set *cpus, struct sched_locks *locks)
{
	*s = (struct sched){.cpu = cpu, .cpus = *cpus, .locks = locks, .cpu_count = cpu_set_count(cpus)};
	s->scan_count = MIN(s->cpu_count, 2 + bit_highest(s->cpu_count | 1));
	for (u32 i = cpu_set_next(cpus, 0); i != CPU_SET_NONE; i = cpu_set_next(cpus, i + 1)) {
		memset(&cpu[i], 0, sizeof(cpu[i]));
		cpu[i].owner = SCHED_NO_OWNER;
		atomic_store(&cpu[i].look_at, SCHED_NO_CPU);
	}
}

err_t sched_own(struct sched *s, u32 cpu, u32 owner)
{
	if (!cpu_set_has(&s->cpus, cpu))
		return ERR_NOENT;
	if (s->cpu[cpu].owner != SCHED_NO_OWNER && s->cpu[cpu].owner != owner)
		return ERR_BUSY;
	s->cpu[cpu].owner = owner;
	return OK;
}

static err_t params_check(const struct sched_params *p, char *why)
{
	if (p->weight < 1 || p->weight > SCHED_WEIGHT_MAX || p->cap_percent < 1 || p->cap_percent > SCHED_CAP_NONE) {
		fmt_string(why, SCHED_WHY_BYTES, "weight %u or cap %u is out of range", p->weight, p->cap_percent);
		return ERR_RANGE;
	}
	if (!p->budget_ns)
		return OK;
	if (p->period_ns < SCHED_PERIOD_MIN_NS || p->period_ns > SCHED_PERIOD_MAX_NS ||
	    p->budget_ns < SCHED_BUDGET_MIN_NS || p->budget_ns > p->period_ns) {
		fmt_string(why, SCHED_WHY_BYTES, "a budget of %llu us in %llu us is out of range",
			   (unsigned long long)(p->budget_ns / NS_PER_US),
			   (unsigned long long)(p->period_ns / NS_PER_US));
		return ERR_RANGE;
	}
	if (reserve_ppm(p->budget_ns, p->period_ns) > p->cap_percent * 10000) {
		fmt_string(why, SCHED_WHY_BYTES, "the reservation is more than the cap of %u %%", p->cap_percent);
		return ERR_RANGE;
	}
	return OK;
}

/* The CPUs that it asked for and may have. */
static err_t allowed_find(const struct sched *s, const struct sched_params *p, struct cpu_set *allowed, char *why)
{
	bool is_anywhere = cpu_set_is_empty(&p->cpus);
	char wanted[CPU_SET_TEXT_BYTES];
	char have[CPU_SET_TEXT_BYTES];

	*allowed = is_anywhere ? s->cpus : cpu_set_and(&p->cpus, &s->cpus);
	cpu_set_text(&p->cpus, wanted, sizeof(wanted));
	if (cpu_set_is_empty(allowed)) {
		cpu_set_text(&s->cpus, have, sizeof(have));
		fmt_string(why, SCHED_WHY_BYTES, "of the CPUs %s there is none: the machine has %s", wanted, have);
		return ERR_NOENT;
	}
	for (u32 cpu = cpu_set_next(allowed, 0); cpu != CPU_SET_NONE; cpu = cpu_set_next(allowed, cpu + 1))
		if (s->cpu[cpu].owner != SCHED_NO_OWNER && s->cpu[cpu].owner != p->owner)
			cpu_set_remove(allowed, cpu);
	if (!cpu_set_is_empty(allowed))
		return OK;
	fmt_string(why, SCHED_WHY_BYTES, "%s%s others' own", is_anywhere ? "all CPUs are " : "the CPUs ",
		   is_anywhere ? "" : wanted);
	return ERR_NOENT;
}

/* The one with the least reserved, or the fewest entities. */
static u32 home_find(const struct sched *s, const struct cpu_set *allowed, bool is_reserved)
{
	u32 best = SCHED_NO_CPU;

	for (u32 cpu = cpu_set_next(allowed, 0); cpu != CPU_SET_NONE; cpu = cpu_set_next(allowed, cpu + 1)) {
		const struct sched_cpu *c = &s->cpu[cpu];
		const struct sched_cpu *b = &s->cpu[best == SCHED_NO_CPU ? cpu : best];
		u32 count = atomic_load(&c->entity_count);
		bool is_better =
			is_reserved ? c->reserved_ppm < b->reserved_ppm : count < atomic_load(&b->entity_count);

		if (best == SCHED_NO_CPU || is_better)
			best = cpu;
	}
	return best;
}

static void percent_text(char *text, size_t size, u32 ppm)
{
	u32 tenths = (ppm + 999) / 1000;

	fmt_string(text, size, "%u.%u %%", tenths / 10, tenths % 10);
}

static void sum_tell(u32 cpu, u32 reserved, u32 wanted, char *why)
{
	char part[4][16];

	percent_text(part[0], sizeof(part[0]), wanted);
	percent_text(part[1], sizeof(part[1]), reserved);
	percent_text(part[2], sizeof(part[2]), reserved + wanted);
	percent_text(part[3], sizeof(part[3]), SCHED_RESERVED_MAX_PPM);
	fmt_string(
		why, SCHED_WHY_BYTES,
		"a reservation of %s does not fit: with the %s reserved on CPU %u, which has the least, it is %s of at "
		"most %s",
		part[0], part[1], cpu, part[2], part[3]);
}

static void entity_init(struct sched_entity *e, const struct sched_params *p, const struct cpu_set *allowed, u64 now_ns)
{
	*e = (struct sched_entity){
		.weight = p->weight,
		.is_movable = !p->budget_ns && !p->stays && cpu_set_count(allowed) > 1,
		.allowed = *allowed,
		.budget_ns = p->budget_ns,
		.period_ns = p->period_ns,
		.cap_ns = SCHED_CAP_WINDOW_NS / SCHED_CAP_NONE * p->cap_percent,
		.state = SCHED_WAITING,
		.last_cpu = SCHED_NO_CPU,
		.deadline_ns = now_ns, /* over: the first wake begins a period */
		.budget_left_ns = (s64)p->budget_ns,
		.cap_start_ns = now_ns,
	};
}

err_t sched_add(struct sched *s, struct sched_entity *e, const struct sched_params *params, u64 now_ns, char *why)
{
	u32 ppm = params->budget_ns ? reserve_ppm(params->budget_ns, params->period_ns ? params->period_ns : 1) : 0;
	struct cpu_set allowed;
	struct sched_cpu *c;
	u32 cpu;
	err_t err = params_check(params, why);

	if (!err)
		err = allowed_find(s, params, &allowed, why);
	if (err)
		return err;
	cpu = home_find(s, &allowed, ppm != 0);
	c = &s->cpu[cpu];
	if (c->reserved_ppm + ppm > SCHED_RESERVED_MAX_PPM) {
		sum_tell(cpu, c->reserved_ppm, ppm, why);
		return ERR_SPACE;
	}
	entity_init(e, params, &allowed, now_ns);
	s->locks->take(s->locks, cpu);
	c->reserved_ppm += ppm;
	atomic_fetch_add(&c->entity_count, 1);
	atomic_store(&e->cpu, cpu);
	e->vtime = queue_vnow(c, now_ns);
	s->locks->give(s->locks, cpu);
	return OK;
}

err_t sched_remove(struct sched *s, struct sched_entity *e)
{
	u32 cpu = lock_of_entity(s, e);
	struct sched_cpu *c = &s->cpu[cpu];
	bool is_running = e->state == SCHED_RUNNING;

	if (!is_running) {
		queue_remove(c, e);
		e->state = SCHED_ABSENT;
		if (e->budget_ns)
			c->reserved_ppm -= reserve_ppm(e->budget_ns, e->period_ns);
		atomic_fetch_sub(&c->entity_count, 1);
		queue_publish(s, cpu);
	}
	s->locks->give(s->locks, cpu);
	return is_running ? ERR_BUSY : OK;
}
