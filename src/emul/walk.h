/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's own paging: linear to guest-physical addresses in every mode, with permissions and A/D bits. */
#ifndef ETERNA_EMUL_WALK_H
#define ETERNA_EMUL_WALK_H

#include "iface/guest_memory.h"
#include "x86/cpu_state.h"
#include "x86/regs/control.h"

/* What the access does. None of WALK_WRITE and WALK_FETCH is a data read; the two exclude each other. */
#define WALK_WRITE 1u
#define WALK_FETCH 2u
#define WALK_USER 4u     /* user-mode access: CPL 3 and not implicit */
#define WALK_IMPLICIT 8u /* supervisor access to a descriptor table or TSS: RFLAGS.AC does not lift SMAP */
#define WALK_PEEK 16u    /* a debugger looks: no permission counts, no A/D bit is set */

/* What the walk depends on besides the registers; the guest's CPUID says so. */
struct walk_limits {
	u8 phys_bits;       /* MAXPHYADDR, 32 to 52 */
	bool has_gib_pages; /* 1 GiB pages */
	u32 pkru;           /* the guest's PKRU, used where CR4.PKE is set */
};

/* The entries that a walk read, from the root's on; the last one ends it, as a page's or because it cannot be used. */
struct walk_trail {
	u8 count;       /* 0: paging is off */
	u8 entry_bytes; /* 4 or 8 */
	gpa_t entry[5];
};

/*
 * Translate `gva` by the paging that `cpu` has on. The upper half of `gva` is ignored outside IA-32e mode; inside it
 * the address must be canonical (address_is_canonical), the caller raises #GP or #SS otherwise.
 *
 * PDPTEs of PAE paging are read from memory at each walk.
 *
 * Returns OK and *gpa; ERR_FAULT and *pf_error, the page fault's error code (SDM 3A, Page-Fault Exceptions), with no
 * entry changed; ERR_BUSY when another CPU keeps changing the entries; or what `memory` reported.
 * A trail that is not NULL is valid in any case, but that an entry which `memory` has failed to read is in it, too.
 * Source: SDM 3A, Paging.
 */
err_t walk_noting(struct guest_memory *memory, const struct cpu_state *cpu, const struct walk_limits *limits, gva_t gva,
		  unsigned access, struct walk_trail *trail, gpa_t *gpa, u32 *pf_error) MUST_CHECK;

static inline err_t MUST_CHECK walk(struct guest_memory *memory, const struct cpu_state *cpu,
				    const struct walk_limits *limits, gva_t gva, unsigned access, gpa_t *gpa,
				    u32 *pf_error)
{
	return walk_noting(memory, cpu, limits, gva, access, NULL, gpa, pf_error);
}

/* The way that a walk with WALK_PEEK takes. */
static inline err_t MUST_CHECK walk_trail(struct guest_memory *memory, const struct cpu_state *cpu,
					  const struct walk_limits *limits, gva_t gva, struct walk_trail *trail,
					  gpa_t *gpa)
{
	u32 pf_error;

	return walk_noting(memory, cpu, limits, gva, WALK_PEEK, trail, gpa, &pf_error);
}

/* Are all bits above the linear-address width (48, or 57 with CR4.LA57) copies of its highest bit? */
static inline bool address_is_canonical(u64 cr4, u64 address)
{
	unsigned unused_bits = cr4 & CR4_LA57 ? 7 : 16;

	return (u64)((s64)(address << unused_bits) >> unused_bits) == address;
}

#endif
