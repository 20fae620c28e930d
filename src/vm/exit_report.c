// SPDX-License-Identifier: Apache-2.0
// Exits in words: how many of each kind, what they took, the last ones.
#include "vm/exit_trace.h"
#include "vm/vm.h"

#define COLUMNS 8

void exit_trace_print(const struct vcpu *v, u32 count, struct fmt_sink *out)
{
	const struct exit_trace *t = &v->trace;
	u32 next = t->next;

	count = MIN(count, MIN(next, t->mask + 1));
	for (u32 i = 0; i < count; i++) {
		struct exit_record r = t->ring[(next - 1 - i) & t->mask];

		fmt_print(out, "  -%-4u %-22s rip %016lx  %#lx  eax %08x ecx %08x", i, exit_kind_name(r.kind), r.rip,
			  r.detail, r.rax, r.rcx);
		if (t->costs)
			fmt_print(out, "  reason %#x, %u ticks", r.reason, r.cost);
		fmt_print(out, "\n");
	}
}

/* One row of the table: a number for all, and one for each vcpu where there are several; the last row has no name. */
static void row_print(const u64 *numbers, u32 count, const char *name, struct fmt_sink *out)
{
	u64 sum = 0;

	for (u32 i = 0; i < count; i++)
		sum += numbers[i];
	if (!sum && name)
		return;
	fmt_print(out, "  %10lu", sum);
	for (u32 i = 0; i < count && count > 1; i++)
		fmt_print(out, " %10lu", numbers[i]);
	fmt_print(out, "  %s\n", name ? name : "in all");
}

static void head_print(u32 first, u32 count, struct fmt_sink *out)
{
	if (count < 2)
		return;
	fmt_print(out, "  %10s", "together");
	for (u32 i = first; i < first + count; i++)
		fmt_print(out, " %7s %2u", "vcpu", i);
	fmt_print(out, "\n");
}

static void table_print(const struct vm *vm, u32 first, u32 count, struct fmt_sink *out)
{
	u64 sums[COLUMNS] = {0};

	head_print(first, count, out);
	for (u32 kind = 0; kind < EXIT_KINDS; kind++) {
		u64 numbers[COLUMNS];

		for (u32 i = 0; i < count; i++) {
			numbers[i] = vm->vcpu[first + i]->exits[kind];
			sums[i] += numbers[i];
		}
		row_print(numbers, count, exit_kind_name(kind), out);
	}
	row_print(sums, count, NULL, out);
}

void exit_counts_print(const struct vm *vm, u32 first, u32 count, struct fmt_sink *out)
{
	for (u32 done = 0; done < count; done += COLUMNS)
		table_print(vm, first + done, MIN(count - done, (u32)COLUMNS), out);
}

static void histogram_print(const struct histogram *h, const char *name, struct fmt_sink *out)
{
	u64 total = histogram_total(h);

	if (!total)
		return;
	fmt_print(out, "  %10lu  %-22s", h->sum / total, name);
	for (u32 i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->count[i])
			fmt_print(out, " | %lu+: %u", 1ul << i, h->count[i]);
	fmt_print(out, "\n");
}

void exit_costs_print(const struct vm *vm, u32 first, u32 count, struct fmt_sink *out)
{
	if (!exit_trace_is_on(vm))
		return;
	fmt_print(out,
		  "  TSC ticks that ETERNA took for one, without the switch: mean; how many took so many and more:\n");
	for (u32 kind = 0; kind < EXIT_KINDS; kind++) {
		struct histogram sum = {0};

		for (u32 i = first; i < first + count; i++)
			histogram_merge(&sum, &vm->vcpu[i]->trace.costs->kind[kind]);
		histogram_print(&sum, exit_kind_name(kind), out);
	}
}
