/* SPDX-License-Identifier: Apache-2.0 */
/* Text on the first serial port, by polling. */
#ifndef GUEST_RUNTIME_PRINT_H
#define GUEST_RUNTIME_PRINT_H

#include "base/types.h"

#define COM1 0x3f8

void print_init(void);
void print(const char *format, ...) FORMAT_LIKE_PRINTF(1, 2);

/* Wait until the last byte has left the port. */
void print_drain(void);

#endif
