/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has the machine's console: a serial port of a VM, or ETERNA's own prompt, which Ctrl-] opens. What the others
 * print is kept and shown when their turn comes.
 */
#ifndef ETERNA_MAIN_CONSOLE_SWITCH_H
#define ETERNA_MAIN_CONSOLE_SWITCH_H

#include "ctl/command.h"

struct fleet_vm;
struct vm;

#define CONSOLE_ESCAPE 0x1d /* Ctrl-] */

void console_switch_init(const struct command_table *commands);

/* A VM was defined, or is going to be forgotten. */
void console_switch_add(struct fleet_vm *f);
void console_switch_remove(struct fleet_vm *f);

/* Move bytes both ways as far as there is room. Context: the host loop's work. */
void console_switch_pump(void);

/* A VM's serial port has bytes: vm->on_output. */
void console_switch_output(struct vm *vm, u32 com);

/* Is the prompt open? */
bool console_switch_is_prompt(void);

/* Open the prompt; give the console to a VM, at the port that it had last. Says why where it has none there. */
void console_switch_to_prompt(void);
void console_switch_to_vm(struct fleet_vm *f);

/* At the port COM(com + 1). False: the configuration does not give that one a place at the console. */
bool console_switch_to_port(struct fleet_vm *f, u32 com);

#endif
