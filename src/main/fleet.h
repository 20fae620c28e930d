/* SPDX-License-Identifier: Apache-2.0 */
/* The VMs of the configuration: which of them live, how the others ended, and what happens then. */
#ifndef ETERNA_MAIN_FLEET_H
#define ETERNA_MAIN_FLEET_H

#include "config/config.h"
#include "vm/vm.h"

struct boot_info;

struct fleet_vm {
	const struct vm_config *config;
	struct vm *vm; /* NULL: it does not live */
	u32 starts;
	enum vm_end end;
	u8 exit_status;
	char cause[VM_CAUSE_BYTES];
};

extern struct fleet_vm fleet[CONFIG_VMS_MAX];
extern u32 fleet_count;

/* Take the VMs over from the configuration; none is started. Both must live as long as the fleet. */
void fleet_init(const struct config *config, const struct boot_info *boot);

/* Make, load and start a VM. What fails is logged. Context: called from the host loop's work, or before it. */
err_t fleet_start(struct fleet_vm *f) MUST_CHECK;

/* Stop it for good, without the guest's consent. */
void fleet_kill(struct fleet_vm *f);

/* The VM of that name, or NULL. */
struct fleet_vm *fleet_find(const char *name);

/* See to VMs that stopped: destroyed, restarted, or kept to be looked at. True while a VM runs or is paused. */
bool fleet_attend(void);

/* The exit status that the machine ends with. */
u8 fleet_exit_status(void);

#endif
