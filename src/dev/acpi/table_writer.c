// SPDX-License-Identifier: Apache-2.0
// How ACPI tables are laid down: little-endian fields, the common header, checksums.
#include "dev/acpi/table_writer.h"

#include "base/mem.h"

/* The header. */
#define HEADER_LENGTH 4
#define HEADER_CHECKSUM 9

#define OEM_REVISION 1
#define CREATOR_REVISION 1

void put_bytes(struct table_writer *w, const void *bytes, u32 count)
{
	memcpy(w->out + w->at, bytes, count);
	w->at += count;
}

void put_u8(struct table_writer *w, u8 v)
{
	put_bytes(w, &v, 1);
}

void put_u16(struct table_writer *w, u16 v)
{
	put_bytes(w, &v, 2);
}

void put_u32(struct table_writer *w, u32 v)
{
	put_bytes(w, &v, 4);
}

void put_u64(struct table_writer *w, u64 v)
{
	put_bytes(w, &v, 8);
}

void put_zeros(struct table_writer *w, u32 count)
{
	memset(w->out + w->at, 0, count);
	w->at += count;
}

void put_align(struct table_writer *w, u32 align)
{
	put_zeros(w, ALIGN_UP(w->at, align) - w->at);
}

void put_address(struct table_writer *w, u8 space, u8 bits, u8 access, u64 address)
{
	put_u8(w, space);
	put_u8(w, bits);
	put_u8(w, 0); /* bit offset */
	put_u8(w, access);
	put_u64(w, address);
}

u32 table_begin(struct table_writer *w, const char signature[4], u8 revision)
{
	put_align(w, 16);
	w->begin = w->at;
	put_bytes(w, signature, 4);
	put_u32(w, 0); /* length */
	put_u8(w, revision);
	put_u8(w, 0); /* checksum */
	put_bytes(w, "ETERNA", 6);
	put_bytes(w, "ETERNAVM", 8);
	put_u32(w, OEM_REVISION);
	put_bytes(w, "ETRN", 4);
	put_u32(w, CREATOR_REVISION);
	return w->begin;
}

u8 table_checksum(const u8 *bytes, u32 count)
{
	u8 sum = 0;

	for (u32 i = 0; i < count; i++)
		sum = (u8)(sum + bytes[i]);
	return (u8)-sum;
}

void table_end(struct table_writer *w)
{
	u8 *table = w->out + w->begin;

	store_u32(table + HEADER_LENGTH, w->at - w->begin);
	table[HEADER_CHECKSUM] = table_checksum(table, w->at - w->begin);
}
