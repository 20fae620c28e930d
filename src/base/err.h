/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes: one list gives the enum and the names. OK is 0; a function that can fail must be checked. */
#ifndef ETERNA_BASE_ERR_H
#define ETERNA_BASE_ERR_H

#include "base/types.h"

#define ERR_LIST(E)                                                                                                    \
	E(OK, "ok")                                                                                                    \
	E(ERR_RANGE, "value out of range")                                                                             \
	E(ERR_ALIGN, "address or size misaligned")                                                                     \
	E(ERR_NOMEM, "out of memory")                                                                                  \
	E(ERR_BUSY, "already in use")                                                                                  \
	E(ERR_NOENT, "not found")                                                                                      \
	E(ERR_EXIST, "exists already")                                                                                 \
	E(ERR_FORMAT, "malformed data")                                                                                \
	E(ERR_TRUNCATED, "data ends too early")                                                                        \
	E(ERR_UNSUPPORTED, "not supported")                                                                            \
	E(ERR_PERM, "not permitted")                                                                                   \
	E(ERR_STATE, "not possible in this state")                                                                     \
	E(ERR_HARDWARE, "the hardware refused")                                                                        \
	E(ERR_FAULT, "the guest takes a fault")                                                                        \
	E(ERR_VERSION, "incompatible version")                                                                         \
	E(ERR_SPACE, "no room left")

#define ERR_ENUM(code, text) code,
enum err { ERR_LIST(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM

typedef enum err err_t;

/* The words for an error, for logs; never NULL. */
const char *err_text(err_t err);

#endif
