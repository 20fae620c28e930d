// SPDX-License-Identifier: Apache-2.0
// The VMCS in words, and the rule that a failed VM entry broke.
#include "hvm/vmx/entry_report.h"
#include "hvm/vmx/vmx.h"

static const char *entry_failure_text(const struct exit *x)
{
	if (x->entry.error == ENTRY_ERROR_NO_VMCS)
		return "VMfailInvalid: no current VMCS";
	if (x->entry.error)
		return vmx_error_text(x->entry.error);
	return vmx_exit_name((u32)GET(EXIT_REASON_BASIC, x->reason));
}

static void vmcs_print(struct fmt_sink *sink)
{
	static const u32 fields[] = {
#define F(name, encoding, width, type) encoding,
#include "x86/regs/vmcs.def"
#undef F
	};
	unsigned column = 0;

	for (unsigned i = 0; i < ARRAY_COUNT(fields); i++) {
		u64 value;
		bool failed;

		/* Fields that this CPU does not have are left out. */
		__asm__ volatile("vmread %2, %0" : "=r"(value), "=@ccbe"(failed) : "r"((u64)fields[i]));
		if (failed || !value)
			continue;
		fmt_print(sink, "  %-32s %016lx%s", vmcs_field_name(fields[i]), value, column++ % 2 ? "\n" : "");
	}
	fmt_print(sink, column % 2 ? "\n" : "");
}

void vmx_explain(struct hvm_vcpu *v, const struct exit *x, struct fmt_sink *sink)
{
	if (x->kind == EXIT_ENTRY_FAILED) {
		fmt_print(sink, "VM entry failed: %s (exit reason %#x, qualification %#lx, VM-instruction error %u)\n",
			  entry_failure_text(x), x->reason, x->entry.qualification, x->entry.error);
		vmx_entry_report(v, sink);
	} else {
		fmt_print(sink, "exit reason %u, %s\n", x->reason,
			  vmx_exit_name((u32)GET(EXIT_REASON_BASIC, x->reason)));
	}
	fmt_print(sink, "VMCS (fields that are not 0):\n");
	vmcs_print(sink);
}
