/* SPDX-License-Identifier: Apache-2.0 */
/* Registers that a neighbour could leave something in: filled with values, and compared with them. */
#ifndef GUEST_WITNESS_REGISTERS_H
#define GUEST_WITNESS_REGISTERS_H

#include "base/types.h"

void registers_fill(void);

/* How many are not as they were filled; says which. */
u64 registers_check(void);

#endif
