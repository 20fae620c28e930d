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

static u64 model_table[MODEL_TABLES][PAGETABLE_ENTRIES];
static u32 model_given;

void *pool_alloc(struct pool *p, u32 pages)
{
	PROVE(pages == 1);
	if (!p->free_count)
		return NULL;
	p->free_count--;
	PROVE(model_given < MODEL_TABLES);
	return model_table[model_given++];
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
