// SPDX-License-Identifier: Apache-2.0
// Reads cpio archives of the format "newc": a header of hexadecimal numbers, the name, the content, again and again.
#include "boot/info/archive.h"

#include "base/assert.h"
#include "base/checked.h"
#include "base/mem.h"
#include "base/str.h"

#define MAGIC "070701"
#define MAGIC_LENGTH 6
#define END_NAME "TRAILER!!!"

/* The header after its magic: fields of 8 digits each. */
#define FIELD_DIGITS 8
#define FIELD_MODE 1
#define FIELD_FILE_BYTES 6
#define FIELD_NAME_BYTES 11 /* with the NUL at its end */
#define FIELD_COUNT 13
#define HEADER_BYTES (MAGIC_LENGTH + FIELD_COUNT * FIELD_DIGITS)

/* Name and content begin at multiples of this, counted from the archive's start. */
#define PART_ALIGN 4

/* POSIX, sys/stat.h: kinds of files */
#define MODE_KIND 0170000
#define MODE_REGULAR 0100000

static bool digit_value(u8 c, u32 *value)
{
	if (c >= '0' && c <= '9')
		*value = c - '0';
	else if (c >= 'A' && c <= 'F')
		*value = c - 'A' + 10u;
	else if (c >= 'a' && c <= 'f')
		*value = c - 'a' + 10u;
	else
		return false;
	return true;
}

/* A field of the header. False: it is no number. */
static bool field_read(const u8 *header, u32 field, u32 *value)
{
	const u8 *digits = header + MAGIC_LENGTH + field * FIELD_DIGITS;
	u32 sum = 0;

	for (u32 i = 0; i < FIELD_DIGITS; i++) {
		u32 digit;

		if (!digit_value(digits[i], &digit))
			return false;
		sum = sum << 4 | digit;
	}
	*value = sum;
	return true;
}

static bool header_read(const u8 *header, u32 fields[FIELD_COUNT])
{
	if (memcmp(header, MAGIC, MAGIC_LENGTH) != 0)
		return false;
	for (u32 i = 0; i < FIELD_COUNT; i++)
		if (!field_read(header, i, &fields[i]))
			return false;
	return true;
}

/* The place where the part after [start, start + bytes) begins: sizes are below 2^32, so no sum wraps. */
static u64 part_after(u64 start, u64 bytes)
{
	return ALIGN_UP(start + bytes, PART_ALIGN);
}

err_t archive_next(struct archive *archive, struct archive_entry *entry)
{
	u32 fields[FIELD_COUNT];
	u64 name = archive->at + HEADER_BYTES;
	u64 name_bytes;

	ASSERT(archive->at <= archive->bytes && archive->bytes <= INT64_MAX);
	if (archive->bytes - archive->at < HEADER_BYTES)
		return ERR_TRUNCATED;
	if (!header_read(archive->data + archive->at, fields))
		return ERR_FORMAT;
	name_bytes = fields[FIELD_NAME_BYTES];
	entry->bytes = fields[FIELD_FILE_BYTES];
	entry->start = part_after(name, name_bytes);
	if (!range_is_inside(name, name_bytes, archive->bytes) ||
	    !range_is_inside(entry->start, entry->bytes, archive->bytes))
		return ERR_TRUNCATED;
	entry->name = (const char *)archive->data + name;
	entry->name_length = (u32)str_length_within(entry->name, name_bytes);
	if (entry->name_length == name_bytes)
		return ERR_FORMAT;
	entry->is_file = (fields[FIELD_MODE] & MODE_KIND) == MODE_REGULAR;
	archive->at = MIN(part_after(entry->start, entry->bytes), archive->bytes);
	return strcmp(entry->name, END_NAME) == 0 ? ERR_NOENT : OK;
}

/* Entries up to the next file. */
static err_t file_next(struct archive *archive, struct archive_entry *entry)
{
	err_t err;

	do
		err = archive_next(archive, entry);
	while (!err && !entry->is_file);
	return err;
}

bool archive_begins_with(const u8 *data, u64 bytes, const char *name)
{
	struct archive archive = {data, bytes, 0};
	struct archive_entry entry;
	size_t length = strlen(name);

	if (file_next(&archive, &entry) || entry.name_length < length)
		return false;

	const char *last = entry.name + entry.name_length - length;
	return strcmp(last, name) == 0 && (last == entry.name || last[-1] == '/');
}

err_t archive_unpack(struct boot_info *info, const u8 *data)
{
	const struct boot_module whole = info->modules[0];
	struct archive archive = {data, whole.bytes, 0};
	struct archive_entry entry;
	err_t err;

	ASSERT(info->module_count == 1);
	info->module_count = 0;
	while (!(err = file_next(&archive, &entry)))
		boot_info_add_module(info, whole.start.v + entry.start, entry.bytes, entry.name, entry.name_length);
	return err == ERR_NOENT ? OK : err;
}
