/* SPDX-License-Identifier: Apache-2.0 */
/* Making and unmaking VMs. Context of all: the host loop's work, no lock held, no vcpu loaded here (run_put()). */
#ifndef ETERNA_VM_LIFE_H
#define ETERNA_VM_LIFE_H

#include "load/load.h"
#include "vm/vm.h"

/* What a VM is made from. */
struct vm_spec {
	const char *name;
	u32 vcpu_count;
	u64 memory_bytes;
	struct vnuma numa;            /* of these vcpus and that memory */
	struct sched_params schedule; /* of each vcpu */
	bool has_testdev;
	u32 com_mask;                              /* serial ports besides COM1: bit 1 is COM2 */
	void (*on_output)(struct vm *vm, u32 com); /* may be NULL: output is dropped */
	u32 owner;
	u64 wall_seconds; /* what its clock shows */
};

/*
 * Make a VM in power-up state, known to the host loop, not running.
 *
 * @return OK; ERR_RANGE for absurd sizes; ERR_NOMEM when its memory or ETERNA's own is not there; ERR_SPACE when there
 *         are too many VMs or vcpus. Nothing is held on an error.
 */
err_t vm_create(const struct vm_spec *spec, struct vm **out) MUST_CHECK;

/*
 * Put the guest's tables, kernel and modules into its memory, as the plan says, and start vcpu 0 at its entry.
 * `files`: kernel, modules, command line. On an error `message` (of LOAD_MESSAGE_BYTES) has the reason.
 */
err_t vm_load(struct vm *vm, const struct load_input *files, enum load_format format, char *message) MUST_CHECK;

/* Give back all that the VM had; it does not run any more. Waits for the CPUs that hold its vcpus. */
void vm_destroy(struct vm *vm);

#endif
