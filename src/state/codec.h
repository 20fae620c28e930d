/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state codec: structs described by field lists (base/fields.h), to and from the state format
 * (eterna/state_format.h). One call for each struct; there is nothing to write by hand and so nothing to forget.
 */
#ifndef ETERNA_STATE_CODEC_H
#define ETERNA_STATE_CODEC_H

#include "base/err.h"
#include "base/fields.h"

/* Appends to the caller's buffer. */
struct state_writer {
	u8 *bytes;
	size_t size;
	size_t used; /* <= size */
};

/* Reads from the caller's buffer, whose content is foreign. */
struct state_reader {
	const u8 *bytes;
	size_t size;
	size_t at; /* <= size */
};

/* What the next record of a stream is. */
struct state_record {
	const char *name; /* in the buffer; not ended by a NUL */
	u32 name_length;
	u32 version;
	u32 field_count;
	size_t bytes; /* of the whole record */
};

static inline void state_writer_init(struct state_writer *w, void *bytes, size_t size)
{
	*w = (struct state_writer){.bytes = bytes, .size = size};
}

static inline void state_reader_init(struct state_reader *r, const void *bytes, size_t size)
{
	*r = (struct state_reader){.bytes = bytes, .size = size};
}

/* Begin a stream. Returns OK or ERR_SPACE. */
err_t state_save_header(struct state_writer *w) MUST_CHECK;

/* Check how a stream begins. Returns OK, ERR_TRUNCATED, ERR_FORMAT (no state stream) or ERR_VERSION. */
err_t state_load_header(struct state_reader *r) MUST_CHECK;

/* Bytes that one record of this struct takes: the same for every value. */
size_t state_size(const struct desc *desc);

/*
 * Append one record with the value of `obj`.
 * Returns OK, or ERR_SPACE (state_size() bytes are not there) and then nothing is written.
 */
err_t state_save(struct state_writer *w, const struct desc *desc, const void *obj) MUST_CHECK;

/*
 * Read the next record, which must be one of `desc`, into `obj`. Fields that the record lacks keep their value, so fill
 * `obj` with the reset state before. The numbers are foreign: check them with the struct's x_valid() after.
 *
 * Returns OK; ERR_TRUNCATED: the buffer ends within the record; ERR_FORMAT: another struct, a kind, size or count that
 * is not ours, lengths that do not add up, a bool that is neither 0 nor 1; ERR_VERSION: a version that is not ours, or
 * an unknown field that must not be skipped. On errors neither `obj` nor the reader's place has changed.
 */
err_t state_load(struct state_reader *r, const struct desc *desc, void *obj) MUST_CHECK;

/* Describe the next record without reading it. Returns OK, ERR_NOENT at the end, ERR_TRUNCATED or ERR_FORMAT. */
err_t state_peek(const struct state_reader *r, struct state_record *record) MUST_CHECK;

/* Step over the next record. Errors as state_peek(). */
err_t state_skip(struct state_reader *r) MUST_CHECK;

/* Is this a record of the named struct? */
bool state_record_is(const struct state_record *record, const char *name);

#endif
