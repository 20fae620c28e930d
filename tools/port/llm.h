/* SPDX-License-Identifier: Apache-2.0 */
/* An optional model that proposes C for what has no sure translation: an OpenAI-compatible chat endpoint. */
#ifndef ETERNA_PORT_LLM_H
#define ETERNA_PORT_LLM_H

#include "arena.h"

struct llm {
	const char *url; /* the endpoint, or its base ("http://host/v1") */
	const char *model;
	const char *key; /* NULL: none is sent */
};

/* C statements for a piece of Rust, or NULL when the model gave none that may be used. Any thread. */
const char *llm_propose(const struct llm *llm, struct arena *a, const char *rust, const char *reason,
			const char *context);

/* May this text stand inside a function? No preprocessor lines, no assembly, braces closed, nothing but text. */
bool llm_text_acceptable(const char *text);

/* The text between ``` fences when there are some, else all of it. */
const char *llm_unfenced(struct arena *a, const char *text);

#endif
