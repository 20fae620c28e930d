/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC's registers as a page, for processors that virtualise it (Intel's virtual-APIC page). Each register is
 * at its xAPIC offset in either mode.
 *
 * A local APIC is lent to its page: then TPR, PPR, ISR and IRR are what stands there, and the processor changes them
 * while the vcpu runs. struct lapic keeps all other registers, of which the page has copies to be read, and in its own
 * IRR what was requested since; lapic_page_merge() brings that to the page. While it is lent, functions of lapic.h that
 * look at these four see an APIC that has nothing in service and holds nothing back.
 *
 * Source: SDM 3C, Virtual APIC State.
 */
#ifndef ETERNA_DEV_LAPIC_PAGE_H
#define ETERNA_DEV_LAPIC_PAGE_H

#include "dev/lapic.h"

#define LAPIC_PAGE_BYTES 4096u

struct lapic_page {
	u32 word[LAPIC_PAGE_BYTES / sizeof(u32)];
};

/* All registers into the page. What others request there meanwhile stays requested, here and in all below. */
void lapic_page_lend(struct lapic *l, struct lapic_page *page);

/* And back; nothing is requested in the page then. Context, of this and all below: no processor runs the vcpu now. */
void lapic_page_take(struct lapic *l, struct lapic_page *page);

/* The same for a copy to be looked at: the page stays as it is. */
void lapic_page_view(struct lapic *copy, const struct lapic_page *page);

/* What is requested in the page goes to struct lapic. Context: lent or not. True: something was. */
bool lapic_page_requests_take(struct lapic *l, struct lapic_page *page);

/* What was requested goes to the page, and with it the trigger modes. */
void lapic_page_merge(struct lapic *l, struct lapic_page *page);

/* The same while a processor may run the vcpu, so of the requests alone. False, and nothing is done: what was requested
 * goes with another register, of a pin. */
bool lapic_page_post(struct lapic *l, struct lapic_page *page) MUST_CHECK;

/*
 * The interrupt command register as the guest has stored it: a processor that needs nobody to carry the command out
 * tells nobody. To be called before what may write this register, and before lapic_page_refresh().
 */
void lapic_page_take_command(struct lapic *l, const struct lapic_page *page);

/* The IPI of that register is sent: it says so, whatever the guest or the processor has left there. */
void lapic_page_command_sent(struct lapic_page *page);

/* Registers that only we change were changed: the page gets them again. */
void lapic_page_refresh(const struct lapic *l, struct lapic_page *page);

/* What was requested since it was lent leaves struct lapic for somewhere else, or comes from there. */
void lapic_requests_take(struct lapic *l, u64 vectors[4]);
void lapic_requests_add(struct lapic *l, const u64 vectors[4]);

/* The highest vector that is requested, and in service, in the page; 0 for none. RVI and SVI by the manual's names. */
u8 lapic_page_requested(const struct lapic_page *page);
u8 lapic_page_in_service(const struct lapic_page *page);

/* PPR by TPR and ISR, for processors that may not keep it. */
void lapic_page_ppr_update(struct lapic_page *page);

/* A vector that the processor began to deliver, and could not: it is requested again. */
void lapic_page_unserve(struct lapic_page *page, u8 vector);

/* Would a vcpu that takes interrupts take one now, of the page or not merged yet? */
bool lapic_page_has_interrupt(const struct lapic *l, const struct lapic_page *page);

/* The register at a byte offset, as a guest's store has left it; the last three bytes are ignored as the SDM's table of
 * registers has it: each is the first dword of 16 bytes. */
static inline u32 lapic_page_read(const struct lapic_page *page, u32 offset)
{
	return page->word[ALIGN_DOWN(offset % LAPIC_PAGE_BYTES, 16u) / sizeof(u32)];
}

#endif
