/* SPDX-License-Identifier: Apache-2.0 */
/* What the writing and the reading half of the codec share: the fixed sizes of the format. */
#ifndef ETERNA_STATE_CODEC_PRIV_H
#define ETERNA_STATE_CODEC_PRIV_H

#include "base/types.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie in memory");

#define LENGTH_BYTES 4u                    /* the length before a record or a field */
#define RECORD_FIXED_BYTES (4u + 1 + 4)    /* version, name length, field count */
#define FIELD_FIXED_BYTES (1u + 1 + 4 + 4) /* kind, name length, element size, element count */

#endif
