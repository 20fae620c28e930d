/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's I/O ports, as the emulator's IN, OUT, INS and OUTS reach them. */
#ifndef ETERNA_IFACE_PORT_IO_H
#define ETERNA_IFACE_PORT_IO_H

#include "base/err.h"

/*
 * Embedded by the provider. `bytes` is 1, 2 or 4; a port that nobody claims reads as ones and loses writes. In `*value`
 * the bits above `bytes` are ignored. An error means that the VM must be stopped.
 */
struct port_io {
	err_t (*in)(struct port_io *ports, u16 port, u32 bytes, u32 *value);
	err_t (*out)(struct port_io *ports, u16 port, u32 bytes, u32 value);
};

#endif
