/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of ETERNA's prompt. */
#ifndef ETERNA_MAIN_COMMANDS_H
#define ETERNA_MAIN_COMMANDS_H

#include "ctl/command.h"

extern const struct command_table commands;

/* "quit" was said: the host loop is to end. */
bool commands_want_quit(void);

#endif
