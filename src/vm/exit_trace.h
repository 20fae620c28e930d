/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of a vcpu's exits: a ring of the last ones, always, of a few; while the VM is traced, of many,
 * with what each took, and how long those of each kind take.
 */
#ifndef ETERNA_VM_EXIT_TRACE_H
#define ETERNA_VM_EXIT_TRACE_H

#include "base/err.h"
#include "base/fmt.h"
#include "base/histogram.h"
#include "hvm/exit.h"

struct vm;
struct vcpu;

/* Powers of two. */
#define EXIT_LAST_RECORDS 16
#define EXIT_TRACE_RECORDS 4096

struct exit_record {
	u64 rip;
	u64 detail; /* as in struct exit */
	u32 rax;    /* low halves: CPUID's leaf, MSRs and their values, data to a port */
	u32 rcx;
	u16 kind;
	u16 reason; /* traced: the vendor's number, its low half */
	u32 cost;   /* traced: TSC ticks from the exit's end to the next entry or to the host loop */
};

/* While a VM is traced each vcpu has one, of the pool. */
struct exit_costs {
	struct histogram kind[EXIT_KINDS]; /* TSC ticks, as in a record */
	struct exit_record ring[EXIT_TRACE_RECORDS];
};

/* Part of a vcpu; its CPU writes it. */
struct exit_trace {
	u32 next; /* runs freely: exits since the trace began */
	u32 mask; /* of the ring's indices */
	struct exit_record *ring;
	struct exit_costs *costs; /* NULL: not traced */
	struct exit_record last[EXIT_LAST_RECORDS];
};

/* Not traced. */
void exit_trace_init(struct exit_trace *t);

/* Give back what a traced vcpu has. Context: memory locked; the vcpu runs nowhere. */
void exit_trace_fini(struct exit_trace *t);

/*
 * Trace the VM's vcpus from now on, or no longer; either way what was remembered is forgotten, and the VM, if it runs,
 * is paused for the moment.
 *
 * @return OK; ERR_NOMEM, and then nothing has changed
 * Context: the host loop's work, no lock held.
 */
err_t exit_trace_switch(struct vm *vm, bool is_on) MUST_CHECK;
bool exit_trace_is_on(const struct vm *vm);

/* The exit that exit_handle() recorded last began at `began_tsc` and is done. Context: the vcpu's CPU; it is traced. */
void exit_trace_note(struct vcpu *v, const struct exit *x, u64 began_tsc);

/* --- exit_report.c: the same in words. Of a vcpu that runs meanwhile the oldest records may be newer ones. ----------
 */

/* Up to `count` last exits, newest first. */
void exit_trace_print(const struct vcpu *v, u32 count, struct fmt_sink *out);

/* How many exits of each kind each vcpu of [first, first + count) had, and all of them together. */
void exit_counts_print(const struct vm *vm, u32 first, u32 count, struct fmt_sink *out);

/* What they took, where they are traced. */
void exit_costs_print(const struct vm *vm, u32 first, u32 count, struct fmt_sink *out);

#endif
