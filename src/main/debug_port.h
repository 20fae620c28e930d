/* SPDX-License-Identifier: Apache-2.0 */
/* Debuggers on COM2: frames of gdb/channel.h, channel n for VM n of the configuration. */
#ifndef ETERNA_MAIN_DEBUG_PORT_H
#define ETERNA_MAIN_DEBUG_PORT_H

/* Prepare the VMs whose configuration wants it, and tell the other end of their names. Nothing happens without one. */
void debug_port_init(void);

/* Move what arrived and what is to be sent. Context: work of the host loop. */
void debug_port_pump(void);

/* The machine ends: send what is left. */
void debug_port_finish(void);

#endif
