/* SPDX-License-Identifier: Apache-2.0 */
/* The prompt's commands about a VM's exits. */
#ifndef ETERNA_MAIN_EXIT_COMMAND_H
#define ETERNA_MAIN_EXIT_COMMAND_H

#include "ctl/command.h"

/* exits VM [VCPU]: how many of each kind, and what they took where they are traced. */
void exit_command_exits(const struct command_call *call);

/* trace VM on|off, trace VM [VCPU] [N]: the last ones. */
void exit_command_trace(const struct command_call *call);

#endif
