/* SPDX-License-Identifier: Apache-2.0 */
/* What this CPU's SVM can do, read once at boot (APM 2, Enabling SVM; APM 3, CPUID Fn8000_000A), and what is used. */
#ifndef ETERNA_HVM_SVM_CAPS_H
#define ETERNA_HVM_SVM_CAPS_H

#include "base/err.h"
#include "hvm/tags.h"
#include "x86/regs/vmcb.h"

struct svm_caps {
	u32 revision;
	u32 offered; /* SVM_CPUID_ bits */
	u32 used;
	struct tag_caps tags;
};

/* Read-only after svm_caps_read(). */
extern struct svm_caps svm_caps;

/*
 * Read the features, choose, and log each by name.
 *
 * @return OK; ERR_UNSUPPORTED when a needed one is missing: each is logged as "SVM lacks: NAME"
 */
err_t svm_caps_read(void) MUST_CHECK;

static inline bool svm_uses(u64 feature)
{
	return svm_caps.used & feature;
}

#endif
