// SPDX-License-Identifier: Apache-2.0
// How an instruction reports an exception.
#include "emul/exec.h"

err_t exec_fault(struct exec *x, enum vector vector)
{
	x->result->vector = (u8)vector;
	x->result->has_error_code = false;
	x->result->error_code = 0;
	return ERR_FAULT;
}

/* In real-address mode no exception has an error code (SDM 3A, Interrupt and Exception Handling in Real Mode). */
err_t exec_fault_code(struct exec *x, enum vector vector, u32 code)
{
	x->result->vector = (u8)vector;
	x->result->has_error_code = x->cpu->cr0 & CR0_PE;
	x->result->error_code = x->result->has_error_code ? code : 0;
	return ERR_FAULT;
}
