/* SPDX-License-Identifier: Apache-2.0 */
/* The VMRUN checker of entry_check.h over a vcpu's VMCB, in words. */
#ifndef ETERNA_HVM_SVM_ENTRY_REPORT_H
#define ETERNA_HVM_SVM_ENTRY_REPORT_H

#include "hvm/hvm.h"

/* Each rule of VMRUN that the vcpu's VMCB breaks, a line each. Context: VMRUN has just failed on this CPU. */
void svm_entry_report(struct hvm_vcpu *v, struct fmt_sink *sink);

#endif
