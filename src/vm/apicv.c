// SPDX-License-Identifier: Apache-2.0
// Lends local APICs to the processor (SDM 3C, APIC Virtualization and Virtual Interrupts).
#include "vm/apicv.h"

#include "base/assert.h"
#include "base/mem.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/trap.h"
#include "vm/run.h"
#include "vm/vcpu.h"
#include "x86/regs/msr.h"

#define APIC_BASE_USUAL 0xfee00000ull

static u32 offers __attribute__((section(".data.init_only")));

void apicv_init(bool is_allowed)
{
	u32 has = hvm->apic_offers ? hvm->apic_offers() : 0;

	offers = is_allowed ? has : 0;
	if (has && !is_allowed)
		log_info("local APICs: by software, as the configuration wants it");
	else
		log_info("local APICs: %s%s%s%s%s%s", offers ? "by the processor" : "by software",
			 offers & HVM_APIC_HAS_XAPIC ? ", xAPIC" : "", offers & HVM_APIC_HAS_X2APIC ? ", x2APIC" : "",
			 offers & HVM_APIC_HAS_POSTED ? ", posted interrupts" : "",
			 offers & HVM_APIC_HAS_IPI ? ", IPIs" : "",
			 offers & HVM_APIC_HAS_TABLES ? ", tables of vcpus" : "");
	apicv_has_tables = offers & HVM_APIC_HAS_TABLES;
}

static err_t page_map(struct vm *vm)
{
	err_t err = pagetable_map(&vm->hvm.second_level, APIC_BASE_USUAL, vm->hvm.apic_access, PAGE_BYTES, PROT_RW,
				  MEMTYPE_WB);

	vm->has_apic_page = !err;
	return err;
}

err_t apicv_page_map(struct vm *vm)
{
	err_t err;

	lock_take(&vm->fill_lock);
	memory_lock_take();
	err = page_map(vm);
	memory_lock_drop();
	lock_drop(&vm->fill_lock);
	return err;
}

err_t apicv_vm_init(struct vm *vm)
{
	vm->has_alien_ids = vnuma_has_wide_ids(&vm->numa);
	return offers & HVM_APIC_HAS_XAPIC && !apicv_has_tables ? page_map(vm) : OK;
}

bool apicv_sends_ipis(const struct vm *vm)
{
	return offers & HVM_APIC_HAS_IPI && !vm->has_alien_ids;
}

u32 apicv_first_pending(void)
{
	return offers ? PENDING_APIC : 0;
}

static enum hvm_apic mode_wanted(const struct vcpu *v)
{
	u64 base = v->lapic.base;

	if (!(base & APIC_BASE_ENABLE))
		return HVM_APIC_SOFTWARE;
	if (base & APIC_BASE_X2APIC)
		return offers & HVM_APIC_HAS_X2APIC ? HVM_APIC_X2APIC : HVM_APIC_SOFTWARE;
	return v->vm->has_apic_page ? HVM_APIC_XAPIC : HVM_APIC_SOFTWARE;
}

/* --- the timer --------------------------------------------------------------------------------------------------- */

/*
 * Where processors send IPIs, others may post the same vector at any time: then it has a descriptor of its own, of
 * which only this CPU knows. Elsewhere there is one for all, as Bochs without our changes wants them at the start of a
 * page.
 */
static u64 *posted_word(struct vcpu *v, u8 vector)
{
	struct hvm_posted *posted = apicv_has_ipis(v) ? &v->hvm.ahead : &v->hvm.posted;

	return &posted->requests[vector / 64];
}

bool apicv_timer_post(struct vcpu *v)
{
	u8 vector = lapic_timer_vector_once(&v->lapic);
	bool was_posted = v->was_posted;

	v->was_posted = false;
	if (!vector || was_posted || !(offers & HVM_APIC_HAS_POSTED) || v->vm->debug || v->timer_vector ||
	    v->timer_is_delivered)
		return false;
	if (__atomic_fetch_or(posted_word(v, vector), BIT(vector % 64), __ATOMIC_SEQ_CST) & BIT(vector % 64))
		return false; /* somebody else posted it: it comes now */
	v->timer_vector = vector;
	hvm->apic_notification_set(&v->hvm, HOST_VECTOR_TIMER);
	return true;
}

/* The bit is gone if the processor took it. */
void apicv_timer_take_back(struct vcpu *v)
{
	u64 bit = BIT(v->timer_vector % 64);
	u64 *word = posted_word(v, v->timer_vector);

	v->timer_vector = 0;
	v->timer_is_delivered = !(__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit);
	hvm->apic_notification_set(&v->hvm, HOST_VECTOR_POSTED);
	if (v->timer_is_delivered)
		run_timer_ran_out(v);
}

/* --- lending and taking ---------------------------------------------------------------------------------------- */

/* What others posted while the processor did not look. */
static void posted_pull(struct vcpu *v)
{
	struct hvm_posted *posted = &v->hvm.posted;
	u64 requests[ARRAY_COUNT(posted->requests)];

	apicv_timer_settle(v);
	if (!(__atomic_load_n(&posted->control, __ATOMIC_SEQ_CST) & HVM_POSTED_OUTSTANDING))
		return;
	__atomic_and_fetch(&posted->control, ~HVM_POSTED_OUTSTANDING, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < ARRAY_COUNT(requests); i++)
		requests[i] = __atomic_exchange_n(&posted->requests[i], 0, __ATOMIC_SEQ_CST);
	/* A processor that posts does not see that the local APIC is disabled since. */
	if (!apicv_has_ipis(v) || lapic_takes_fixed(&v->lapic))
		lapic_requests_add(&v->lapic, requests);
}

void apicv_pull(struct vcpu *v)
{
	if (apicv_has_ipis(v))
		posted_pull(v);
}

static void levels_set(struct vcpu *v)
{
	memcpy(v->apic_levels, v->lapic.tmr, sizeof(v->apic_levels));
	hvm->apic_level_set(&v->hvm, v->apic_levels);
}

static void take(struct vcpu *v)
{
	posted_pull(v);
	lapic_page_take(&v->lapic, v->hvm.apic_page);
}

/* The processor may deliver what the page has requested. */
static void vectors_set(struct vcpu *v)
{
	hvm->apic_vectors_set(&v->hvm, lapic_page_requested(v->hvm.apic_page), lapic_page_in_service(v->hvm.apic_page));
	v->apic_is_held = false;
}

static void lend(struct vcpu *v)
{
	lapic_page_lend(&v->lapic, v->hvm.apic_page);
	levels_set(v);
	vectors_set(v);
	if (apicv_has_tables)
		apicv_table_update(v);
	if (!apicv_has_ipis(v))
		return;
	apicv_open(v);
	apicv_registers_changed(v);
}

void apicv_borrow(struct vcpu *v)
{
	if (apicv_is_lent(v))
		take(v);
}

void apicv_return(struct vcpu *v)
{
	if (apicv_is_lent(v))
		lend(v);
}

void apicv_leave(struct vcpu *v)
{
	if (!apicv_is_lent(v))
		return;
	if (apicv_has_ipis(v))
		apicv_close(v);
	if (v->hvm.apic_runs)
		hvm->apic_running_set(&v->hvm, false);
	take(v);
	hvm->apic_mode_set(&v->hvm, HVM_APIC_SOFTWARE);
	v->hvm.state.cr8 = v->lapic.tpr >> 4;
	v->hvm.tpr_threshold = lapic_tpr_threshold(&v->lapic);
	hvm_mark_dirty(&v->hvm, STATE_TPR);
	if (lapic_pending_vector(&v->lapic))
		vcpu_pending_add(v, PENDING_INTERRUPT);
}

void apicv_update(struct vcpu *v)
{
	enum hvm_apic mode = mode_wanted(v);

	if (mode == v->hvm.apic_mode)
		return;
	apicv_leave(v);
	if (mode == HVM_APIC_SOFTWARE)
		return;
	vcpu_tpr_fetch(v);
	hvm->apic_mode_set(&v->hvm, mode);
	lend(v);
	apicv_run_begin(v);
}

/* The mapping is removed for all vcpus: those that used it are told to do without. */
void apicv_page_remove(struct vm *vm)
{
	err_t err;

	vm->has_apic_page = false;
	lock_take(&vm->fill_lock);
	memory_lock_take();
	err = pagetable_unmap(&vm->hvm.second_level, APIC_BASE_USUAL, PAGE_BYTES);
	memory_lock_drop();
	lock_drop(&vm->fill_lock);
	ASSERT(!err); /* it is a page of its own */
	hvm->vm_flush(&vm->hvm);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_kick(vm->vcpu[i], PENDING_APIC | PENDING_FLUSH);
}

static bool is_xapic_as_usual(u64 base)
{
	return (base & APIC_BASE_ENABLE) && !(base & APIC_BASE_X2APIC) && (base & APIC_BASE_ADDRESS) == APIC_BASE_USUAL;
}

void apicv_base_changed(struct vcpu *v)
{
	if (apicv_has_tables)
		hvm->apic_accepts_set(&v->hvm, lapic_takes_fixed(&v->lapic));
	if (v->vm->has_apic_page && !is_xapic_as_usual(v->lapic.base))
		apicv_page_remove(v->vm);
	apicv_update(v);
}

/* --- interrupts ------------------------------------------------------------------------------------------------ */

void apicv_merge(struct vcpu *v)
{
	posted_pull(v);
	if (!v->lapic.irr_max && !v->apic_is_held)
		return;
	lapic_page_merge(&v->lapic, v->hvm.apic_page);
	if (memcmp(v->apic_levels, v->lapic.tmr, sizeof(v->apic_levels)))
		levels_set(v);
	vectors_set(v);
}

void apicv_hold(struct vcpu *v)
{
	hvm->apic_vectors_set(&v->hvm, 0, lapic_page_in_service(v->hvm.apic_page));
	v->apic_is_held = true;
}

bool apicv_has_interrupt(struct vcpu *v)
{
	posted_pull(v);
	if (apicv_has_tables)
		lapic_page_ppr_update(v->hvm.apic_page);
	return lapic_page_has_interrupt(&v->lapic, v->hvm.apic_page);
}

/* With a descriptor for all, the bit of the vector of its own timer may be there for that (apicv_timer_post()). */
static bool is_timers(const struct vcpu *v)
{
	u8 vector = (u8)v->lapic.lvt[LAPIC_LVT_TIMER];

	return !apicv_has_ipis(v) && v->lapic.irr[vector / 64] >> vector % 64 & 1;
}

/*
 * A vector whose trigger mode is not what the processor knows of it takes the other way: only the vcpu's own CPU can
 * change that. The processor sees the requests, or the vcpu's CPU does before it enters the guest (PENDING_POSTED).
 * Whoever set HVM_POSTED_OUTSTANDING first tells of both, but a processor that did so may have its notification taken
 * when PENDING_POSTED stands already, which is then not told of again (vcpu_kick()): who set that one tells as well.
 */
bool apicv_post(struct vcpu *v)
{
	struct hvm_posted *posted = &v->hvm.posted;
	u64 requests[ARRAY_COUNT(posted->requests)];
	bool was_pending, was_outstanding;

	if (!apicv_is_lent(v) || !(offers & (HVM_APIC_HAS_POSTED | HVM_APIC_HAS_TABLES)) || v->masks_interrupts ||
	    !run_is_on_other_cpu(v) || memcmp(v->apic_levels, v->lapic.tmr, sizeof(v->apic_levels)))
		return false;
	if (apicv_has_tables) {
		if (!lapic_page_post(&v->lapic, v->hvm.apic_page))
			return false;
		vcpu_pending_add(v, PENDING_POSTED);
		run_notify(v);
		return true;
	}
	if (is_timers(v))
		return false;
	v->was_posted = true;
	lapic_requests_take(&v->lapic, requests);
	for (u32 i = 0; i < ARRAY_COUNT(requests); i++)
		if (requests[i])
			__atomic_or_fetch(&posted->requests[i], requests[i], __ATOMIC_SEQ_CST);
	was_pending = __atomic_fetch_or(&v->pending, PENDING_POSTED, __ATOMIC_SEQ_CST) & PENDING_POSTED;
	was_outstanding =
		__atomic_fetch_or(&posted->control, HVM_POSTED_OUTSTANDING, __ATOMIC_SEQ_CST) & HVM_POSTED_OUTSTANDING;
	if (!was_pending || !was_outstanding)
		run_notify(v);
	return true;
}

void apicv_snapshot(const struct vcpu *v, struct lapic *out)
{
	*out = v->lapic;
	if (apicv_is_lent(v))
		lapic_page_view(out, v->hvm.apic_page);
}
