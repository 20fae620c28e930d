/* SPDX-License-Identifier: Apache-2.0 */
/* Guest-physical memory as the pure folders see it: RAM and devices behind one door that the VM provides. */
#ifndef ETERNA_IFACE_GUEST_MEMORY_H
#define ETERNA_IFACE_GUEST_MEMORY_H

#include "base/err.h"

/*
 * Embedded by the provider, which finds itself with CONTAINER_OF. An access never crosses a 4 KiB page (the caller
 * splits it) and has 1 to PAGE_BYTES bytes, in RAM and in devices alike, at any alignment. The provider routes it: to
 * RAM, to the device that claims the address, or to nobody (reads give all ones, writes are lost).
 *
 * OK is the answer to every access that a machine would carry out, also one to nobody. An error is for what the VM must
 * be stopped for: the caller gives up the instruction and hands the error on.
 */
struct guest_memory {
	err_t (*read)(struct guest_memory *memory, gpa_t gpa, void *buf, u32 bytes);
	err_t (*write)(struct guest_memory *memory, gpa_t gpa, const void *buf, u32 bytes);

	/*
	 * Replace the value at `gpa` by `desired` where it equals `expected`, atomically against the guest's own CPUs.
	 * `bytes` is 1, 2, 4, 8 or 16; unaligned ones must work, too.
	 *
	 * Returns OK; ERR_BUSY when the value there differed, and then nothing was written; ERR_UNSUPPORTED when the
	 * address is not RAM: the caller then writes instead, as a bus without locked cycles would.
	 */
	err_t (*compare_exchange)(struct guest_memory *memory, gpa_t gpa, const void *expected, const void *desired,
				  u32 bytes);
};

static inline MUST_CHECK err_t guest_read(struct guest_memory *memory, gpa_t gpa, void *buf, u32 bytes)
{
	return memory->read(memory, gpa, buf, bytes);
}

static inline MUST_CHECK err_t guest_write(struct guest_memory *memory, gpa_t gpa, const void *buf, u32 bytes)
{
	return memory->write(memory, gpa, buf, bytes);
}

static inline MUST_CHECK err_t guest_compare_exchange(struct guest_memory *memory, gpa_t gpa, const void *expected,
						      const void *desired, u32 bytes)
{
	return memory->compare_exchange(memory, gpa, expected, desired, bytes);
}

#endif
