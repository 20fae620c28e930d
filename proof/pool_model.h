/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page pool for proofs about its users: the contract of mem/pool.h over a few small tables that are zero from the
 * start and used once, in order. The pool itself is proved and tested on its own.
 */
#ifndef ETERNA_PROOF_POOL_MODEL_H
#define ETERNA_PROOF_POOL_MODEL_H

#include "mem/pagetable.h"
#include "proof.h"

#ifndef MODEL_TABLES
#define MODEL_TABLES 5u
#endif
#define MODEL_HPA 0x100000u

/* A second pool in the ring, to whom the tables from this one on belong, given on their own count; none by default. */
#ifndef MODEL_OTHER
#define MODEL_OTHER MODEL_TABLES
#endif

static u64 model_table[MODEL_TABLES][PAGETABLE_ENTRIES];
static u32 model_given;
static u32 model_given_other;

void *pool_alloc(struct pool *p, u32 pages)
{
	PROVE(pages == 1);
	if (!p->free_count)
		return NULL;
	p->free_count--;
	PROVE(model_given < MODEL_OTHER);
	return model_table[model_given++];
}

/* Only the other pool is asked for its own. */
void *pool_alloc_own(struct pool *p, u32 pages)
{
	PROVE(pages == 1);
	if (!p->free_count)
		return NULL;
	p->free_count--;
	PROVE(model_given_other < MODEL_TABLES - MODEL_OTHER);
	return model_table[MODEL_OTHER + model_given_other++];
}

bool pool_owns(const struct pool *p, const void *ptr)
{
	(void)p;
	for (u32 i = MODEL_OTHER; i < MODEL_TABLES; i++)
		if (ptr == model_table[i])
			return true;
	return false;
}

hpa_t pool_hpa(const struct pool *p, const void *ptr)
{
	(void)p;
	for (u32 i = 0; i < MODEL_TABLES; i++)
		if (ptr == model_table[i])
			return HPA(MODEL_HPA + i * PAGE_BYTES);
	PROVE(!"a page of the pool");
	return HPA(0);
}

void *pool_ptr(const struct pool *p, hpa_t hpa)
{
	(void)p;
	for (u32 i = 0; i < MODEL_TABLES; i++)
		if (hpa.v == MODEL_HPA + i * PAGE_BYTES)
			return model_table[i];
	return NULL;
}

#endif
