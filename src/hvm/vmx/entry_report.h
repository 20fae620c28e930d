/* SPDX-License-Identifier: Apache-2.0 */
/* The VM-entry checker of entry_check.h over the current VMCS of this CPU, in words. */
#ifndef ETERNA_HVM_VMX_ENTRY_REPORT_H
#define ETERNA_HVM_VMX_ENTRY_REPORT_H

#include "hvm/hvm.h"

/* Each rule of VM entry that the vcpu's VMCS breaks, a line each. Context: v is loaded on this CPU. */
void vmx_entry_report(const struct hvm_vcpu *v, struct fmt_sink *sink);

#endif
