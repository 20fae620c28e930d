// SPDX-License-Identifier: Apache-2.0
// Local APIC: registers to and from the page that the processor reads and writes (SDM 3C, Virtual APIC State).
#include "dev/lapic_page.h"

#include "base/mem.h"
#include "dev/lapic_priv.h"

#define WORDS_PER_REG 4u
#define BITMAP_WORDS 4u
#define VECTOR_LAST 255u

static u32 *at(struct lapic_page *page, u32 reg)
{
	return &page->word[reg * WORDS_PER_REG];
}

static u64 bitmap_word(const struct lapic_page *page, u32 reg, u32 i)
{
	const u32 *low = &page->word[(reg + 2 * i) * WORDS_PER_REG];

	return low[0] | (u64)low[WORDS_PER_REG] << 32;
}

static void bitmap_word_set(struct lapic_page *page, u32 reg, u32 i, u64 value)
{
	*at(page, reg + 2 * i) = (u32)value;
	*at(page, reg + 2 * i + 1) = (u32)(value >> 32);
}

static void bitmap_store(struct lapic_page *page, u32 reg, const u64 *map)
{
	for (u32 i = 0; i < BITMAP_WORDS; i++)
		bitmap_word_set(page, reg, i, map[i]);
}

/* Processors may set bits of IRR at any time. */
static void requests_add(struct lapic_page *page, u32 i, u64 vectors)
{
	if (!vectors)
		return;
	__atomic_or_fetch(at(page, REG_IRR + 2 * i), (u32)vectors, __ATOMIC_SEQ_CST);
	__atomic_or_fetch(at(page, REG_IRR + 2 * i + 1), (u32)(vectors >> 32), __ATOMIC_SEQ_CST);
}

static u64 requests_remove(struct lapic_page *page, u32 i)
{
	u64 low = __atomic_exchange_n(at(page, REG_IRR + 2 * i), 0, __ATOMIC_SEQ_CST);

	return low | (u64)__atomic_exchange_n(at(page, REG_IRR + 2 * i + 1), 0, __ATOMIC_SEQ_CST) << 32;
}

static u8 page_highest(const struct lapic_page *page, u32 reg)
{
	for (u32 i = BITMAP_WORDS; i--;) {
		u64 word = bitmap_word(page, reg, i);

		if (word)
			return (u8)(64 * i + bit_highest(word));
	}
	return 0;
}

u8 lapic_page_requested(const struct lapic_page *page)
{
	return page_highest(page, REG_IRR);
}

u8 lapic_page_in_service(const struct lapic_page *page)
{
	return page_highest(page, REG_ISR);
}

void lapic_page_refresh(const struct lapic *l, struct lapic_page *page)
{
	static const u8 regs[] = {
		REG_ID,      REG_VERSION,  REG_LDR,          REG_DFR,           REG_SVR,     REG_ESR,
		REG_ICR,     REG_ICR_HIGH, REG_LVT,          REG_LVT + 1,       REG_LVT + 2, REG_LVT + 3,
		REG_LVT + 4, REG_LVT + 5,  REG_TIMER_DIVIDE, REG_TIMER_INITIAL,
	};

	for (u32 i = 0; i < ARRAY_COUNT(regs); i++)
		*at(page, regs[i]) = lapic_reg_read(l, regs[i], 0);
	/* In x2APIC mode the command register is one of 64 bits. */
	if (is_x2apic(l))
		at(page, REG_ICR)[1] = l->icr_high;
}

void lapic_page_take_command(struct lapic *l, const struct lapic_page *page)
{
	const u32 *low = &page->word[REG_ICR * WORDS_PER_REG];

	l->icr_low = low[0] & ICR_WRITABLE;
	l->icr_high = is_x2apic(l) ? low[1] : page->word[REG_ICR_HIGH * WORDS_PER_REG] & 0xff000000u;
}

void lapic_page_command_sent(struct lapic_page *page)
{
	*at(page, REG_ICR) &= ~ICR_STATUS;
}

void lapic_page_lend(struct lapic *l, struct lapic_page *page)
{
	const u32 below = REG_IRR * WORDS_PER_REG, above = REG_ESR * WORDS_PER_REG;

	memset(page, 0, below * sizeof(u32));
	memset(&page->word[above], 0, sizeof(*page) - above * sizeof(u32));
	lapic_page_refresh(l, page);
	*at(page, REG_TPR) = l->tpr;
	*at(page, REG_PPR) = l->ppr;
	bitmap_store(page, REG_ISR, l->isr);
	bitmap_store(page, REG_TMR, l->tmr);
	for (u32 i = 0; i < BITMAP_WORDS; i++)
		requests_add(page, i, l->irr[i]);
	lapic_priorities_clear(l);
}

/* All but the requests. */
static void priorities_take(struct lapic *l, const struct lapic_page *page)
{
	for (u32 i = 0; i < BITMAP_WORDS; i++)
		l->isr[i] = bitmap_word(page, REG_ISR, i);
	l->isr_max = lapic_highest_from(l->isr, VECTOR_LAST);
	l->irr_max = lapic_highest_from(l->irr, VECTOR_LAST);
	l->tpr = (u8)page->word[REG_TPR * WORDS_PER_REG];
	lapic_page_take_command(l, page);
	lapic_update(l);
}

/* Returns all of them. */
static u64 requests_move(struct lapic *l, struct lapic_page *page)
{
	u64 all = 0;

	for (u32 i = 0; i < BITMAP_WORDS; i++) {
		u64 vectors = requests_remove(page, i);

		l->irr[i] |= vectors;
		all |= vectors;
	}
	return all;
}

void lapic_page_take(struct lapic *l, struct lapic_page *page)
{
	(void)requests_move(l, page);
	priorities_take(l, page);
}

void lapic_page_view(struct lapic *copy, const struct lapic_page *page)
{
	for (u32 i = 0; i < BITMAP_WORDS; i++)
		copy->irr[i] |= bitmap_word(page, REG_IRR, i);
	priorities_take(copy, page);
}

bool lapic_page_requests_take(struct lapic *l, struct lapic_page *page)
{
	u64 all = requests_move(l, page);

	l->irr_max = lapic_highest_from(l->irr, VECTOR_LAST);
	lapic_update(l);
	return all;
}

void lapic_page_merge(struct lapic *l, struct lapic_page *page)
{
	if (!l->irr_max)
		return;
	for (u32 i = 0; i < BITMAP_WORDS; i++) {
		if (!l->irr[i])
			continue;
		bitmap_word_set(page, REG_TMR, i, l->tmr[i]);
		requests_add(page, i, l->irr[i]);
		l->irr[i] = 0;
	}
	/* The pins' entries show that a level-triggered request is under way. */
	for (u32 reg = REG_LVT + LAPIC_LVT_LINT0; reg <= REG_LVT + LAPIC_LVT_LINT1; reg++)
		*at(page, reg) = l->lvt[reg - REG_LVT];
	l->irr_max = 0;
	lapic_update(l);
}

bool lapic_page_post(struct lapic *l, struct lapic_page *page)
{
	u64 vectors[BITMAP_WORDS];

	for (u32 reg = REG_LVT + LAPIC_LVT_LINT0; reg <= REG_LVT + LAPIC_LVT_LINT1; reg++)
		if ((*at(page, reg) ^ l->lvt[reg - REG_LVT]) & LVT_REMOTE_IRR)
			return false;
	lapic_requests_take(l, vectors);
	for (u32 i = 0; i < BITMAP_WORDS; i++)
		requests_add(page, i, vectors[i]);
	return true;
}

void lapic_requests_take(struct lapic *l, u64 vectors[4])
{
	memcpy(vectors, l->irr, sizeof(l->irr));
	memset(l->irr, 0, sizeof(l->irr));
	l->irr_max = 0;
	lapic_update(l);
}

void lapic_requests_add(struct lapic *l, const u64 vectors[4])
{
	for (u32 i = 0; i < BITMAP_WORDS; i++)
		l->irr[i] |= vectors[i];
	l->irr_max = lapic_highest_from(l->irr, VECTOR_LAST);
	lapic_update(l);
}

void lapic_page_ppr_update(struct lapic_page *page)
{
	*at(page, REG_PPR) = lapic_ppr((u8)*at(page, REG_TPR), lapic_page_in_service(page));
}

void lapic_page_unserve(struct lapic_page *page, u8 vector)
{
	u32 i = vector / 64;

	bitmap_word_set(page, REG_ISR, i, bitmap_word(page, REG_ISR, i) & ~BIT(vector % 64));
	requests_add(page, i, BIT(vector % 64));
	lapic_page_ppr_update(page);
}

bool lapic_page_has_interrupt(const struct lapic *l, const struct lapic_page *page)
{
	u8 requested = MAX(lapic_page_requested(page), l->irr_max);

	return CLASS(requested) > CLASS((u8)page->word[REG_PPR * WORDS_PER_REG]);
}
