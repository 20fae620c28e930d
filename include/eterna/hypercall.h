/* SPDX-License-Identifier: Apache-2.0 */
/* The hypercall ABI: VMCALL (or VMMCALL) with the number in RAX; the result comes back in RAX. */
#ifndef ETERNA_HYPERCALL_H
#define ETERNA_HYPERCALL_H

/* There is no hypercall of that number: -1000, as other hypervisors answer. */
#define HYPERCALL_UNKNOWN ((unsigned long)-1000)

#endif
