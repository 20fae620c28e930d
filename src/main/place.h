/* SPDX-License-Identifier: Apache-2.0 */
/* Places a configured VM on the machine as it is now. */
#ifndef ETERNA_MAIN_PLACE_H
#define ETERNA_MAIN_PLACE_H

#include "base/err.h"
#include "iface/vnuma.h"

struct vm_config;

/* Errors as placement_make(); the reason, with its figures, goes to the log. */
err_t place_vm(const struct vm_config *config, struct vnuma *out) MUST_CHECK;

/* Which of the VM's nodes lies where, to the log. */
void place_tell(const struct vm_config *config, const struct vnuma *numa);

/* Bytes that are free and promised to nobody, of all nodes. */
u64 place_free_bytes(void);

#endif
