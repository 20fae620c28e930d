// SPDX-License-Identifier: Apache-2.0
// The frame allocator under allocations, claims and (also wrong) frees that the input chooses.
// fuzz: -max_len=1024
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "mem/frames.h"

#define POOL_PAGES 64u
#define FRAMES (2 * 512 * 512u) /* below 2 GiB */
#define CLAIMS 2u

static u8 pool_memory[POOL_PAGES][PAGE_BYTES] ALIGNED(4096);

struct state {
	struct frames frames;
	struct frames_claim claim[CLAIMS];
	bool is_used[FRAMES];
	u64 used[3]; /* by node */
};

static struct frames_policy policy_from(u8 bits)
{
	struct frames_policy policy = {.node_count = (u8)(1 + (bits & 3) % 3)};

	for (u8 i = 0; i < policy.node_count; i++)
		policy.node[i] = (u8)(((bits >> 2) + i) % 3);
	return policy;
}

static void mark(struct state *s, hpa_t hpa, enum frame_size size, bool now_used)
{
	u64 first = hpa.v / PAGE_BYTES, count = frame_bytes(size) / PAGE_BYTES;
	unsigned node = frames_node_of(&s->frames, hpa);

	ASSERT(node < 3 && first + count <= FRAMES);
	ASSERT(!memchr(&s->is_used[first], now_used, count));
	memset(&s->is_used[first], now_used, count);
	s->used[node] += now_used ? count : -count;
}

static void step_alloc(struct state *s, struct frames_claim *claim, const u8 *in)
{
	struct frames_policy policy = policy_from(in[1]);
	enum frame_size size = (enum frame_size)(in[2] % 3);
	u64 before = claim ? frames_claimed_bytes(claim) : 0;
	bool is_promised = false;
	hpa_t hpa;
	err_t err;

	for (u32 i = 0; claim && i < policy.node_count; i++)
		is_promised |= claim->pages[policy.node[i]] != 0;
	err = frames_alloc(&s->frames, claim, &policy, size, &hpa);
	ASSERT(!err || err == ERR_NOMEM);
	ASSERT(!err || size != FRAME_4K || !is_promised);
	if (err)
		return;
	mark(s, hpa, size, true);
	ASSERT(!claim || frames_claimed_bytes(claim) == before - frame_bytes(size));
}

static void step_free(struct state *s, struct frames_claim *claim, const u8 *in)
{
	enum frame_size size = (enum frame_size)(in[2] % 3);
	u64 first = ((u64)in[3] << 16 | (u64)in[4] << 8 | in[5]) % (FRAMES + 512);
	hpa_t hpa = HPA(first * PAGE_BYTES + (in[1] & 128 ? 8 : 0));

	if (in[1] & 64)
		hpa.v = ALIGN_DOWN(hpa.v, frame_bytes(size));
	if (!frames_free(&s->frames, claim, hpa, size))
		mark(s, hpa, size, false);
}

static void step(struct state *s, const u8 *in)
{
	struct frames_claim *claim = in[0] & 128 ? NULL : &s->claim[in[0] >> 6 & 1];
	struct frames_policy policy = policy_from(in[1]);

	switch (in[0] % 7) {
	case 0:
	case 1:
	case 2:
		step_alloc(s, claim, in);
		break;
	case 3:
	case 4:
		step_free(s, claim, in);
		break;
	case 5:
		if (claim)
			(void)!frames_reserve(&s->frames, claim, &policy, ((u64)in[2] << 8 | in[3]) * PAGE_BYTES * 8);
		break;
	default:
		if (claim)
			frames_unreserve(&s->frames, claim);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct state s;
	struct pool pool;
	u64 free_pages = 0;

	memset(&s, 0, sizeof(s));
	ASSERT(!pool_init(&pool, pool_memory, HPA(0), POOL_PAGES));
	ASSERT(!frames_init(&s.frames, &pool));
	ASSERT(!frames_add(&s.frames, HPA(GIB), GIB, 0));
	ASSERT(!frames_add(&s.frames, HPA(3 * MIB), 9 * MIB + 4096, 1));
	ASSERT(!frames_add(&s.frames, HPA(512 * MIB - 8192), 16384, 2));
	ASSERT(!frames_add(&s.frames, HPA(640 * MIB), 4 * MIB, 0));
	for (size_t at = 0; at + 6 <= size; at += 6)
		step(&s, &data[at]);
	ASSERT(frames_valid(&s.frames));
	for (u32 node = 0; node < 3; node++) {
		ASSERT(s.frames.node[node].total - s.frames.node[node].free == s.used[node]);
		free_pages += s.frames.node[node].free;
	}
	/* All memory goes back: no step may have lost a frame. */
	for (bool *used = s.is_used; (used = memchr(used, true, (size_t)(s.is_used + FRAMES - used))); used++) {
		ASSERT(!frames_free(&s.frames, NULL, HPA((u64)(used - s.is_used) * PAGE_BYTES), FRAME_4K));
		free_pages++;
	}
	ASSERT(free_pages == (GIB + 13 * MIB + 4096 + 16384) / PAGE_BYTES);
	frames_fini(&s.frames);
	ASSERT(pool_valid(&pool) && pool_used_count(&pool) == 1);
	return 0;
}
