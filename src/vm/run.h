/* SPDX-License-Identifier: Apache-2.0 */
/* The host loop: which vcpu this CPU runs, and what is done between exits. */
#ifndef ETERNA_VM_RUN_H
#define ETERNA_VM_RUN_H

#include "base/err.h"

struct vm;

/* All VMs there are. */
#define VMS_MAX 16
#define RUN_VCPUS_MAX 256
extern struct vm *vms[VMS_MAX];

/* Called by the loop between exits: moves the console's bytes, sees to VMs that stopped. False: end the loop. */
typedef bool run_work_fn(void);

/* Prepare this CPU. Context: after hvm->cpu_enable(). */
void run_init(void);

/* Let the loop know the VM and its vcpus; ERR_SPACE when there are VMS_MAX or RUN_VCPUS_MAX. Forget them again. */
err_t run_add(struct vm *vm) MUST_CHECK;
void run_remove(struct vm *vm);

/* Run vcpus until `work` says to stop. */
void run_loop(run_work_fn *work);

/* An interrupt handler has something for `work`: leave the guest soon. */
void run_request_work(void);

/* Put the loaded vcpu away, if there is one: needed before vcpus are made or destroyed. */
void run_put(void);

#endif
