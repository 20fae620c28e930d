/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second serial port of the machine, for machines to talk over: bytes as they are, in rings that the UART's interrupt
 * empties and fills. The first one, COM1, is the console's.
 */
#ifndef ETERNA_HOST_SERIAL_H
#define ETERNA_HOST_SERIAL_H

#include "base/types.h"

/* Programme COM2 for 115200 8N1 with FIFOs, to be driven by HOST_VECTOR_COM2, which the caller has routed; each
 * interrupt that brought bytes ends with `notify`. False: there is no such port. */
bool serial_init(void (*notify)(void));

/* The next byte that arrived; false when there is none. While nobody takes them the sender waits. */
bool serial_get(u8 *byte);

/* Bytes that serial_put() takes without waiting. */
u32 serial_room(void);

/* Send bytes; waits for the line when the ring is full. */
void serial_put(const u8 *bytes, u32 count);

/* Wait until all is sent. */
void serial_flush(void);

#endif
