// SPDX-License-Identifier: Apache-2.0
// VMCALL and VMMCALL. ETERNA has no hypercalls yet: each number gets the error that include/eterna/hypercall.h names.
#include "eterna/hypercall.h"
#include "vm/exits.h"

enum exit_next exit_hypercall(struct vcpu *v, const struct exit *x)
{
	(void)x;
	v->hvm.state.gpr[GPR_RAX] = HYPERCALL_UNKNOWN;
	return NEXT_ADVANCE;
}
