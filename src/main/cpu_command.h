/* SPDX-License-Identifier: Apache-2.0 */
/* The prompt's commands about CPUs and vcpus. */
#ifndef ETERNA_MAIN_CPU_COMMAND_H
#define ETERNA_MAIN_CPU_COMMAND_H

#include "ctl/command.h"

/* Each CPU in use: ids, node, how many vcpus are at it, its load since the last time, its timer, and what it runs. */
void cpu_command_cpus(const struct command_call *call);

/* Each vcpu, of one VM or of all: its CPU and state, how often it moved between CPUs, its weight, and what it got. */
void cpu_command_vcpus(const struct command_call *call);

#endif
