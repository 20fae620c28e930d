// SPDX-License-Identifier: Apache-2.0
// The page walk (SDM 3A, Paging): one loop over the levels, the modes are rows of a table.
#include "emul/walk.h"

#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7)
#define PTE_PK BITS(62, 59)
#define PTE_XD BIT(63)

#define PSE36_HIGH BITS(20, 13) /* bits 39:32 of a 4 MiB page */

/* How often a walk starts over because another CPU changed an entry under it. */
#define WALK_TRIES 16

struct paging {
	u8 levels;
	u8 index_bits;  /* of each level but the root of PAE */
	u8 entry_bytes; /* 4 or 8 */
	u64 root_mask;  /* of CR3: where the first table is */
};

static const struct paging paging_32bit = {2, 10, 4, BITS(31, 12)};
static const struct paging paging_pae = {3, 9, 8, BITS(31, 5)};
static const struct paging paging_4level = {4, 9, 8, BITS(51, 12)};
static const struct paging paging_5level = {5, 9, 8, BITS(51, 12)};

static const struct paging *paging_of(const struct cpu_state *cpu)
{
	if (!(cpu->cr4 & CR4_PAE))
		return &paging_32bit;
	if (!(cpu->efer & EFER_LMA))
		return &paging_pae;
	return cpu->cr4 & CR4_LA57 ? &paging_5level : &paging_4level;
}

static bool has_nx(const struct cpu_state *cpu)
{
	return (cpu->cr4 & CR4_PAE) && (cpu->efer & EFER_NXE);
}

/* A walk under way. Entries are kept so that their A/D bits are set at the end, when nothing can fault any more. */
struct path {
	const struct paging *paging;
	const struct cpu_state *cpu;
	const struct walk_limits *limits;
	gva_t gva;
	unsigned access;
	u64 reserved; /* bits that must be 0 in every entry */
	u64 rights;   /* AND of all entries so far; PTE_XD is inverted, so it means "may execute" */
	unsigned page_shift;
	unsigned depth; /* entries read */
	u64 entry[5];
	gpa_t entry_gpa[5];
};

/* The bits above MAXPHYADDR, up to where the mode begins to ignore them, and XD where it is off. */
static u64 reserved_always(const struct path *path)
{
	u64 top = path->paging == &paging_pae ? BITS(62, 0) : BITS(51, 0);

	if (path->paging == &paging_32bit)
		return 0;
	return (top & ~(BIT(path->limits->phys_bits) - 1)) | (has_nx(path->cpu) ? 0 : PTE_XD);
}

/* What else must be 0 in an 8-byte entry with PTE_PS above the page tables: PTE_PS, or low address bits. */
static u64 reserved_large(const struct path *path, unsigned level, unsigned shift)
{
	bool may_be_large = level == 2 || (level == 3 && path->limits->has_gib_pages);

	return may_be_large ? BITS(shift - 1, 13) : PTE_PS;
}

/* The same for a 4 MiB page: bits above the address bits of PSE-36. */
static u64 reserved_4mib(const struct path *path)
{
	unsigned phys_bits = MIN(path->limits->phys_bits, 40);

	return BITS(21, 13) & ~(BIT(phys_bits - 19) - 1);
}

static u32 fault_code(const struct path *path, u32 why)
{
	u32 code = why;

	if (path->access & WALK_WRITE)
		code |= (u32)PF_WRITE;
	if (path->access & WALK_USER)
		code |= (u32)PF_USER;
	if ((path->access & WALK_FETCH) && (has_nx(path->cpu) || (path->cpu->cr4 & CR4_SMEP)))
		code |= (u32)PF_FETCH;
	return code;
}

static bool is_pae_root(const struct path *path, unsigned level)
{
	return level == 3 && path->paging == &paging_pae;
}

/* The reserved bits of `entry`; *is_leaf tells whether it maps a page. */
static u64 reserved_bits(const struct path *path, u64 entry, unsigned level, unsigned shift, bool *is_leaf)
{
	*is_leaf = level == 1;
	if (is_pae_root(path, level))
		return path->reserved | PTE_XD | BITS(8, 5) | BITS(2, 1);
	if (level == 1 || !(entry & PTE_PS))
		return path->reserved;
	if (path->paging == &paging_32bit) {
		*is_leaf = path->cpu->cr4 & CR4_PSE;
		return *is_leaf ? reserved_4mib(path) : 0;
	}
	*is_leaf = true;
	return path->reserved | reserved_large(path, level, shift);
}

static err_t path_fault(const struct path *path, u64 why, u32 *pf_error)
{
	*pf_error = fault_code(path, (u32)why);
	return ERR_FAULT;
}

static err_t path_read(struct path *path, struct guest_memory *memory, u32 *pf_error)
{
	const struct paging *paging = path->paging;
	u64 table = path->cpu->cr3 & paging->root_mask;
	unsigned shift = PAGE_SHIFT + (paging->levels - 1u) * paging->index_bits;

	for (unsigned level = paging->levels;; level--, shift -= paging->index_bits) {
		u64 index = path->gva.v >> shift & (BIT(paging->index_bits) - 1);
		gpa_t at = GPA(table + index * paging->entry_bytes);
		u64 entry = 0;
		bool is_leaf;
		err_t err = guest_read(memory, at, &entry, paging->entry_bytes);

		path->entry_gpa[path->depth] = at;
		if (err)
			return err;
		if (!(entry & PTE_P))
			return path_fault(path, 0, pf_error);
		if (entry & reserved_bits(path, entry, level, shift, &is_leaf))
			return path_fault(path, PF_PRESENT | PF_RSVD, pf_error);
		if (!is_pae_root(path, level))
			path->rights &= entry ^ PTE_XD;
		path->entry[path->depth++] = entry;
		if (is_leaf) {
			path->page_shift = shift;
			return OK;
		}
		table = entry & BITS(51, 12);
	}
}

/* Does the protection key forbid the data access? (SDM 3A, Protection Keys) */
static bool key_forbids(const struct path *path, u64 leaf)
{
	const struct cpu_state *cpu = path->cpu;
	unsigned key = (unsigned)GET(PTE_PK, leaf);
	u32 rights = path->limits->pkru >> 2 * key;

	if (!(cpu->cr4 & CR4_PKE) || !(cpu->efer & EFER_LMA) || !(path->rights & PTE_U) || (path->access & WALK_FETCH))
		return false;
	if (rights & 1)
		return true;
	return (rights & 2) && (path->access & WALK_WRITE) && ((path->access & WALK_USER) || (cpu->cr0 & CR0_WP));
}

static bool supervisor_may(const struct path *path)
{
	const struct cpu_state *cpu = path->cpu;
	bool is_user_page = path->rights & PTE_U;

	if (path->access & WALK_FETCH)
		return (path->rights & PTE_XD) && !(is_user_page && (cpu->cr4 & CR4_SMEP));
	if (is_user_page && (cpu->cr4 & CR4_SMAP) && ((path->access & WALK_IMPLICIT) || !(cpu->rflags & RFLAGS_AC)))
		return false;
	return !(path->access & WALK_WRITE) || (path->rights & PTE_W) || !(cpu->cr0 & CR0_WP);
}

static bool user_may(const struct path *path)
{
	if (!(path->rights & PTE_U))
		return false;
	if (path->access & WALK_FETCH)
		return path->rights & PTE_XD;
	return !(path->access & WALK_WRITE) || (path->rights & PTE_W);
}

/* SDM 3A, Determination of Access Rights. */
static err_t path_check(const struct path *path, u32 *pf_error)
{
	bool is_allowed = path->access & WALK_USER ? user_may(path) : supervisor_may(path);
	bool is_key_fault = key_forbids(path, path->entry[path->depth - 1]);

	if (is_allowed && !is_key_fault)
		return OK;
	return path_fault(path, PF_PRESENT | (is_key_fault ? PF_PK : 0), pf_error);
}

static err_t entry_mark(struct guest_memory *memory, gpa_t at, u64 entry, u64 marked, u32 bytes)
{
	err_t err = guest_compare_exchange(memory, at, &entry, &marked, bytes);

	return err == ERR_UNSUPPORTED ? guest_write(memory, at, &marked, bytes) : err;
}

/* SDM 3A, Accessed and Dirty Flags. */
static err_t path_mark(const struct path *path, struct guest_memory *memory)
{
	u64 leaf = path->entry[path->depth - 1];

	/* Nearly always all is set already. */
	if ((path->rights & PTE_A) && (!(path->access & WALK_WRITE) || (leaf & PTE_D)))
		return OK;
	for (unsigned i = path->paging == &paging_pae ? 1 : 0; i < path->depth; i++) {
		bool is_leaf = i == path->depth - 1;
		u64 wanted = PTE_A | (is_leaf && (path->access & WALK_WRITE) ? PTE_D : 0);
		u64 entry = path->entry[i];

		if ((entry & wanted) == wanted)
			continue;
		err_t err = entry_mark(memory, path->entry_gpa[i], entry, entry | wanted, path->paging->entry_bytes);
		if (err)
			return err;
	}
	return OK;
}

static gpa_t path_result(const struct path *path)
{
	u64 leaf = path->entry[path->depth - 1];
	u64 in_page = BIT(path->page_shift) - 1;
	u64 base;

	if (path->paging == &paging_32bit && path->depth == 1)
		base = (leaf & BITS(31, 22)) | GET(PSE36_HIGH, leaf) << 32;
	else
		base = leaf & BITS(51, 12) & ~in_page;
	return GPA(base | (path->gva.v & in_page));
}

static err_t walk_once(struct guest_memory *memory, struct path *path, u32 *pf_error)
{
	path->depth = 0;
	path->rights = ~0ull;
	err_t err = path_read(path, memory, pf_error);

	if (err || (path->access & WALK_PEEK))
		return err;
	err = path_check(path, pf_error);
	return err ? err : path_mark(path, memory);
}

static void trail_note(struct walk_trail *trail, const struct path *path, bool has_failed)
{
	trail->entry_bytes = path->paging->entry_bytes;
	trail->count = (u8)(path->depth + (has_failed ? 1 : 0));
	for (unsigned i = 0; i < trail->count; i++)
		trail->entry[i] = path->entry_gpa[i];
}

/* The only one who walks, so that all that it needs is in line. */
err_t walk_noting(struct guest_memory *memory, const struct cpu_state *cpu, const struct walk_limits *limits, gva_t gva,
		  unsigned access, struct walk_trail *trail, gpa_t *gpa, u32 *pf_error)
{
	err_t err = ERR_BUSY;
	struct path path;

	if (!(cpu->cr0 & CR0_PG) || !(cpu->efer & EFER_LMA))
		gva.v = (u32)gva.v;
	if (!(cpu->cr0 & CR0_PG)) {
		if (trail)
			trail->count = 0;
		*gpa = GPA(gva.v);
		return OK;
	}
	path.paging = paging_of(cpu);
	path.cpu = cpu;
	path.limits = limits;
	path.gva = gva;
	path.access = access;
	path.page_shift = PAGE_SHIFT;
	path.reserved = reserved_always(&path);
	for (unsigned tries = 0; err == ERR_BUSY && tries < WALK_TRIES; tries++)
		err = walk_once(memory, &path, pf_error);
	if (__builtin_expect(trail != NULL, 0))
		trail_note(trail, &path, err);
	if (!err)
		*gpa = path_result(&path);
	return err;
}
