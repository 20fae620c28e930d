/* SPDX-License-Identifier: Apache-2.0 */
/* Appending numbers and tables, with header and checksum, to the caller's buffer. */
#ifndef ETERNA_DEV_ACPI_TABLE_WRITER_H
#define ETERNA_DEV_ACPI_TABLE_WRITER_H

#include "base/types.h"

/* The caller has made sure that everything fits. */
struct table_writer {
	u8 *out;
	u32 at;    /* where the next byte goes */
	u32 begin; /* where the table in progress began */
};

void put_bytes(struct table_writer *w, const void *bytes, u32 count);
void put_u8(struct table_writer *w, u8 v);
void put_u16(struct table_writer *w, u16 v);
void put_u32(struct table_writer *w, u32 v);
void put_u64(struct table_writer *w, u64 v);
void put_zeros(struct table_writer *w, u32 count);

/* Zeros up to a multiple of `align` from the start of the buffer. */
void put_align(struct table_writer *w, u32 align);

/* A generic address structure. `space` 0 memory, 1 ports; `access` 1 byte, 2 word, 3 dword, 4 qword, 0 any. */
void put_address(struct table_writer *w, u8 space, u8 bits, u8 access, u64 address);

/* A system description table's header; table_end() fills in length and checksum. Returns its place in the buffer. */
u32 table_begin(struct table_writer *w, const char signature[4], u8 revision);
void table_end(struct table_writer *w);

/* The byte that makes `count` bytes sum up to 0 when the byte itself counts as 0. */
u8 table_checksum(const u8 *bytes, u32 count);

#endif
