// SPDX-License-Identifier: Apache-2.0
// What gdb's `monitor` can ask of a VM; `monitor help` lists it.
#include "base/mem.h"
#include "base/str.h"
#include "ctl/command.h"
#include "host/memory.h"
#include "vm/apicv.h"
#include "vm/debug_priv.h"
#include "vm/event.h"
#include "vm/gpa.h"
#include "vm/run.h"
#include "x86/regs/control.h"

struct context {
	struct debug *d;
	u32 thread;
};

static struct debug *debug_from(const struct command_call *call)
{
	return ((const struct context *)call->context)->d;
}

static struct vcpu *vcpu_from(const struct command_call *call)
{
	const struct context *c = call->context;

	return c->d->vm->vcpu[c->thread];
}

static const char *state_name(const struct vm *vm)
{
	static const char *const names[] = {"empty", "running", "paused", "stopped"};

	return names[vm->state];
}

static void vms_run(const struct command_call *call)
{
	for (u32 i = 0; i < VMS_MAX; i++) {
		const struct vm *vm = vms[i];

		if (vm)
			fmt_print(call->out, "%c %-16s %2u vcpus  %6lu MiB  %s%s\n",
				  vm == debug_from(call)->vm ? '*' : ' ', vm->name, vm->vcpu_count,
				  vm->memory_bytes / MIB, state_name(vm), vm->debug ? ", gdb" : "");
	}
}

static void vcpus_run(const struct command_call *call)
{
	struct debug *d = debug_from(call);
	char text[96];

	for (u32 i = 0; i < d->vm->vcpu_count; i++) {
		const struct vcpu *v = d->vm->vcpu[i];

		(void)d->target.thread_text(&d->target, i, text, sizeof(text));
		fmt_print(call->out, "%s\n  rip %016lx  pending %#x  points %u\n", text, v->hvm.state.rip,
			  vcpu_pending(v), d->point_count);
	}
}

static void bit_names(struct fmt_sink *out, u64 value, const char *const *names)
{
	for (u32 i = 0; i < 64 && *names; i++, names++)
		if (value >> i & 1 && **names)
			fmt_print(out, " %s", *names);
}

static void segment_print(struct fmt_sink *out, const char *name, const struct segment *s)
{
	fmt_print(out, "%-4s %04x  base %016lx  limit %08x  ", name, s->selector, s->base, s->limit);
	if (s->access & SEG_UNUSABLE) {
		fmt_print(out, "unusable\n");
		return;
	}
	fmt_print(out, "type %lx dpl %lu%s%s%s%s%s\n", GET(SEG_TYPE, s->access), GET(SEG_DPL, s->access),
		  s->access & SEG_S ? "" : " system", s->access & SEG_P ? "" : " absent",
		  s->access & SEG_L ? " 64" : "", s->access & SEG_DB ? " 32" : "", s->access & SEG_G ? " pages" : "");
}

static void regs_run(const struct command_call *call)
{
	static const char *const names[] = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};
	static const char *const cr0[33] = {"PE", "MP", "EM", "TS", "ET", "NE", "", "",   "",   "",  "",
					    "",   "",   "",   "",   "",   "WP", "", "AM", "",   "",  "",
					    "",   "",   "",   "",   "",   "",   "", "NW", "CD", "PG"};
	static const char *const cr4[25] = {"VME",      "PVI",    "TSD",        "DE",   "PSE",  "PAE",  "MCE",  "PGE",
					    "PCE",      "OSFXSR", "OSXMMEXCPT", "UMIP", "LA57", "VMXE", "SMXE", "",
					    "FSGSBASE", "PCIDE",  "OSXSAVE",    "",     "SMEP", "SMAP", "PKE",  "CET"};
	const struct cpu_state *s = &vcpu_from(call)->hvm.state;

	for (u32 i = 0; i < SEG_COUNT; i++)
		segment_print(call->out, names[i], &s->seg[i]);
	fmt_print(call->out, "gdtr base %016lx limit %04x\nidtr base %016lx limit %04x\ncr0  %08lx", s->gdtr_base,
		  s->gdtr_limit, s->idtr_base, s->idtr_limit, s->cr0);
	bit_names(call->out, s->cr0, cr0);
	fmt_print(call->out, "\ncr2  %016lx\ncr3  %016lx\ncr4  %08lx", s->cr2, s->cr3, s->cr4);
	bit_names(call->out, s->cr4, cr4);
	fmt_print(call->out, "\nefer %04lx%s%s%s%s\nxcr0 %lx  xss %lx  pat %016lx\n", s->efer,
		  s->efer & 1 ? " SCE" : "", s->efer & EFER_LME ? " LME" : "", s->efer & EFER_LMA ? " LMA" : "",
		  s->efer & EFER_NXE ? " NXE" : "", s->xcr0, s->xss, s->pat);
	fmt_print(call->out, "star %016lx lstar %016lx sfmask %lx kernel_gs_base %016lx\n", s->star, s->lstar,
		  s->sfmask, s->kernel_gs_base);
	fmt_print(call->out, "dr0-3 %lx %lx %lx %lx  dr6 %lx  dr7 %lx\nblocking %x  pending_debug %lx\n", s->dr[0],
		  s->dr[1], s->dr[2], s->dr[3], s->dr6, s->dr7, s->blocking, s->pending_debug);
}

/* --- walk --------------------------------------------------------------------------------------------------------- */
#define PTE_PS BIT(7)

static void entry_print(struct fmt_sink *out, u32 level, u64 at, u64 entry)
{
	fmt_print(out, "  level %u at %#lx: %016lx %s%s%s%s%s%s%s\n", level, at, entry, entry & 1 ? "P" : "-",
		  entry & 2 ? "W" : "-", entry & 4 ? "U" : "-", entry & BIT(5) ? "A" : "-", entry & BIT(6) ? "D" : "-",
		  level > 1 && entry & PTE_PS ? " large" : "", entry >> 63 ? " NX" : "");
}

static bool entry_read(struct debug *d, u64 at, u32 bytes, u64 *entry)
{
	*entry = 0;
	return debug_memory_read(&d->target, 0, GDB_PHYSICAL, at, (u8 *)entry, bytes) == bytes;
}

/* The guest's own tables, entry by entry. */
static void tables_print(const struct command_call *call, const struct cpu_state *s, u64 address)
{
	bool is_wide = s->cr4 & CR4_PAE;
	u32 index_bits = is_wide ? 9 : 10;
	u32 levels = !is_wide ? 2 : !(s->efer & EFER_LMA) ? 3 : s->cr4 & CR4_LA57 ? 5 : 4;
	u64 table = s->cr3 & (!is_wide ? BITS(31, 12) : levels == 3 ? BITS(31, 5) : BITS(51, 12));

	for (u32 level = levels; level; level--) {
		u32 shift = PAGE_SHIFT + (level - 1) * index_bits;
		u64 at = table + (address >> shift & (BIT(index_bits) - 1)) * (is_wide ? 8 : 4);
		u64 entry;

		if (!entry_read(debug_from(call), at, is_wide ? 8 : 4, &entry)) {
			fmt_print(call->out, "  level %u at %#lx: not RAM\n", level, at);
			return;
		}
		entry_print(call->out, level, at, entry);
		if (!(entry & 1) || (level > 1 && entry & PTE_PS))
			return;
		table = entry & BITS(51, 12);
	}
}

static void second_level_print(const struct command_call *call, gpa_t gpa)
{
	const struct pagetable *pt = &debug_from(call)->vm->hvm.second_level;
	struct mapping m;

	if (pagetable_lookup(pt, gpa.v, &m)) {
		fmt_print(call->out, "  %s: nothing mapped\n", hvm->second_level_name);
		return;
	}
	fmt_print(call->out, "  %s: %lu KiB page at host %#lx, %s%s%s%s%s\n", hvm->second_level_name, m.bytes / KIB,
		  mapping_pa(&m, gpa.v).v, m.prot & PROT_R ? "R" : "-", m.prot & PROT_W ? "W" : "-",
		  m.prot & PROT_X ? "X" : "-", m.accessed ? " accessed" : "", m.dirty ? " dirty" : "");
}

static void walk_run(const struct command_call *call)
{
	struct vcpu *v = vcpu_from(call);
	u64 address;
	gpa_t gpa;

	if (str_to_u64(call->words[1], &address)) {
		fmt_print(call->out, "\"%s\" is no address\n", call->words[1]);
		return;
	}
	if (v->hvm.state.cr0 & CR0_PG)
		tables_print(call, &v->hvm.state, address);
	else
		fmt_print(call->out, "  paging is off\n");
	if (!debug_translate(v, address, &gpa)) {
		fmt_print(call->out, "%#lx is not mapped\n", address);
		return;
	}
	fmt_print(call->out, "%#lx is guest-physical %#lx%s\n", address, gpa.v,
		  gpa_is_ram(v->vm, gpa, 1) ? "" : ", which is not RAM");
	second_level_print(call, gpa);
}

static void phys_run(const struct command_call *call)
{
	u64 address, bytes = 64;
	u8 line[16];

	if (str_to_u64(call->words[1], &address) || (call->word_count > 2 && str_to_u64(call->words[2], &bytes))) {
		fmt_print(call->out, "usage: phys ADDRESS [BYTES]\n");
		return;
	}
	for (u64 done = 0; done < MIN(bytes, 1024); done += sizeof(line)) {
		u32 got = debug_memory_read(&debug_from(call)->target, 0, GDB_PHYSICAL, address + done, line,
					    (u32)MIN(sizeof(line), bytes - done));

		fmt_print(call->out, "%012lx ", address + done);
		for (u32 i = 0; i < got; i++)
			fmt_print(call->out, " %02x", line[i]);
		fmt_print(call->out, got ? "\n" : " not RAM\n");
		if (!got)
			return;
	}
}

/* --- devices, exits, events ------------------------------------------------------------------------------------ */
static void exits_run(const struct command_call *call)
{
	const struct vcpu *v = vcpu_from(call);

	exit_counts_print(v->vm, v->index, 1, call->out);
	exit_costs_print(v->vm, v->index, 1, call->out);
}

static void trace_run(const struct command_call *call)
{
	u64 count = EXIT_LAST_RECORDS;
	bool is_on = call->word_count > 1 && !strcmp(call->words[1], "on");
	err_t err;

	if (is_on || (call->word_count > 1 && !strcmp(call->words[1], "off"))) {
		err = exit_trace_switch(debug_from(call)->vm, is_on);
		if (err)
			fmt_print(call->out, "not traced: %s\n", err_text(err));
	} else if (call->word_count > 1 && str_to_u64(call->words[1], &count)) {
		fmt_print(call->out, "usage: trace [N|on|off]\n");
	} else {
		exit_trace_print(vcpu_from(call), (u32)MIN(count, (u64)EXIT_TRACE_RECORDS), call->out);
	}
}

static void apic_run(const struct command_call *call)
{
	struct vcpu *v = vcpu_from(call);
	struct lapic copy;
	const struct lapic *a = &copy;

	apicv_snapshot(v, &copy);
	fmt_print(call->out, "id %u  tpr %02x  isr", v->index, a->tpr);
	for (u32 i = 0; i < ARRAY_COUNT(a->isr); i++)
		fmt_print(call->out, " %016lx", a->isr[i]);
	fmt_print(call->out, "\nirr");
	for (u32 i = 0; i < ARRAY_COUNT(a->irr); i++)
		fmt_print(call->out, " %016lx", a->irr[i]);
	fmt_print(call->out, "\npending vector %02x\n", lapic_pending_vector(a));
}

static void ioapic_run(const struct command_call *call)
{
	const struct ioapic *io = &debug_from(call)->vm->board.ioapic;

	for (u32 pin = 0; pin < ARRAY_COUNT(io->entry); pin++)
		fmt_print(call->out, "pin %2u: %016lx  vector %02lx%s\n", pin, io->entry[pin], io->entry[pin] & 0xff,
			  io->entry[pin] & BIT(16) ? " masked" : "");
}

static void inject_run(const struct command_call *call)
{
	if (strcmp(call->words[1], "nmi")) {
		fmt_print(call->out, "only an NMI can be injected\n");
		return;
	}
	vcpu_kick(vcpu_from(call), PENDING_NMI);
	fmt_print(call->out, "an NMI is pending for vcpu %u\n", vcpu_from(call)->index);
}

static void reset_run(const struct command_call *call)
{
	struct debug *d = debug_from(call);

	vm_stop(d->vm, VM_END_RESET);
	fmt_print(call->out,
		  "the VM is reset and stands before its first instruction; \"flushregs\" shows its registers\n");
}

static bool is_on(const struct command_call *call, bool *value)
{
	*value = !strcmp(call->words[1], "on") || !strcmp(call->words[1], "run");
	if (*value || !strcmp(call->words[1], "off") || !strcmp(call->words[1], "stop"))
		return true;
	fmt_print(call->out, "on or off?\n");
	return false;
}

static void time_run(const struct command_call *call)
{
	bool runs;

	if (is_on(call, &runs))
		debug_from(call)->runs_time = runs;
}

static void step_interrupts_run(const struct command_call *call)
{
	bool lets;

	if (is_on(call, &lets))
		debug_from(call)->lets_interrupts = lets;
}

static void registers_run(const struct command_call *call)
{
	struct debug *d = debug_from(call);
	bool may;

	if (!is_on(call, &may))
		return;
	d->avoids_registers = !may;
	if (d->vm)
		debug_points_plan(d);
}

static void unmapped_run(const struct command_call *call)
{
	struct debug *d = debug_from(call);
	bool insists;

	if (!is_on(call, &insists))
		return;
	d->tables.is_insisted_on = insists;
	debug_tables_hold_all(d);
	if (d->vm)
		debug_points_plan(d);
}

static void snapshot_run(const struct command_call *call)
{
	fmt_print(call->out, "reserved: this version keeps no snapshots\n");
}

static void points_run(const struct command_call *call)
{
	static const char *const kinds[] = {"break", "hbreak", "watch", "rwatch", "awatch"};
	static const char *const hows[] = {"pending", "register", "memory"};
	struct debug *d = debug_from(call);

	for (u32 i = 0; i < DEBUG_POINTS_MAX; i++) {
		const struct debug_point *p = &d->points[i];

		if (p->is_used)
			fmt_print(call->out, "%-6s %016lx + %-5lu %s%s\n", kinds[p->kind], p->address, p->bytes,
				  hows[p->how],
				  p->how == POINT_REGISTER ? (const char *[]){" 0", " 1", " 2", " 3"}[p->slot] : "");
	}
}

static const struct command list[] = {
	{"vms", "", "all VMs; * is this one", 0, 0, vms_run},
	{"vcpus", "", "this VM's vcpus", 0, 0, vcpus_run},
	{"regs", "", "control registers, segments, MSRs of the current thread, decoded", 0, 0, regs_run},
	{"walk", "ADDRESS", "its page-table entries, the guest's and ETERNA's", 1, 1, walk_run},
	{"phys", "ADDRESS [N]", "N bytes of guest-physical memory", 1, 2, phys_run},
	{"exits", "", "the current thread's exits by kind; traced: what they take", 0, 0, exits_run},
	{"trace", "[N|on|off]", "its last exits; trace what they take", 0, 1, trace_run},
	{"apic", "", "its local APIC", 0, 0, apic_run},
	{"ioapic", "", "the I/O APIC's pins", 0, 0, ioapic_run},
	{"points", "", "breakpoints and watchpoints, and how they are done", 0, 0, points_run},
	{"debug-registers", "on|off", "may breakpoints and watchpoints use them? (on)", 1, 1, registers_run},
	{"unmapped-exact", "on|off", "stop at what is not mapped yet, however slow the guest gets? (off)", 1, 1,
	 unmapped_run},
	{"inject", "nmi", "an NMI for the current thread", 1, 1, inject_run},
	{"reset", "", "reset the VM", 0, 0, reset_run},
	{"snapshot", "[WORD...]", "reserved", 0, COMMAND_WORDS_MAX - 1, snapshot_run},
	{"time", "run|stop", "does the guest's clock run while it is stopped? (stop)", 1, 1, time_run},
	{"step-interrupts", "on|off", "may a step end in an interrupt's handler? (off)", 1, 1, step_interrupts_run},
};

void debug_command(struct gdb_target *t, u32 thread, char *line, struct fmt_sink *out)
{
	struct context context = {debug_of(t), thread};
	const struct command_table table = {list, ARRAY_COUNT(list), &context};

	command_execute(&table, line, out);
}
