// SPDX-License-Identifier: Apache-2.0
// The reading half of the state codec: a record is walked twice, first to check all of it, then to take its values.
#include "state/codec.h"

#include "base/mem.h"
#include "base/str.h"
#include "eterna/state_format.h"
#include "state/codec_priv.h"

/* A field as the stream has it. */
struct field {
	u8 kind;
	const char *name;
	u32 name_length;
	u32 size;
	u32 count;
	const u8 *data;
	size_t bytes; /* of data */
};

/* The next `count` bytes, or NULL where they are not there. */
static const u8 *take(struct state_reader *r, size_t count)
{
	const u8 *at;

	if (count > r->size - r->at)
		return NULL;
	at = r->bytes + r->at;
	r->at += count;
	return at;
}

static bool take_u8(struct state_reader *r, u8 *v)
{
	const u8 *at = take(r, sizeof(*v));

	if (at)
		*v = *at;
	return at;
}

static bool take_u32(struct state_reader *r, u32 *v)
{
	const u8 *at = take(r, sizeof(*v));

	if (at)
		*v = load_u32(at);
	return at;
}

static bool take_name(struct state_reader *r, const char **name, u32 *length)
{
	u8 count;

	if (!take_u8(r, &count) || count < 1 || count > STATE_NAME_MAX)
		return false;
	*name = (const char *)take(r, count);
	*length = count;
	return *name;
}

/* A length, then as many bytes: `body` becomes a reader of just these. */
static bool take_counted(struct state_reader *r, struct state_reader *body)
{
	const u8 *at;
	u32 bytes;

	if (!take_u32(r, &bytes))
		return false;
	at = take(r, bytes);
	if (at)
		state_reader_init(body, at, bytes);
	return at;
}

static bool name_is(const char *name, u32 length, const char *wanted)
{
	return strlen(wanted) == length && memcmp(name, wanted, length) == 0;
}

static bool record_open(struct state_reader *body, struct state_record *record)
{
	return take_u32(body, &record->version) && take_name(body, &record->name, &record->name_length) &&
	       take_u32(body, &record->field_count);
}

/* Does the content have the length that kind, size and count say? */
static bool field_valid(const struct field *field)
{
	if (field->kind == DESC_RECORD)
		return field->size == 0;
	return field->kind < DESC_KIND_COUNT &&
	       (field->size == 1 || field->size == 2 || field->size == 4 || field->size == 8) &&
	       field->bytes == (u64)field->size * field->count;
}

static bool take_field(struct state_reader *r, struct field *field)
{
	struct state_reader body;

	if (!take_counted(r, &body) || !take_u8(&body, &field->kind) ||
	    !take_name(&body, &field->name, &field->name_length) || !take_u32(&body, &field->size) ||
	    !take_u32(&body, &field->count))
		return false;
	field->bytes = body.size - body.at;
	field->data = body.bytes + body.at;
	return field_valid(field);
}

/* Search from `*next`, where the field is when both lists agree, and remember the place behind it. */
static const struct desc_field *field_find(const struct desc *desc, const struct field *field, u32 *next)
{
	for (u32 i = 0; i < desc->count; i++) {
		u32 at = (*next + i) % desc->count;

		if (name_is(field->name, field->name_length, desc->fields[at].name)) {
			*next = at + 1;
			return &desc->fields[at];
		}
	}
	return NULL;
}

/* May a field that we do not know be left out? */
static bool field_can_be_skipped(const struct field *field)
{
	const size_t prefix = sizeof(STATE_HINT_PREFIX) - 1;

	if (field->name_length > prefix && memcmp(field->name, STATE_HINT_PREFIX, prefix) == 0)
		return true;
	if (field->kind == DESC_RECORD)
		return false;
	for (size_t i = 0; i < field->bytes; i++)
		if (field->data[i])
			return false;
	return true;
}

static bool bools_are_valid(const struct field *field)
{
	for (size_t i = 0; i < field->bytes; i++)
		if (field->data[i] > 1)
			return false;
	return true;
}

static err_t load_scalars(const struct desc_field *f, const struct field *field, u8 *obj)
{
	if (field->size != f->size)
		return ERR_FORMAT;
	if (f->kind == DESC_BOOL && !bools_are_valid(field))
		return ERR_FORMAT;
	if (obj)
		memcpy(obj + f->offset, field->data, field->bytes);
	return OK;
}

static err_t load_record(struct state_reader *r, const struct desc *desc, u8 *obj);

static err_t load_records(const struct desc_field *f, const struct field *field, u8 *obj)
{
	struct state_reader elements;

	state_reader_init(&elements, field->data, field->bytes);
	for (u32 i = 0; i < f->count; i++) {
		err_t err = load_record(&elements, f->of, obj ? obj + f->offset + (size_t)i * f->size : NULL);

		if (err)
			return err;
	}
	return elements.at == elements.size ? OK : ERR_FORMAT;
}

static err_t load_field(const struct desc *desc, const struct field *field, u32 *next, u8 *obj)
{
	const struct desc_field *f = field_find(desc, field, next);

	if (!f)
		return field_can_be_skipped(field) ? OK : ERR_VERSION;
	if (field->kind != f->kind || field->count != f->count)
		return ERR_FORMAT;
	return f->of ? load_records(f, field, obj) : load_scalars(f, field, obj);
}

/* Check one record and, where `obj` is not NULL, take its values. Recursion is as deep as our own descriptions. */
static err_t load_record(struct state_reader *r, const struct desc *desc, u8 *obj)
{
	struct state_record record;
	struct state_reader body;
	u32 next = 0;

	if (!take_counted(r, &body) || !record_open(&body, &record) || !state_record_is(&record, desc->name))
		return ERR_FORMAT;
	if (record.version != desc->version)
		return ERR_VERSION;
	for (u32 i = 0; i < record.field_count; i++) {
		struct field field;
		err_t err;

		if (!take_field(&body, &field))
			return ERR_FORMAT;
		err = load_field(desc, &field, &next, obj);
		if (err)
			return err;
	}
	return body.at == body.size ? OK : ERR_FORMAT;
}

err_t state_peek(const struct state_reader *r, struct state_record *record)
{
	struct state_reader whole = *r;
	struct state_reader body;

	if (r->at == r->size)
		return ERR_NOENT;
	if (!take_counted(&whole, &body))
		return ERR_TRUNCATED;
	record->bytes = whole.at - r->at;
	return record_open(&body, record) ? OK : ERR_FORMAT;
}

err_t state_skip(struct state_reader *r)
{
	struct state_record record;
	err_t err = state_peek(r, &record);

	if (!err)
		r->at += record.bytes;
	return err;
}

bool state_record_is(const struct state_record *record, const char *name)
{
	return name_is(record->name, record->name_length, name);
}

err_t state_load(struct state_reader *r, const struct desc *desc, void *obj)
{
	struct state_reader check = *r;
	struct state_record record;
	err_t err = state_peek(r, &record);

	if (err == ERR_NOENT)
		return ERR_TRUNCATED;
	if (!err)
		err = load_record(&check, desc, NULL);
	if (err)
		return err;
	return load_record(r, desc, obj);
}

err_t state_load_header(struct state_reader *r)
{
	struct state_reader header = *r;
	const u8 *magic = take(&header, STATE_MAGIC_BYTES);
	u32 version;

	if (!magic || !take_u32(&header, &version))
		return ERR_TRUNCATED;
	if (memcmp(magic, STATE_MAGIC, STATE_MAGIC_BYTES) != 0)
		return ERR_FORMAT;
	if (version != STATE_FORMAT_VERSION)
		return ERR_VERSION;
	*r = header;
	return OK;
}
