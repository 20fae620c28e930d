/* SPDX-License-Identifier: Apache-2.0 */
/* The port of one file: translated, compiled, and what does not compile taken back until it does. */
#ifndef ETERNA_PORT_PORT_FILE_H
#define ETERNA_PORT_PORT_FILE_H

#include "analysis.h"
#include "llm.h"
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

struct port_job {
	struct arena *arena; /* for everything, as it is for `s` */
	const struct syntax *s;
	const char *path;              /* in the source tree */
	const char *tree;              /* this project's folder */
	const struct imports *imports; /* NULL: `use` is not followed */
	const struct llm *llm;         /* NULL: no model is asked */
};

struct port_result port_file(struct port_job *job);

const char *port_status_word(enum port_status status);

/* What the ported file is called: src/cpu/vcpu.rs becomes src/cpu/vcpu.c, mod.rs takes its folder's name. */
const char *port_c_path(struct arena *a, const char *path);

#endif
