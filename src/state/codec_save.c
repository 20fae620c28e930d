// SPDX-License-Identifier: Apache-2.0
// The writing half of the state codec: sizes are known beforehand, so writing itself cannot fail.
#include "state/codec.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "eterna/state_format.h"
#include "state/codec_priv.h"

static void put(struct state_writer *w, const void *bytes, size_t count)
{
	memcpy(w->bytes + w->used, bytes, count);
	w->used += count;
}

static void put_u8(struct state_writer *w, u8 v)
{
	put(w, &v, sizeof(v));
}

static void put_u32(struct state_writer *w, u32 v)
{
	put(w, &v, sizeof(v));
}

static void put_name(struct state_writer *w, const char *name)
{
	size_t length = strlen(name);

	ASSERT(length >= 1 && length <= STATE_NAME_MAX);
	put_u8(w, (u8)length);
	put(w, name, length);
}

/* Bytes of a field without its length. */
static size_t field_body_bytes(const struct desc_field *f)
{
	size_t element = f->of ? state_size(f->of) : f->size;

	return FIELD_FIXED_BYTES + strlen(f->name) + element * f->count;
}

size_t state_size(const struct desc *desc)
{
	size_t bytes = LENGTH_BYTES + RECORD_FIXED_BYTES + strlen(desc->name);

	for (u32 i = 0; i < desc->count; i++)
		bytes += LENGTH_BYTES + field_body_bytes(&desc->fields[i]);
	return bytes;
}

static void put_record(struct state_writer *w, const struct desc *desc, const u8 *obj);

static void put_field(struct state_writer *w, const struct desc_field *f, const u8 *obj)
{
	put_u32(w, (u32)field_body_bytes(f));
	put_u8(w, (u8)f->kind);
	put_name(w, f->name);
	put_u32(w, f->of ? 0 : f->size);
	put_u32(w, f->count);
	if (!f->of) {
		put(w, obj + f->offset, (size_t)f->size * f->count);
		return;
	}
	for (u32 i = 0; i < f->count; i++)
		put_record(w, f->of, obj + f->offset + (size_t)i * f->size);
}

static void put_record(struct state_writer *w, const struct desc *desc, const u8 *obj)
{
	put_u32(w, (u32)(state_size(desc) - LENGTH_BYTES));
	put_u32(w, desc->version);
	put_name(w, desc->name);
	put_u32(w, desc->count);
	for (u32 i = 0; i < desc->count; i++)
		put_field(w, &desc->fields[i], obj);
}

err_t state_save(struct state_writer *w, const struct desc *desc, const void *obj)
{
	size_t bytes = state_size(desc);
	size_t end = w->used + bytes;

	ASSERT(bytes <= UINT32_MAX);
	if (bytes > w->size - w->used)
		return ERR_SPACE;
	put_record(w, desc, obj);
	ASSERT(w->used == end);
	return OK;
}

err_t state_save_header(struct state_writer *w)
{
	if (STATE_MAGIC_BYTES + 4 > w->size - w->used)
		return ERR_SPACE;
	put(w, STATE_MAGIC, STATE_MAGIC_BYTES);
	put_u32(w, STATE_FORMAT_VERSION);
	return OK;
}
