/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM that a debugger may look at. One struct debug belongs to a VM of the configuration and outlives the machines
 *that come and go under it; a VM without one has `debug` NULL and pays nothing.
 *
 *	 gdb  <->  gdb/ session  <->  iface/gdb_target.h, here  <->  vcpus, guest memory, hvm->debug_set()
 */
#ifndef ETERNA_VM_DEBUG_H
#define ETERNA_VM_DEBUG_H

#include "vm/vcpu.h"

struct debug;

/* ERR_NOMEM. `waits`: a VM stops before its first instruction until a debugger lets it go. */
err_t debug_create(bool waits, struct debug **out) MUST_CHECK;
/* Its VM has ended. */
void debug_destroy(struct debug *d);

/* A VM was made, and is about to run: false when it is to wait for the debugger. */
bool debug_vm_begins(struct debug *d, struct vm *vm);

/* Its VM has stopped by a fault: true while the debugger looks at what is left of it. */
bool debug_vm_is_kept(struct debug *d);

/* Its VM is about to go; another begins soon when it is restarted. Context: no vcpu is loaded. */
void debug_vm_ends(struct debug *d, bool is_restarted);

/* The debugger holds the VM: nobody else is to let it run. */
bool debug_has_stopped(const struct debug *d);

/*
 * A debugger's connection and its bytes. Context of all: work of the host loop.
 * close: the connection broke. `pauses`: the VM is left stopped.
 */
void debug_attend(struct debug *d); /* what vcpus met: to be called in each round */
void debug_open(struct debug *d);
bool debug_is_open(const struct debug *d);
void debug_close(struct debug *d, bool pauses);
bool debug_receive(struct debug *d, u8 byte);
bool debug_send(struct debug *d, u8 *byte);

/* --- for the host loop and exits of vcpus whose VM has a struct debug; the vcpu is loaded ------------------------ */

/* May the vcpu run at all, or do others come first? Needs no loaded vcpu. */
bool debug_lets_run(const struct vcpu *v);

/* Before entering: true when it may run freely; else debug_step() is to be called in place of the loop. */
bool debug_enter(struct vcpu *v);

/* One entry and exit of a vcpu that steps. */
void debug_step(struct vcpu *v);

/* #BP and #DB: true when it was the debugger's affair alone, and the loop is to be left; else the guest gets it. For
 * #DB *bits of DR6 are what is left for the guest. */
bool debug_took_exception(struct vcpu *v, const struct exit *x, u64 *bits);

/* An access that the second level forbids: true when it was the debugger who had it forbidden; leave the loop then. */
bool debug_took_memory(struct vcpu *v, const struct exit *x);

/* MOV to or from a debug register. */
enum exit_next debug_register_access(struct vcpu *v);

#endif
