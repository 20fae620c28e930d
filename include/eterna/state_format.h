/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state format: how a VM's state is written for snapshots, migration, forks and live updates.
 *
 * All numbers are little-endian and unaligned. A stream is a header followed by records.
 *
 *	header   8 bytes   magic, STATE_MAGIC
 *	         u32       STATE_FORMAT_VERSION
 *
 *	record   u32       bytes of all that follows in this record
 *	         u32       version of the struct
 *	         u8        length of the name, 1..STATE_NAME_MAX
 *	         bytes     name of the struct, without a NUL
 *	         u32       number of fields
 *	         fields
 *
 *	field    u32       bytes of all that follows in this field
 *	         u8        kind: 0 unsigned, 1 signed, 2 bool (0 or 1), 3 record
 *	         u8        length of the name, 1..STATE_NAME_MAX
 *	         bytes     name of the field, without a NUL
 *	         u32       bytes of one element: 1, 2, 4 or 8; 0 where the kind is record
 *	         u32       number of elements
 *	         elements  numbers, or whole records
 *
 * Rules for a reader:
 *  - A record's version must be the reader's own: it rises only when a field changes its meaning.
 *  - Fields are found by name, in any order; where a name comes twice the last one counts.
 *  - A known field must have the kind, the element size and the count that the reader has for it.
 *  - A field that the stream lacks keeps the value it had (the caller fills in the reset state first).
 *  - A field that the reader does not know is skipped when its content is zero throughout, which by convention means
 *    "as before the field existed", or when its name begins with STATE_HINT_PREFIX: it can be lost without harm.
 *    Any other one says something the reader would get wrong: the record is refused. Unknown fields of records are
 *    refused unless they are hints.
 *  - The lengths must add up exactly; nothing may be left over in a record or in a field.
 *  - Nothing is changed unless the whole record is good.
 */
#ifndef ETERNA_STATE_FORMAT_H
#define ETERNA_STATE_FORMAT_H

#define STATE_MAGIC "ETERNA\r\n" /* shows streams damaged by text transfers */
#define STATE_MAGIC_BYTES 8
#define STATE_FORMAT_VERSION 1
#define STATE_NAME_MAX 63
#define STATE_HINT_PREFIX "hint_"

#endif
