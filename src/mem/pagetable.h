/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables of any format we build: the host's own, Intel's EPT and AMD's nested ones. One builder; a format is a
 * const table of bits and a few small functions.
 *
 * Tables are pages of a pool. Entries are written whole, new tables before the entry that leads to them, so a
 * processor may walk while the builder works. The builder flushes nothing: after each call that says so the caller
 * flushes the processors that use the tables, then calls pagetable_reclaim(): tables taken out of use lie aside till
 * then, because a processor may still hold a pointer to them.
 *
 * No lock inside: whoever shares a table (or its pool) holds one around each call.
 */
#ifndef ETERNA_MEM_PAGETABLE_H
#define ETERNA_MEM_PAGETABLE_H

#include "base/bits.h"
#include "base/err.h"
#include "mem/pool.h"

/* Bits of an address that one level translates: 9, but for proofs, which are done over smaller tables. */
#ifndef PAGETABLE_INDEX_BITS
#define PAGETABLE_INDEX_BITS 9
#endif
#define PAGETABLE_ENTRIES (1u << PAGETABLE_INDEX_BITS)
#define PAGETABLE_LEVELS_MAX 5u

/* Access rights of a mapping. */
enum prot {
	PROT_NONE = 0,
	PROT_R = 1,
	PROT_W = 2,
	PROT_X = 4,
	PROT_RW = PROT_R | PROT_W,
	PROT_RX = PROT_R | PROT_X,
	PROT_RWX = PROT_R | PROT_W | PROT_X,
};

/* Memory types by their number in MTRRs, the PAT and EPT. */
enum memtype {
	MEMTYPE_UC = 0,
	MEMTYPE_WC = 1,
	MEMTYPE_WT = 4,
	MEMTYPE_WP = 5,
	MEMTYPE_WB = 6,
	MEMTYPE_UC_MINUS = 7,  /* host and NPT: UC unless an MTRR says WC */
	MEMTYPE_IGNORE_PAT = 8 /* to be ORed, EPT only: the guest's PAT does not count */
};

/* What the processor offers for this format. */
struct pagetable_caps {
	u8 levels;           /* 4; or 5 */
	u8 pa_bits;          /* physical-address width, MAXPHYADDR: 32 to 52 */
	bool has_1g;         /* 1 GiB leaves; 2 MiB ones are had where has_2m is set */
	bool has_2m;         /* always there but in EPT, which has a capability bit for it */
	bool execute_only;   /* EPT: execute-only translations */
	bool accessed_dirty; /* accessed and dirty bits are kept by the processor; EPT: and enabled in the EPTP */
};

struct pagetable_format;
extern const struct pagetable_format pagetable_host; /* 4-level long mode, supervisor only, W^X */
extern const struct pagetable_format pagetable_ept;
extern const struct pagetable_format pagetable_npt;

struct pagetable {
	const struct pagetable_format *format;
	struct pool *pool;
	struct pagetable_caps caps;
	u64 *root;
	u64 *retired;    /* tables out of use, waiting for pagetable_reclaim(); linked by their first entry */
	u32 table_count; /* in use, the root too */
	u32 retired_count;
};

/* One leaf, as lookup and iteration show it. */
struct mapping {
	u64 va;    /* where the leaf begins */
	hpa_t pa;  /* what lies there */
	u64 bytes; /* 4 KiB, 2 MiB or 1 GiB */
	enum prot prot;
	enum memtype memtype;
	bool accessed;
	bool dirty;
};

/**
 * An empty table.
 *
 * @return OK; ERR_RANGE if levels or pa_bits are not as above; ERR_NOMEM
 */
err_t pagetable_init(struct pagetable *pt, const struct pagetable_format *format, const struct pagetable_caps *caps,
		     struct pool *pool) MUST_CHECK;

/* Free all tables. No processor uses them any more. */
void pagetable_fini(struct pagetable *pt);

/* Can a mapping have these rights, and be there all the same? NPT: also none; EPT with execute-only: X alone. */
bool pagetable_can(const struct pagetable *pt, enum prot prot);

/* Physical address of the root table, for CR3, EPTP or nCR3. */
hpa_t pagetable_root(const struct pagetable *pt);

/**
 * Map `[va, va + bytes)` to physical memory at `pa`, with the largest leaves that both alignments, the length and the
 * processor allow. Where nothing was mapped before no flush is needed (EPT and x86 don't cache absence).
 *
 * @return OK; ERR_ALIGN if va, pa or bytes is not a multiple of 4096; ERR_RANGE if bytes is 0, or a range passes the
 *         end of its address space (host: not canonical); ERR_UNSUPPORTED if the format has no such prot or memtype;
 *         ERR_PERM for a host mapping that is both writable and executable; ERR_BUSY if any page is mapped already;
 *         ERR_NOMEM. Nothing is changed on an error.
 * Source: SDM 3A "4-Level Paging and 5-Level Paging"; SDM 3C "EPT Translation Mechanism"; APM 2 "Nested Paging".
 */
err_t pagetable_map(struct pagetable *pt, u64 va, hpa_t pa, u64 bytes, enum prot prot, enum memtype memtype) MUST_CHECK;

/**
 * Unmap what is mapped in `[va, va + bytes)`; holes are no error. Large leaves are split at the borders, tables that
 * become empty are retired. Flush, then pagetable_reclaim().
 *
 * @return OK; ERR_ALIGN, ERR_RANGE as pagetable_map; ERR_NOMEM if a split found no page: nothing is unmapped then
 */
err_t pagetable_unmap(struct pagetable *pt, u64 va, u64 bytes) MUST_CHECK;

/**
 * Give what is mapped in `[va, va + bytes)` other access rights; holes stay holes. Large leaves are split at the
 * borders; memory type, accessed and dirty bits stay. Flush.
 *
 * @return OK; ERR_ALIGN, ERR_RANGE, ERR_UNSUPPORTED, ERR_PERM as pagetable_map; ERR_NOMEM if a split found no page.
 *         No access right is changed on an error.
 */
err_t pagetable_protect(struct pagetable *pt, u64 va, u64 bytes, enum prot prot) MUST_CHECK;

/**
 * Let the leaf that maps exactly `[va, va + bytes)` lead to the memory at `pa` instead, at once; its rights, type,
 * accessed and dirty bits stay. Flush.
 *
 * @return OK; ERR_ALIGN, ERR_RANGE as pagetable_map; ERR_NOENT if no leaf is there, or one of another size
 */
err_t pagetable_exchange(struct pagetable *pt, u64 va, u64 bytes, hpa_t pa) MUST_CHECK;

/**
 * Put large leaves where all 512 entries of a table in `[va, va + bytes)` map contiguous, aligned memory alike; the
 * accessed and dirty bits are ORed. Flush, then pagetable_reclaim(). What a processor marks dirty in a replaced
 * table before the flush is lost: where dirty bits count, let no processor use the tables meanwhile.
 *
 * @return how many tables were replaced
 */
u32 pagetable_merge(struct pagetable *pt, u64 va, u64 bytes);

/**
 * Move the next tables that lie in another pool of the ring into `pt->pool` itself, each before those that it leads to:
 * at most `max` of them, and with them what they map, as it is. The root may be one. Let no processor use the tables
 * meanwhile: what it marks accessed or dirty in one that has been copied is lost. Flush, let all use pagetable_root()
 * as it is now, then pagetable_reclaim().
 *
 * @at     0 at first, and then as the call before left it: where to go on
 * @moved  is raised by the number of tables that were moved
 * @return OK: all tables lie there, but those in front of *at that were made in another pool since; ERR_BUSY: `max`
 * were moved, and there are more; ERR_NOMEM: the pool has no page for the next one. The tree is whole in each case,
 *         those that were not moved are where they were.
 */
err_t pagetable_move(struct pagetable *pt, u32 max, u64 *at, u32 *moved) MUST_CHECK;

/* Called for each table, the root first. It must not change the table. */
typedef void (*pagetable_table_fn)(void *context, hpa_t table);
void pagetable_tables(const struct pagetable *pt, pagetable_table_fn visit, void *context);

/* Give retired tables back to the pool: every processor that used them has been flushed since. */
void pagetable_reclaim(struct pagetable *pt);

/* The leaf that maps `va`: OK, or ERR_NOENT (and *out is left alone) where nothing does. */
err_t pagetable_lookup(const struct pagetable *pt, u64 va, struct mapping *out) MUST_CHECK;

/* Physical address that byte `va` of the leaf has. */
static inline hpa_t mapping_pa(const struct mapping *m, u64 va)
{
	return HPA(m->pa.v + (va - m->va));
}

/* Called for each leaf; anything but OK ends the walk. It must not change the table. */
typedef err_t (*pagetable_visit_fn)(void *context, const struct mapping *m);

/* Visit the leaves that touch `[va, va + bytes)` in ascending order. OK, what `visit` said, or ERR_RANGE. */
err_t pagetable_iterate(const struct pagetable *pt, u64 va, u64 bytes, pagetable_visit_fn visit, void *context)
	MUST_CHECK;

/**
 * Visit the leaves that touch `[va, va + bytes)` and are dirty, and clear their dirty bit first. Flush afterwards, or
 * later writes are not marked.
 *
 * @return OK, what `visit` said (the leaf that it was told of is clean by then), ERR_RANGE, or ERR_UNSUPPORTED where
 *         the processor keeps no dirty bits
 */
err_t pagetable_harvest_dirty(struct pagetable *pt, u64 va, u64 bytes, pagetable_visit_fn visit, void *context)
	MUST_CHECK;

/* Why the processor refuses to use an entry. */
struct entry_fault {
	unsigned level;   /* 1: page table; 2: page directory; 3: directory pointers; 4: PML4 */
	u64 entry;        /* its value */
	hpa_t entry_hpa;  /* where it lies */
	const char *rule; /* what it breaks, in the manual's words */
};

/**
 * Walk to `va` as the processor would and name the first entry on the way that breaks the format's rules.
 *
 * @return true and *out if there is one: for EPT the cause of an EPT misconfiguration, for the others of a page fault
 *         with the reserved-bit flag
 * Source: SDM 3C "EPT Misconfigurations"; SDM 3A "Page-Fault Exceptions"; APM 2 "Page-Translation-Table Entry Fields".
 */
bool pagetable_explain(const struct pagetable *pt, u64 va, struct entry_fault *out);

/* Every entry is one that the format allows, no table but the root is empty, the counts agree. Walks everything. */
bool pagetable_valid(const struct pagetable *pt);

#endif
