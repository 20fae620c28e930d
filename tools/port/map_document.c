// SPDX-License-Identifier: Apache-2.0
// docs/port-map.md: the guide's components first, then every row of the table by kind.
#include "map_document.h"

#include <unistd.h>

#include "port_map.h"

/* The components of the ARM64 system, in the order of its port guide: where the work is done here, what shows it. */
static const char *const components[][4] = {
#define COMPONENT(arm, what, here, shown) {arm, what, here, shown},
#include "components.def"
#undef COMPONENT
};

static const char head[] =
	"<!-- Written by `make port-map` from tools/port/*.def: change those. -->\n"
	"# From ETERNA for ARM64 to this tree\n\n"
	"ETERNA x86_64 succeeds ETERNA for ARM64. That system's port guide lists its components and proposed Rust; "
	"this\n"
	"project writes C. The first table follows the guide: its component, where the same work is done here, and "
	"the\n"
	"test that shows it. The others are what `eterna-port` knows of registers, instructions and devices.\n\n"
	"| guide | ARM64 | here | shown by |\n|---|---|---|---|\n";

static const char differences[] = "\nWhat the guide's sketches do and this tree does not:\n\n"
				  "- *Allocate a page and map it at each EPT violation.* Memory is reserved when the "
				  "VM is made, so a fault cannot\n"
				  "  fail for want of it; 2 MiB pages are used where they fit (`gpa_fill()`).\n"
				  "- *Set IA32_FEATURE_CONTROL without a look at its lock.* Written only when "
				  "unlocked; locked without VMX is an\n"
				  "  error with a message (SDM 3C, Enabling and Entering VMX Operation).\n"
				  "- *EPTP with memory type in the wrong place.* Bits 2:0 are the type, bits 5:3 the "
				  "length of the walk less one\n"
				  "  (SDM 3C, Extended-Page-Table Pointer).\n"
				  "- *An XSAVE area of 4096 bytes.* Its size is CPUID leaf 0xD's.\n";

static const char fits[] =
	"\n*Fit*: **same**, a port uses the counterpart and says no more; **near**, the work is done there, but bits "
	"or\n"
	"moment differ, and a port marks the place with PORT_TODO; **gone**, nothing is needed on x86_64.\n";

bool map_document_check(const char *tree)
{
	bool fine = true;
	u32 of_kind[MAP_KINDS] = {0};
	char path[4096];

	for (u32 i = 0; i < map_row_count; i++) {
		of_kind[map_rows[i].kind]++;
		snprintf(path, sizeof(path), "%s/%s", tree, map_rows[i].file);
		if (!access(path, R_OK))
			continue;
		fprintf(stderr, "eterna-port: port_map.def: %s: there is no %s\n", map_rows[i].name, map_rows[i].file);
		fine = false;
	}
	for (enum map_kind kind = 0; kind < MAP_KINDS; kind++)
		fine &= of_kind[kind] > 0;
	return fine;
}

static void print_kind(FILE *out, enum map_kind kind)
{
	fprintf(out, "\n## %s\n\n| ARM64 | x86_64 | fit | file |\n|---|---|---|---|\n", map_kind_title(kind));
	for (u32 i = 0; i < map_row_count; i++)
		if (map_rows[i].kind == kind)
			fprintf(out, "| `%s` | %s | %s | `%s` |\n", map_rows[i].name, map_rows[i].counterpart,
				map_fit_word(map_rows[i].fit), map_rows[i].file);
}

void map_document_print(FILE *out)
{
	fputs(head, out);
	for (u32 i = 0; i < ARRAY_COUNT(components); i++)
		fprintf(out, "| %s | %s | %s | %s |\n", components[i][0], components[i][1], components[i][2],
			components[i][3]);
	fputs(differences, out);
	fputs(fits, out);
	for (enum map_kind kind = 0; kind < MAP_KINDS; kind++)
		print_kind(out, kind);
	fprintf(out, "\n%u rows.\n", map_row_count);
}
