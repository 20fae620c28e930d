/* SPDX-License-Identifier: Apache-2.0 */
/* What the emulator sees of a vcpu's surroundings: memory and devices, ports, vector registers. */
#ifndef ETERNA_VM_GUEST_ACCESS_H
#define ETERNA_VM_GUEST_ACCESS_H

struct vcpu;

/* Fill in v->memory, v->ports and v->vectors. */
void guest_access_init(struct vcpu *v);

#endif
