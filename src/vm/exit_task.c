// SPDX-License-Identifier: Apache-2.0
// Hardware task switches.
#include "vm/exits.h"

enum exit_next exit_task_switch(struct vcpu *v, const struct exit *x)
{
	vm_fault(v, x, "hardware task switch to selector %#x", x->task.selector);
	return NEXT_LEAVE;
}
