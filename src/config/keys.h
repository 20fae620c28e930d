/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys: name, section, kind of value, destination, default and description of each, once. */
#ifndef ETERNA_CONFIG_KEYS_H
#define ETERNA_CONFIG_KEYS_H

#include "config/config.h"

enum config_section { SECTION_NONE, SECTION_HOST, SECTION_VM, SECTION_UNKNOWN };

enum config_kind {
	KIND_NUMBER,   /* u32 in min..max */
	KIND_BYTES,    /* u64, a multiple of CONFIG_MEMORY_STEP, min..max */
	KIND_CHOICE,   /* u32, the number of a word in `choices` */
	KIND_SWITCH,   /* bool: on, off, yes, no */
	KIND_TEXT,     /* char[max] */
	KIND_MODULE,   /* char[max]: the name of a boot module */
	KIND_MODULES,  /* struct config_names */
	KIND_NUMA,     /* struct config_numa */
	KIND_APIC_IDS, /* struct config_apic_ids */
	KIND_CPUS,     /* struct cpu_set */
	KIND_TIME      /* u64 nanoseconds, min..max; min 0 is written "0" */
};

struct config_key {
	const char *name;
	enum config_section section;
	enum config_kind kind;
	u32 offset; /* in struct host_config or struct vm_config */
	u64 min;
	u64 max;
	const char *choices;  /* "a|b|c" */
	const char *fallback; /* what holds when the key is missing, as it would be written; NULL: must be given */
	const char *description;
};

extern const struct config_key config_keys[];
extern const u32 config_key_count;

/* Number of the key in the table; config_key_count if the section has none of that name. */
u32 config_key_find(enum config_section section, const char *name);

/* The nearest key of the section, for a name that is none: NULL if nothing is near. */
const char *config_key_suggest(enum config_section section, const char *name);

/*
 * Read `value` into the key's destination in `object` (struct host_config or struct vm_config).
 * Returns OK; otherwise `why` of `size` bytes says what is wrong, and the destination is as it was.
 */
err_t config_value_read(const struct config_key *key, const char *value, void *object, char *why, size_t size)
	MUST_CHECK;

/* The values that a key takes, in words: for the manual and the prompt. Returns the length as fmt_string does. */
size_t config_key_values(const struct config_key *key, char *buf, size_t size);

/* "250us", "10ms", "2s", in the largest unit that divides it; "0". */
void config_time_text(char *buf, size_t size, u64 ns);

/* Give every key of the section its default; keys without one become empty. */
void config_values_default(enum config_section section, void *object);

#endif
