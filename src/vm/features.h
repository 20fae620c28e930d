/* SPDX-License-Identifier: Apache-2.0 */
/* What a VM's vcpus can do: the policies evaluated for it on this machine. */
#ifndef ETERNA_VM_FEATURES_H
#define ETERNA_VM_FEATURES_H

#include "base/err.h"

struct vm;

/* Fill in vm->cpuid, vm->msr_env, the MSR map and the CR4 bits. Returns OK, or what policy_cpuid_init() says. */
err_t vm_features_init(struct vm *vm, u32 vcpu_count) MUST_CHECK;

#endif
