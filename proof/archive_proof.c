// SPDX-License-Identifier: Apache-2.0
// One step through any bytes as an archive: it reads nothing beyond them, goes forward, and what it tells lies inside.
// cbmc: src/boot/info/archive.c src/boot/info/boot_info.c src/base/mem.c src/base/str.c src/base/fmt.c
// cbmc: --unwind 20 -D __builtin_memcpy=memcpy
#include "base/checked.h"
#include "boot/info/archive.h"
#include "proof.h"

#define BYTES 126 /* a header and 16 for name and content */

void harness_next(void)
{
	u8 data[BYTES]; /* any values */
	struct archive archive = {data, nondet_u64(), nondet_u64()};
	struct archive_entry entry;
	u64 before;
	err_t err;

	ASSUME(archive.bytes <= BYTES && archive.at <= archive.bytes);
	before = archive.at;
	err = archive_next(&archive, &entry);
	PROVE(archive.at <= archive.bytes);
	if (err && err != ERR_NOENT) {
		PROVE(archive.at == before);
	} else {
		u64 name = (u64)((const u8 *)entry.name - data);

		PROVE(archive.at > before);
		PROVE(name > before && name + entry.name_length < entry.start);
		PROVE(entry.name[entry.name_length] == '\0');
		PROVE(range_is_inside(entry.start, entry.bytes, archive.bytes));
		PROVE(archive.at >= entry.start + entry.bytes);
	}
	REACHED();
}
