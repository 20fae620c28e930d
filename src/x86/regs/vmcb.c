// SPDX-License-Identifier: Apache-2.0
// The words for VMCB fields and #VMEXIT codes, out of the .def lists.
#include "x86/regs/vmcb.h"

const char *svm_exit_name(u64 code)
{
	if ((u32)code == SVM_EXIT_INVALID)
		return "invalid guest state in the VMCB";
	switch (code) {
#define X(name, number, text)                                                                                          \
	case (number):                                                                                                 \
		return text;
#include "x86/regs/svm_exit.def"
#undef X
	default:
		return "unknown exit code";
	}
}

/* A segment stands as a row for each part. */
static const struct {
	const char *name;
	u16 offset;
	u8 bytes;
} fields[] = {
#define F(type, name, offset, group) {#name, (offset), sizeof(type)},
#define S(name, offset, group)                                                                                         \
	{#name ".selector", (offset), 2}, {#name ".attributes", (offset) + 2, 2}, {#name ".limit", (offset) + 4, 4},   \
		{#name ".base", (offset) + 8, 8},
#include "x86/regs/vmcb.def"
#undef F
#undef S
};

const char *vmcb_field(const struct vmcb *b, unsigned i, u64 *value)
{
	if (i >= ARRAY_COUNT(fields))
		return NULL;
	*value = 0;
	__builtin_memcpy(value, b->bytes + fields[i].offset, fields[i].bytes);
	return fields[i].name;
}

const char *vmcb_field_at(const struct vmcb *b, u32 offset, u64 *value)
{
	for (unsigned i = 0; i < ARRAY_COUNT(fields); i++)
		if (fields[i].offset == offset)
			return vmcb_field(b, i, value);
	return NULL;
}
