/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-width integers, address types and the few attributes that the whole tree uses. */
#ifndef ETERNA_BASE_TYPES_H
#define ETERNA_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* Address spaces are types: passing one where another is due does not compile. */
typedef struct {
	u64 v;
} gpa_t; /* guest-physical */
typedef struct {
	u64 v;
} gva_t; /* guest-linear ("virtual" in the field's jargon) */
typedef struct {
	u64 v;
} hpa_t; /* host-physical */

#define GPA(x) ((gpa_t){x})
#define GVA(x) ((gva_t){x})
#define HPA(x) ((hpa_t){x})

#define KIB ((u64)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define PAGE_BYTES ((u64)4096)
#define PAGE_SHIFT 12

#define NS_PER_US ((u64)1000)
#define NS_PER_MS ((u64)1000000)
#define NS_PER_SEC ((u64)1000000000)

/* A point in time that never comes: what next_event functions return when idle. */
#define NEVER UINT64_MAX

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define MUST_CHECK __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define PACKED __attribute__((packed))
#define ALIGNED(n) __attribute__((aligned(n)))
#define FORMAT_LIKE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Rounding to powers of two. `align` is a power of two; ALIGN_UP may wrap: check first where input is foreign. */
#define ALIGN_DOWN(x, align) ((x) & ~((__typeof__(x))(align)-1))
#define ALIGN_UP(x, align) ALIGN_DOWN((x) + ((__typeof__(x))(align)-1), align)
#define IS_ALIGNED(x, align) (((x) & ((__typeof__(x))(align)-1)) == 0)

#endif
