// SPDX-License-Identifier: Apache-2.0
// The words for VMCS encodings, exit reasons and VM-instruction errors, out of the .def lists.
#include "x86/regs/vmcs.h"

const char *vmcs_field_name(u32 encoding)
{
	switch (encoding) {
#define F(name, enc, width, type)                                                                                      \
	case (enc):                                                                                                    \
		return #name;
#include "x86/regs/vmcs.def"
#undef F
	default:
		return "unknown field";
	}
}

const char *vmx_exit_name(u32 basic_reason)
{
	switch (basic_reason) {
#define X(name, number, text)                                                                                          \
	case (number):                                                                                                 \
		return text;
#include "x86/regs/vmx_exit.def"
#undef X
	default:
		return "unknown exit reason";
	}
}

const char *vmx_error_text(u32 number)
{
	switch (number) {
#define X(name, num, text)                                                                                             \
	case (num):                                                                                                    \
		return text;
#include "x86/regs/vmx_error.def"
#undef X
	default:
		return "unknown VM-instruction error";
	}
}
