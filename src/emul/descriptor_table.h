/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the GDT and the LDT: reading one, its parts, and the bits in it that the processor sets. */
#ifndef ETERNA_EMUL_DESCRIPTOR_TABLE_H
#define ETERNA_EMUL_DESCRIPTOR_TABLE_H

#include "emul/exec.h"

#define SELECTOR_RPL BITS(1, 0)
#define SELECTOR_LOCAL BIT(2)

#define DESCRIPTOR_LIMIT_LOW BITS(15, 0)
#define DESCRIPTOR_BASE_LOW BITS(39, 16)
#define DESCRIPTOR_RIGHTS_LOW BITS(47, 40) /* type to P */
#define DESCRIPTOR_LIMIT_HIGH BITS(51, 48)
#define DESCRIPTOR_RIGHTS_HIGH BITS(55, 52) /* AVL to G */
#define DESCRIPTOR_BASE_HIGH BITS(63, 56)
#define DESCRIPTOR_ACCESSED BIT(40)
#define DESCRIPTOR_BUSY BIT(41)

#define TYPE_ACCESSED BIT(0)
#define TYPE_WRITABLE BIT(1)
#define TYPE_CONFORMING BIT(2)
#define TYPE_CODE BIT(3)
#define TYPE_LDT 2
#define TYPE_TSS16 1
#define TYPE_TSS 9
#define TYPE_TSS_BUSY 2 /* a bit */

/* A descriptor as it was found, and where. */
struct descriptor {
	u64 value;
	u64 base_upper; /* of a 16-byte system descriptor */
	struct span span;
	u32 selector;
};

static inline bool selector_is_null(u16 selector)
{
	return !(selector & ~SELECTOR_RPL);
}

/* Raise `vector` with the selector as its error code. */
err_t selector_fault(struct exec *x, enum vector vector, u32 selector) MUST_CHECK;

/* Read the descriptor that `selector` names; beyond the table's limit `vector` is raised with the selector. */
err_t descriptor_read(struct exec *x, u16 selector, enum vector vector, struct descriptor *d) MUST_CHECK;

/* The access rights in the layout of struct segment, and the type in them. */
u32 descriptor_rights(const struct descriptor *d);
u64 descriptor_type(const struct descriptor *d);

/* The segment that it describes. */
struct segment descriptor_segment(const struct descriptor *d);

/* Set a bit of it in memory where it is clear, atomically, as the processor does; ERR_BUSY when it changed meanwhile.
 */
err_t descriptor_mark(struct exec *x, const struct descriptor *d, u64 bit) MUST_CHECK;

#endif
