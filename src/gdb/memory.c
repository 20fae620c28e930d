// SPDX-License-Identifier: Apache-2.0
// Memory: m, M, x, X, a search and a checksum. What is read short of the end is answered as far as it goes.
#include "base/mem.h"
#include "gdb/gdb_priv.h"

#define CHUNK_BYTES 256u

static u32 target_read(struct gdb *g, u64 address, u8 *buf, u32 bytes)
{
	return g->target->memory_read(g->target, g->thread, g->is_physical ? GDB_PHYSICAL : GDB_VIRTUAL, address, buf,
				      bytes);
}

static u32 target_write(struct gdb *g, u64 address, const u8 *buf, u32 bytes)
{
	return g->target->memory_write(g->target, g->thread, g->is_physical ? GDB_PHYSICAL : GDB_VIRTUAL, address, buf,
				       bytes);
}

/* Give the reply up to `most` bytes of memory, by `put`; how many there were. */
static u64 memory_give(struct gdb *g, u64 address, u64 most,
		       void (*put)(struct gdb_out *out, const u8 *bytes, u32 count))
{
	u8 chunk[CHUNK_BYTES];
	u64 done = 0;

	while (done < most) {
		u32 want = (u32)MIN(most - done, CHUNK_BYTES);
		u32 got = target_read(g, address + done, chunk, want);

		put(&g->out, chunk, got);
		done += got;
		if (got < want)
			break;
	}
	return done;
}

enum reply packet_memory_read(struct gdb *g, struct words *w)
{
	u64 address, bytes;

	if (!words_take_range(w, &address, &bytes) || words_left(w))
		return reply_err(g, ERR_FORMAT);
	bytes = MIN(bytes, GDB_PACKET_BYTES / 2);
	if (!memory_give(g, address, bytes, gdb_out_hex) && bytes)
		return reply_err(g, ERR_FAULT);
	return REPLY_NOW;
}

/* gdb 16's form: 'b' and the bytes, of which any may need an escape. */
enum reply packet_memory_read_binary(struct gdb *g, struct words *w)
{
	u64 address, bytes;

	if (!words_take_range(w, &address, &bytes) || words_left(w))
		return reply_err(g, ERR_FORMAT);
	bytes = MIN(bytes, (GDB_PACKET_BYTES - 1) / 2);
	gdb_out_char(&g->out, 'b');
	if (!memory_give(g, address, bytes, gdb_out_binary) && bytes)
		return reply_err(g, ERR_FAULT);
	return REPLY_NOW;
}

enum reply packet_memory_write(struct gdb *g, struct words *w)
{
	u8 chunk[CHUNK_BYTES];
	u64 address, bytes;

	if (!words_take_range(w, &address, &bytes) || !words_take(w, ':') || words_left(w) != 2 * bytes)
		return reply_err(g, ERR_FORMAT);
	for (u64 done = 0; done < bytes;) {
		u32 part = (u32)MIN(bytes - done, CHUNK_BYTES);

		if (!words_take_bytes(w, chunk, part))
			return reply_err(g, ERR_FORMAT);
		if (target_write(g, address + done, chunk, part) < part)
			return reply_err(g, ERR_FAULT);
		done += part;
	}
	return reply_ok(g);
}

enum reply packet_memory_write_binary(struct gdb *g, struct words *w)
{
	u64 address, bytes;

	if (!words_take_range(w, &address, &bytes) || !words_take(w, ':') || words_left(w) != bytes)
		return reply_err(g, ERR_FORMAT);
	if (target_write(g, address, w->at, (u32)bytes) < bytes)
		return reply_err(g, ERR_FAULT);
	return reply_ok(g);
}

/* qSearch:memory:ADDRESS;LENGTH;PATTERN (binary). The window that is looked at slides by what cannot match. */
#define SEARCH_MOST (64 * MIB)

static bool search(struct gdb *g, u64 address, u64 bytes, const u8 *pattern, u32 pattern_bytes, u64 *found)
{
	u8 window[2 * CHUNK_BYTES];
	u32 held = 0;

	for (u64 at = address; bytes >= pattern_bytes;) {
		u32 want = (u32)MIN(bytes - held, sizeof(window) - held);
		u32 got = target_read(g, at + held, window + held, want);
		u32 i = 0;

		held += got;
		for (; i + pattern_bytes <= held; i++) {
			if (memcmp(window + i, pattern, pattern_bytes))
				continue;
			*found = at + i;
			return true;
		}
		if (got < want || !i)
			return false;
		memmove(window, window + i, held - i);
		held -= i;
		at += i;
		bytes -= i;
	}
	return false;
}

enum reply packet_search(struct gdb *g, struct words *w)
{
	u64 address, bytes, found;
	u32 pattern_bytes;

	if (!words_take_number(w, &address) || !words_take(w, ';') || !words_take_number(w, &bytes) ||
	    !words_take(w, ';'))
		return reply_err(g, ERR_FORMAT);
	pattern_bytes = words_left(w);
	if (!pattern_bytes || pattern_bytes > CHUNK_BYTES || bytes > SEARCH_MOST)
		return reply_err(g, ERR_RANGE);
	if (search(g, address, bytes, w->at, pattern_bytes, &found))
		fmt_print(&g->out.sink, "1,%lx", found);
	else
		gdb_out_char(&g->out, '0');
	return REPLY_NOW;
}

/* qCRC:ADDRESS,LENGTH: CRC-32 with polynomial 0x04c11db7, all ones at first, most significant bit first. */
#define CRC_POLYNOMIAL 0x04c11db7u

static u32 crc_add(u32 crc, u8 byte)
{
	crc ^= (u32)byte << 24;
	for (unsigned bit = 0; bit < 8; bit++)
		crc = crc & 0x80000000u ? crc << 1 ^ CRC_POLYNOMIAL : crc << 1;
	return crc;
}

enum reply packet_crc(struct gdb *g, struct words *w)
{
	u8 chunk[CHUNK_BYTES];
	u64 address, bytes;
	u32 crc = UINT32_MAX;

	if (!words_take_range(w, &address, &bytes) || words_left(w) || bytes > SEARCH_MOST)
		return reply_err(g, ERR_FORMAT);
	for (u64 done = 0; done < bytes;) {
		u32 part = (u32)MIN(bytes - done, CHUNK_BYTES);

		if (target_read(g, address + done, chunk, part) < part)
			return reply_err(g, ERR_FAULT);
		for (u32 i = 0; i < part; i++)
			crc = crc_add(crc, chunk[i]);
		done += part;
	}
	fmt_print(&g->out.sink, "C%08x", crc);
	return REPLY_NOW;
}
