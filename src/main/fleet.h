/* SPDX-License-Identifier: Apache-2.0 */
/* The VMs of the configuration: which of them live, how the others ended, and what happens then. */
#ifndef ETERNA_MAIN_FLEET_H
#define ETERNA_MAIN_FLEET_H

#include "config/config.h"
#include "ctl/backoff.h"
#include "vm/vm.h"

struct boot_info;

struct fleet_vm {
	const struct vm_config *config; /* NULL: an empty place */
	struct vm_config *defined;      /* the same, where it was defined at the prompt */
	struct vm *vm;                  /* NULL: it does not live */
	u64 due_ns;                     /* it starts then, by clock_ns(); NEVER */
	struct backoff crashes;
	struct debug *debug; /* NULL: it is not to be debugged */
	u32 starts;
	enum vm_end end;
	u8 exit_status;
	char cause[VM_CAUSE_BYTES];
};

extern struct fleet_vm fleet[CONFIG_VMS_MAX];
extern u32 fleet_count;

/* Take the VMs over from the configuration; none is started. Both must live as long as the fleet. */
void fleet_init(const struct config *config, const struct boot_info *boot);

/* Start those of the configuration that want it, in their order; those with a delay when their time comes. */
void fleet_start_all(void);

/* One more VM, which does not start by itself. ERR_EXIST: the name is taken; ERR_SPACE: CONFIG_VMS_MAX are there; what
 * of nodes and CPUs there is not for it is refused, and logged, as by fleet_start(). */
err_t fleet_define(const struct vm_config *config, struct fleet_vm **out) MUST_CHECK;

/* Kill it, if it lives, and forget it. */
void fleet_forget(struct fleet_vm *f);

/* Make, load and start a VM. What fails is logged. Context: called from the host loop's work, or before it. */
err_t fleet_start(struct fleet_vm *f) MUST_CHECK;

/* Stop it for good, without the guest's consent; also one that waits to be started. */
void fleet_kill(struct fleet_vm *f);

/* As if its reset button were pressed: it starts anew. */
err_t fleet_reset(struct fleet_vm *f) MUST_CHECK;

/* The VM of that name, or NULL. */
struct fleet_vm *fleet_find(const char *name);

/*
 * See to VMs that stopped: destroyed, restarted, or kept to be looked at; and start those whose time has come. True
 * while a VM runs, is paused or waits for its start. */
bool fleet_attend(void);

/* The exit status that the machine ends with. */
u8 fleet_exit_status(void);

#endif
