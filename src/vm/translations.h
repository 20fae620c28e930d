/* SPDX-License-Identifier: Apache-2.0 */
/* Translations of a running VM's memory, on all CPUs that hold it. */
#ifndef ETERNA_VM_TRANSLATIONS_H
#define ETERNA_VM_TRANSLATIONS_H

struct vm;

/*
 * No CPU uses a translation of the VM's second-level tables or of its window from before this call: after mappings
 * were removed, restricted or led elsewhere in them. Vcpus leave their guests for a moment.
 * Context: no lock is held; may serve ipi_call() of others meanwhile.
 */
void translations_drop(struct vm *vm);

#endif
