/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot modules out of one file, for loaders that pass only one: a cpio archive in the format "newc" (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst), as `cpio -o -H newc` writes it.
 */
#ifndef ETERNA_BOOT_INFO_ARCHIVE_H
#define ETERNA_BOOT_INFO_ARCHIVE_H

#include "boot/info/boot_info.h"

/* An archive of `bytes` in memory, and how far it has been read. */
struct archive {
	const u8 *data;
	u64 bytes;
	u64 at; /* at most `bytes`; 0 to begin with */
};

/* An entry: its content is [start, start + bytes) of the archive, the name is without its NUL. */
struct archive_entry {
	const char *name;
	u32 name_length;
	bool is_file; /* a regular file: no folder, link or device */
	u64 start;
	u64 bytes;
};

/*
 * Read the next entry and step behind it.
 *
 * @return OK; ERR_NOENT: the archive's end was read; ERR_FORMAT: this is no entry; ERR_TRUNCATED: the archive's bytes
 *         end before the entry does, or without the entry that ends an archive. `entry` is to be used only after OK.
 */
err_t archive_next(struct archive *archive, struct archive_entry *entry) MUST_CHECK;

/* Is `data` an archive whose first file is called `name`, with or without folders before it? */
bool archive_begins_with(const u8 *data, u64 bytes, const char *name);

/*
 * Put the files of the archive that is the only module in the module's place; `data` is that module's content. A file's
 * path does for it what a module's string does.
 *
 * @return OK; ERR_FORMAT, ERR_TRUNCATED as archive_next(): then the modules are those before the error.
 */
err_t archive_unpack(struct boot_info *info, const u8 *data) MUST_CHECK;

#endif
