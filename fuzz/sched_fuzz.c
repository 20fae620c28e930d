// SPDX-License-Identifier: Apache-2.0
// The scheduler under entities that come, go, compute and pause as the input says: its invariants hold, no CPU idles
// while somebody waits for it, no cap is exceeded.
// fuzz: -max_len=512
#include "fake/sched_sim.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct sched_params params_from(const struct sim *m, const u8 *in)
{
	struct sched_params p = {
		.weight = 1u + in[1] * 39u,
		.cap_percent = in[2] & 1 ? 1u + (in[2] >> 1) % 100 : SCHED_CAP_NONE,
		.owner = in[2] >> 7,
	};

	if (in[3] & 1) {
		p.period_ns = SCHED_PERIOD_MIN_NS * (1u + in[3] / 4u);
		p.budget_ns = p.period_ns * (1u + in[4] % 64) / 100;
	}
	if (in[3] & 2) /* one CPU, or the same two for several, so that waste can be judged at once */
		cpu_set_add(&p.cpus, in[4] % m->cpu_count);
	return p;
}

static void step(struct sim *m, const u8 *in)
{
	struct sched_params params = params_from(m, in);
	struct sim_entity *x = m->count ? &m->entity[in[1] % m->count] : NULL;

	switch (in[0] % 4) {
	case 0:
		if (m->count < 32)
			(void)sim_add(m, &params, in[0] & 4 ? 0 : 50000 + in[4] * 40000u, 50000 + in[5] * 100000u);
		break;
	case 1:
		if (x && x->is_present) {
			sim_kick(m, sched_sleep(&m->s, &x->e));
			if (in[0] & 4)
				sim_wake(m, x);
		}
		break;
	case 2:
		if (x && x->is_present && !sched_remove(&m->s, &x->e))
			x->is_present = false;
		break;
	default:
		if (x && x->is_present)
			sim_wake(m, x);
	}
	sim_run(m, 1 + in[5] * 20000u);
	ASSERT(sched_valid(&m->s));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct sim m;

	if (size < 2)
		return 0;
	sim_init(&m, 1 + data[0] % 6, data[1]);
	if (m.cpu_count > 2)
		ASSERT(!sched_own(&m.s, 1, 1));
	for (size_t at = 2; at + 6 <= size; at += 6)
		step(&m, &data[at]);
	ASSERT(!m.idle_waits);
	for (u32 i = 0; i < m.count; i++)
		ASSERT(m.entity[i].e.budget_ns || m.entity[i].worst_window_ns <= m.entity[i].e.cap_ns);
	return 0;
}
