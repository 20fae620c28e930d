/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field lists: one list of fields generates a struct and its description, so that a field which exists is saved.
 *
 * A list is a macro with three parameters, for scalars, arrays of scalars, and arrays of described structs:
 *
 *	#define TIMER_FIELDS(F, A, S)                                \
 *		F(u16, reload, "count the guest wrote")              \
 *		A(u8, latch, 2, "low and high byte")                 \
 *		S(struct channel, channel, 3, channel_desc, "...")
 *	struct timer { TIMER_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS) };
 *	extern const struct desc timer_desc;                         // in the header
 *	DESC_DEFINE(timer, TIMER_FIELDS, 1);                         // in the .c
 *
 * Scalars are bool, u8..u64, s8..s64 (and enums are stored as u8/u32 members: no enum members in lists).
 * The saved form is state/codec.c's business.
 */
#ifndef ETERNA_BASE_FIELDS_H
#define ETERNA_BASE_FIELDS_H

#include "base/types.h"

struct desc;

/* What the elements of a field are. */
enum desc_kind { DESC_UNSIGNED, DESC_SIGNED, DESC_BOOL, DESC_RECORD, DESC_KIND_COUNT };

/* One field of a described struct. */
struct desc_field {
	const char *name;
	u32 offset;            /* in the struct */
	u32 size;              /* of one element, bytes */
	u32 count;             /* elements; 1 for a scalar */
	const struct desc *of; /* description of the element, NULL for scalars */
	enum desc_kind kind;
};

/* A described struct. `version` rises when a field changes its meaning; adding a field does not need it. */
struct desc {
	const char *name;
	u32 version;
	u32 size; /* of the struct, bytes */
	u32 count;
	const struct desc_field *fields;
};

#define FIELD_MEMBER(type, member, doc) type member;
#define FIELD_ARRAY(type, member, n, doc) type member[n];
#define FIELD_STRUCTS(type, member, n, desc_of, doc) type member[n];

#define DESC_IS(type, other) __builtin_types_compatible_p(type, other)
#define DESC_SCALAR_KIND(type)                                                                                         \
	(DESC_IS(type, bool)                                                                   ? DESC_BOOL             \
	 : DESC_IS(type, s8) || DESC_IS(type, s16) || DESC_IS(type, s32) || DESC_IS(type, s64) ? DESC_SIGNED           \
											       : DESC_UNSIGNED)

#define DESC_MEMBER(type, member, doc) DESC_ARRAY(type, member, 1, doc)
#define DESC_ARRAY(type, member, n, doc)                                                                               \
	{#member, offsetof(DESC_STRUCT, member), sizeof(type), n, NULL, DESC_SCALAR_KIND(type)},
#define DESC_STRUCTS(type, member, n, desc_of, doc)                                                                    \
	{#member, offsetof(DESC_STRUCT, member), sizeof(type), n, &(desc_of), DESC_RECORD},

/*
 * Defines `const struct desc NAME_desc` for `struct NAME`. In the .c, before it:
 *	#define DESC_STRUCT struct timer
 * (the preprocessor cannot make it from the list alone); #undef it after.
 */
#define DESC_DEFINE(struct_name, LIST, ver)                                                                            \
	static const struct desc_field struct_name##_desc_fields[] = {LIST(DESC_MEMBER, DESC_ARRAY, DESC_STRUCTS)};    \
	const struct desc struct_name##_desc = {                                                                       \
		.name = #struct_name,                                                                                  \
		.version = (ver),                                                                                      \
		.size = sizeof(struct struct_name),                                                                    \
		.count = ARRAY_COUNT(struct_name##_desc_fields),                                                       \
		.fields = struct_name##_desc_fields,                                                                   \
	}

#endif
