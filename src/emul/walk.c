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

/* A walk under way. Entries are kept so that their A/D bits are set at the end, when nothing can fault any more. */
struct path {
	const struct paging *paging;
	const struct cpu_state *cpu;
	const struct walk_limits *limits;
	gva_t gva;
	unsigned access;
	unsigned depth; /* entries read */
	u64 entry[5];
	gpa_t entry_gpa[5];
	unsigned page_shift; /* of the leaf */
	u64 rights;          /* AND of W and U of all entries */
	bool no_execute;
};

static bool has_nx(const struct cpu_state *cpu)
{
	return (cpu->cr4 & CR4_PAE) && (cpu->efer & EFER_NXE);
}

static unsigned level_shift(const struct paging *paging, unsigned level)
{
	return PAGE_SHIFT + (level - 1) * paging->index_bits;
}

/* The bits that must be 0 in an 8-byte entry. */
static u64 reserved_long(const struct path *path, unsigned level, bool is_leaf)
{
	bool is_pae = path->paging == &paging_pae;
	unsigned phys_bits = path->limits->phys_bits;
	u64 high = is_pae ? BITS(62, 32) : BITS(51, 32);
	u64 reserved = high & ~(BIT(phys_bits) - 1);

	if (is_pae && level == 3)
		return reserved | PTE_XD | BITS(8, 5) | BITS(2, 1);
	if (!has_nx(path->cpu))
		reserved |= PTE_XD;
	if (level >= 4 || (level == 3 && !path->limits->has_gib_pages))
		reserved |= PTE_PS;
	if (is_leaf && level > 1)
		reserved |= BITS(level_shift(path->paging, level) - 1, 13);
	return reserved;
}

/* The same for a 4-byte entry: only a 4 MiB page has reserved bits, above the address bits of PSE-36. */
static u64 reserved_short(const struct path *path, unsigned level, bool is_leaf)
{
	unsigned phys_bits = MIN(path->limits->phys_bits, 40);

	if (!is_leaf || level == 1)
		return 0;
	return BITS(21, 13) & ~(BIT(phys_bits - 19) - 1);
}

static bool entry_is_leaf(const struct path *path, u64 entry, unsigned level)
{
	if (level == 1)
		return true;
	if (!(entry & PTE_PS))
		return false;
	if (path->paging == &paging_32bit)
		return path->cpu->cr4 & CR4_PSE;
	return level == 2 || (level == 3 && path->paging != &paging_pae);
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

/* Take the entry of `level` into the path. */
static err_t path_enter(struct path *path, u64 entry, unsigned level, bool *is_leaf, u32 *pf_error)
{
	bool is_pae_root = path->paging == &paging_pae && level == 3;

	if (!(entry & PTE_P)) {
		*pf_error = fault_code(path, 0);
		return ERR_FAULT;
	}
	*is_leaf = entry_is_leaf(path, entry, level);
	u64 reserved = path->paging == &paging_32bit ? reserved_short(path, level, *is_leaf)
						     : reserved_long(path, level, *is_leaf);
	if (entry & reserved) {
		*pf_error = fault_code(path, (u32)(PF_PRESENT | PF_RSVD));
		return ERR_FAULT;
	}
	if (!is_pae_root) {
		path->rights &= entry;
		path->no_execute |= entry >> 63;
	}
	return OK;
}

static err_t path_read(struct path *path, struct guest_memory *memory, u32 *pf_error)
{
	const struct paging *paging = path->paging;
	u64 table = path->cpu->cr3 & paging->root_mask;

	for (unsigned level = paging->levels;; level--) {
		unsigned shift = level_shift(paging, level);
		u64 index = path->gva.v >> shift & (BIT(paging->index_bits) - 1);
		gpa_t at = GPA(table + index * paging->entry_bytes);
		u64 entry = 0;
		bool is_leaf;
		err_t err;

		err = guest_read(memory, at, &entry, paging->entry_bytes);
		if (err)
			return err;
		err = path_enter(path, entry, level, &is_leaf, pf_error);
		if (err)
			return err;
		path->entry[path->depth] = entry;
		path->entry_gpa[path->depth++] = at;
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
		return !path->no_execute && !(is_user_page && (cpu->cr4 & CR4_SMEP));
	if (is_user_page && (cpu->cr4 & CR4_SMAP) && ((path->access & WALK_IMPLICIT) || !(cpu->rflags & RFLAGS_AC)))
		return false;
	return !(path->access & WALK_WRITE) || (path->rights & PTE_W) || !(cpu->cr0 & CR0_WP);
}

static bool user_may(const struct path *path)
{
	if (!(path->rights & PTE_U))
		return false;
	if (path->access & WALK_FETCH)
		return !path->no_execute;
	return !(path->access & WALK_WRITE) || (path->rights & PTE_W);
}

/* SDM 3A, Determination of Access Rights. */
static err_t path_check(const struct path *path, u32 *pf_error)
{
	bool is_allowed = path->access & WALK_USER ? user_may(path) : supervisor_may(path);
	bool is_key_fault = key_forbids(path, path->entry[path->depth - 1]);

	if (is_allowed && !is_key_fault)
		return OK;
	*pf_error = fault_code(path, (u32)(PF_PRESENT | (is_key_fault ? PF_PK : 0)));
	return ERR_FAULT;
}

static err_t entry_mark(struct guest_memory *memory, gpa_t at, u64 entry, u64 marked, u32 bytes)
{
	err_t err = guest_compare_exchange(memory, at, &entry, &marked, bytes);

	return err == ERR_UNSUPPORTED ? guest_write(memory, at, &marked, bytes) : err;
}

/* SDM 3A, Accessed and Dirty Flags. */
static err_t path_mark(const struct path *path, struct guest_memory *memory)
{
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
	err_t err = path_read(path, memory, pf_error);

	if (err || (path->access & WALK_PEEK))
		return err;
	err = path_check(path, pf_error);
	return err ? err : path_mark(path, memory);
}

err_t walk(struct guest_memory *memory, const struct cpu_state *cpu, const struct walk_limits *limits, gva_t gva,
	   unsigned access, gpa_t *gpa, u32 *pf_error)
{
	err_t err = ERR_BUSY;

	if (!(cpu->efer & EFER_LMA))
		gva.v = (u32)gva.v;
	if (!(cpu->cr0 & CR0_PG)) {
		*gpa = GPA(gva.v);
		return OK;
	}
	for (unsigned tries = 0; err == ERR_BUSY && tries < WALK_TRIES; tries++) {
		struct path path = {
			.paging = paging_of(cpu),
			.cpu = cpu,
			.limits = limits,
			.gva = gva,
			.access = access,
			.rights = PTE_W | PTE_U,
		};

		err = walk_once(memory, &path, pf_error);
		if (!err)
			*gpa = path_result(&path);
	}
	return err;
}
