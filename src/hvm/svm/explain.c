// SPDX-License-Identifier: Apache-2.0
// The VMCB in words.
#include "hvm/svm/entry_report.h"
#include "hvm/svm/svm.h"

static void vmcb_print(const struct vmcb *b, struct fmt_sink *sink)
{
	unsigned column = 0;
	const char *name;
	u64 value;

	for (unsigned i = 0; (name = vmcb_field(b, i, &value)); i++)
		if (value)
			fmt_print(sink, "  %-24s %016lx%s", name, value, column++ % 2 ? "\n" : "");
	fmt_print(sink, column % 2 ? "\n" : "");
}

void svm_explain(struct hvm_vcpu *v, const struct exit *x, struct fmt_sink *sink)
{
	const struct vmcb *b = v->control;

	if (x->kind == EXIT_ENTRY_FAILED) {
		fmt_print(sink, "VMRUN failed: %s\n", svm_exit_name(vmcb_exit_code(b)));
		svm_entry_report(v, sink);
	} else {
		fmt_print(sink, "#VMEXIT %#lx: %s\n", vmcb_exit_code(b), svm_exit_name(vmcb_exit_code(b)));
	}
	vmcb_print(b, sink);
}
