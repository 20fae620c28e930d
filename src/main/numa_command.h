/* SPDX-License-Identifier: Apache-2.0 */
/* The prompt's command about NUMA nodes. */
#ifndef ETERNA_MAIN_NUMA_COMMAND_H
#define ETERNA_MAIN_NUMA_COMMAND_H

#include "ctl/command.h"

/* Nodes, their memory and distances, and where each VM's pages lie; or the start of a rebalancing. */
void numa_command_run(const struct command_call *call);

/* The next step of a rebalancing that is under way. Context: the host loop's work, after fleet_attend(). */
void numa_command_work(void);

#endif
