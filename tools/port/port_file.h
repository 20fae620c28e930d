/* SPDX-License-Identifier: Apache-2.0 */
/* The port of one file: translated, compiled, and what does not compile taken back until it does. */
#ifndef ETERNA_PORT_PORT_FILE_H
#define ETERNA_PORT_PORT_FILE_H

#include "analysis.h"
#include "translate.h"

enum port_status { PORT_COMPLETED, PORT_PARTIAL, PORT_FAILED };

struct port_result {
	enum port_status status;
	const char *why; /* of PORT_FAILED */
	const char *text;
	struct todo *todos;
	u32 todo_count;
	u32 rounds; /* of the compiler */
	struct analysis analysis;
};

/* `path` is for the answer's words. Everything is in `arena`, which `s` uses as well. */
struct port_result port_file(struct arena *arena, const struct syntax *s, const char *path, const char *tree,
			     const struct imports *imports);

const char *port_status_word(enum port_status status);

/* What the ported file is called: src/cpu/vcpu.rs becomes src/cpu/vcpu.c, mod.rs takes its folder's name. */
const char *port_c_path(struct arena *a, const char *path);

#endif
