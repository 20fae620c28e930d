// SPDX-License-Identifier: Apache-2.0
// AMD's AVIC for Bochs, which has none: a model of ours, compiled into it by tools/deps/bochs as cpu/avic.cc, whose mends
// call it. Never compared with a processor that has it, nor yet line by line with the manual (docs/testing.md).
//
// APM 2, Advanced Virtual Interrupt Controller: the VMCB's fields, the tables of physical and logical APIC IDs, which
// register accesses are carried out, which exit before (faults) and which behind (traps); the exits AVIC_INCOMPLETE_IPI
// and AVIC_NOACCEL; the doorbell. Where the manual leaves it open: an IPI for any target that is not valid goes to no
// target at all; a logical broadcast is no different from the targets that its bits name; of an access that is not of an
// aligned dword counts what lies in a register; a guest that is halted without an exit is not woken.
#define NEED_CPU_REG_SHORTCUTS 1
#include "bochs.h"
#include "cpu.h"
#define LOG_THIS BX_CPU_THIS_PTR

#include "apic.h"
#include "cpuid.h"
#include "memory/memory-bochs.h"
#include "svm.h"

namespace {

const Bit32u AVIC_ENABLE = 1u << 31;   // VMCB 60h
const Bit64u ADDRESS = BX_CONST64(0x000ffffffffff000);
const Bit64u ENTRY_VALID = BX_CONST64(1) << 63;
const Bit64u ENTRY_RUNNING = BX_CONST64(1) << 62;
const Bit64u ENTRY_HOST_ID = 0xfff;
const Bit32u LOGICAL_VALID = 1u << 31;
const unsigned INDEX_MAX = 255;

enum IncompleteIpi { INVALID_TYPE, NOT_RUNNING, INVALID_TARGET, INVALID_BACKING_PAGE, INVALID_VECTOR };

// What an access to a register does: it is done, done and told of, or told of instead.
enum Way { DONE, TRAP, FAULT };

Way way_of_read(unsigned offset)
{
	switch (offset) {
	case BX_LAPIC_ARBITRATION_PRIORITY:
	case BX_LAPIC_EOI:
	case BX_LAPIC_TIMER_CURRENT_COUNT:
		return FAULT;
	default:
		break;
	}
	if (offset == BX_LAPIC_ID || offset == BX_LAPIC_VERSION || offset == BX_LAPIC_TIMER_DIVIDE_CFG)
		return DONE;
	return offset >= BX_LAPIC_TPR && offset <= BX_LAPIC_ESR ? DONE :
	       offset >= BX_LAPIC_ICR_LO && offset <= BX_LAPIC_TIMER_INITIAL_COUNT ? DONE : FAULT;
}

// But TPR, EOI and the lower half of ICR, which have ways of their own.
Way way_of_write(unsigned offset)
{
	switch (offset) {
	case BX_LAPIC_ICR_HI:
		return DONE;
	case BX_LAPIC_ID:
	case BX_LAPIC_RRD:
	case BX_LAPIC_LDR:
	case BX_LAPIC_DESTINATION_FORMAT:
	case BX_LAPIC_SPURIOUS_VECTOR:
	case BX_LAPIC_ESR:
	case BX_LAPIC_LVT_TIMER:
	case BX_LAPIC_LVT_THERMAL:
	case BX_LAPIC_LVT_PERFMON:
	case BX_LAPIC_LVT_LINT0:
	case BX_LAPIC_LVT_LINT1:
	case BX_LAPIC_LVT_ERROR:
	case BX_LAPIC_TIMER_INITIAL_COUNT:
	case BX_LAPIC_TIMER_DIVIDE_CFG:
		return TRAP;
	default:
		return FAULT;
	}
}

} // namespace

// Memory as it is: nothing of it is the guest's APIC page or the host's APIC.
Bit32u BX_CPU_C::avic_get(bx_phy_address at)
{
	Bit32u value;

	BX_MEM(0)->readPhysicalPage(BX_CPU_THIS, at, 4, &value);
	return value;
}

void BX_CPU_C::avic_put(bx_phy_address at, Bit32u value)
{
	BX_MEM(0)->writePhysicalPage(BX_CPU_THIS, at, 4, &value);
}

Bit64u BX_CPU_C::avic_get64(bx_phy_address at)
{
	return avic_get(at) | (Bit64u) avic_get(at + 4) << 32;
}

// --- in and out ------------------------------------------------------------------------------------------------------

// VMRUN, the guest's state is loaded; false: the VMCB is not valid.
bool BX_CPU_C::avic_enter(void)
{
	bx_phy_address vmcb_at = BX_CPU_THIS_PTR vmcbptr;
	Bit64u table;

	BX_CPU_THIS_PTR avic.is_on = BX_SUPPORT_SVM_EXTENSION(BX_CPUID_SVM_AVIC) && (avic_get(vmcb_at + SVM_CONTROL_VTPR) & AVIC_ENABLE);
	if (! BX_CPU_THIS_PTR avic.is_on)
		return true;
	table = avic_get64(vmcb_at + SVM_AVIC_PHYSICAL_TABLE_PTR);
	BX_CPU_THIS_PTR avic.bar = avic_get64(vmcb_at + SVM_VIRTUAL_APIC_BAR) & ADDRESS;
	BX_CPU_THIS_PTR avic.page = avic_get64(vmcb_at + SVM_AVIC_BACKING_PAGE) & ADDRESS;
	BX_CPU_THIS_PTR avic.logical = avic_get64(vmcb_at + SVM_AVIC_LOGICAL_TABLE_PTR) & ADDRESS;
	BX_CPU_THIS_PTR avic.physical = table & ADDRESS;
	BX_CPU_THIS_PTR avic.index_max = table & 0xfff;
	if (! IsValidPhyAddr(BX_CPU_THIS_PTR avic.page) || ! IsValidPhyAddr(BX_CPU_THIS_PTR avic.logical) ||
	    ! IsValidPhyAddr(BX_CPU_THIS_PTR avic.physical) || BX_CPU_THIS_PTR avic.index_max > INDEX_MAX) {
		BX_ERROR(("VMRUN: AVIC: a table or its length is not valid"));
		BX_CPU_THIS_PTR avic.is_on = false;
		return false;
	}
	// V_IRQ, V_INTR_PRIO and V_IGN_TPR do not count: what is pending is above PPR already, only RFLAGS.IF holds it back.
	BX_CPU_THIS_PTR vmcb->ctrls.v_ignore_tpr = true;
	avic_evaluate();
	return true;
}

// #VMEXIT. An instruction that exits for something else is not over: what it did to a register it will do again.
void BX_CPU_C::avic_leave(void)
{
	if (! BX_CPU_THIS_PTR in_svm_guest || ! BX_CPU_THIS_PTR avic.is_on)
		return;
	BX_CPU_THIS_PTR avic.is_on = false;
	clear_event(BX_EVENT_SVM_VIRQ_PENDING | BX_EVENT_VMX_VIRTUAL_APIC_WRITE);
}

// --- priorities ------------------------------------------------------------------------------------------------------

int BX_CPU_C::avic_highest(unsigned reg)
{
	for (int i = 7; i >= 0; i--) {
		Bit32u word = avic_get(BX_CPU_THIS_PTR avic.page + reg + 16 * i);

		for (int bit = 31; word && bit >= 0; bit--)
			if (word >> bit & 1)
				return 32 * i + bit;
	}
	return -1;
}

void BX_CPU_C::avic_vector_set(bx_phy_address page, unsigned reg, unsigned vector, bool on)
{
	bx_phy_address at = page + reg + vector / 32 * 16;
	Bit32u bit = 1u << vector % 32;

	avic_put(at, on ? avic_get(at) | bit : avic_get(at) & ~bit);
}

void BX_CPU_C::avic_evaluate(void)
{
	Bit8u tpr = (Bit8u) avic_get(BX_CPU_THIS_PTR avic.page + BX_LAPIC_TPR);
	int serviced = avic_highest(BX_LAPIC_ISR1);
	int requested = avic_highest(BX_LAPIC_IRR1);
	int ppr;

	// Which of the two holds interrupts back is V_TPR.
	if (tpr >> 4 != SVM_V_TPR)
		tpr = SVM_V_TPR << 4;
	ppr = serviced >> 4 > tpr >> 4 ? serviced & 0xf0 : tpr;
	avic_put(BX_CPU_THIS_PTR avic.page + BX_LAPIC_PPR, ppr);
	if (requested >= 16 && requested >> 4 > ppr >> 4) {
		SVM_V_INTR_VECTOR = requested;
		signal_event(BX_EVENT_SVM_VIRQ_PENDING);
	}
	else {
		clear_event(BX_EVENT_SVM_VIRQ_PENDING);
	}
}

// The pending virtual interrupt is taken. False: there is no AVIC, and the VMCB tells which one.
bool BX_CPU_C::avic_acknowledge(void)
{
	unsigned vector = SVM_V_INTR_VECTOR;

	if (! BX_CPU_THIS_PTR avic.is_on)
		return false;
	avic_vector_set(BX_CPU_THIS_PTR avic.page, BX_LAPIC_IRR1, vector, false);
	avic_vector_set(BX_CPU_THIS_PTR avic.page, BX_LAPIC_ISR1, vector, true);
	avic_evaluate();
	// For an exit during its delivery.
	BX_CPU_THIS_PTR vmcb->ctrls.exitintinfo = vector | BX_EXTERNAL_INTERRUPT << 8;
	BX_CPU_THIS_PTR vmcb->ctrls.exitintinfo_error_code = 0;
	return true;
}

// V_TPR was written by MOV to CR8.
void BX_CPU_C::avic_cr8_written(void)
{
	if (! BX_CPU_THIS_PTR avic.is_on)
		return;
	avic_put(BX_CPU_THIS_PTR avic.page + BX_LAPIC_TPR, SVM_V_TPR << 4);
	avic_evaluate();
}

// --- the guest's accesses --------------------------------------------------------------------------------------------

// The nested tables' translation, but of the guest's APIC page, of which only their permission counts.
bx_phy_address BX_CPU_C::avic_translate(bx_phy_address guest, bx_phy_address host)
{
	if (BX_CPU_THIS_PTR avic.is_on && PPFOf(guest) == BX_CPU_THIS_PTR avic.bar)
		return BX_CPU_THIS_PTR avic.page | PAGE_OFFSET(guest);
	return host;
}

bool BX_CPU_C::is_avic_page(bx_phy_address paddr)
{
	return BX_CPU_THIS_PTR in_svm_guest && BX_CPU_THIS_PTR avic.is_on && PPFOf(paddr) == BX_CPU_THIS_PTR avic.page;
}

void BX_CPU_C::avic_fault(unsigned offset, bool is_write)
{
	Svm_Vmexit(SVM_VMEXIT_AVIC_NOACCEL, (offset & 0xff0) | (Bit64u) is_write << 32, 0);
}

// The exit comes behind the instruction.
void BX_CPU_C::avic_trap(int reason, Bit64u info1, Bit64u info2)
{
	BX_CPU_THIS_PTR avic.trap_reason = reason;
	BX_CPU_THIS_PTR avic.trap_info1 = info1;
	BX_CPU_THIS_PTR avic.trap_info2 = info2;
	signal_event(BX_EVENT_VMX_VIRTUAL_APIC_WRITE);
}

void BX_CPU_C::avic_trap_take(void)
{
	clear_event(BX_EVENT_VMX_VIRTUAL_APIC_WRITE);
	Svm_Vmexit(BX_CPU_THIS_PTR avic.trap_reason, BX_CPU_THIS_PTR avic.trap_info1, BX_CPU_THIS_PTR avic.trap_info2);
}

void BX_CPU_C::avic_read(bx_phy_address paddr, unsigned len, void *data)
{
	unsigned offset = PAGE_OFFSET(paddr);

	if (way_of_read(offset & 0xff0) != DONE)
		avic_fault(offset, false);
	BX_MEM(0)->readPhysicalPage(BX_CPU_THIS, paddr, len, data);
}

void BX_CPU_C::avic_eoi(void)
{
	int vector = avic_highest(BX_LAPIC_ISR1);

	if (vector < 0)
		return;
	if (avic_get(BX_CPU_THIS_PTR avic.page + BX_LAPIC_TMR1 + vector / 32 * 16) >> vector % 32 & 1) {
		avic_trap(SVM_VMEXIT_AVIC_NOACCEL, BX_LAPIC_EOI | BX_CONST64(1) << 32, vector);
		return;
	}
	avic_vector_set(BX_CPU_THIS_PTR avic.page, BX_LAPIC_ISR1, vector, false);
	avic_evaluate();
}

void BX_CPU_C::avic_write(bx_phy_address paddr, unsigned len, void *data)
{
	unsigned offset = PAGE_OFFSET(paddr), inside = offset & 15;
	bx_phy_address at = paddr - inside;
	Bit32u value = avic_get(at);

	offset -= inside;
	if (offset != BX_LAPIC_TPR && offset != BX_LAPIC_EOI && offset != BX_LAPIC_ICR_LO && way_of_write(offset) == FAULT)
		avic_fault(offset, true);
	if (inside >= 4)
		return;
	memcpy((Bit8u *) &value + inside, data, len < 4 - inside ? len : 4 - inside);
	switch (offset) {
	case BX_LAPIC_TPR:
		avic_put(at, value & 0xff);
		SVM_V_TPR = value >> 4 & 15;
		avic_evaluate();
		break;
	case BX_LAPIC_EOI:
		avic_eoi();
		break;
	case BX_LAPIC_ICR_LO:
		avic_put(at, value & ~0x1000u);
		avic_send(value);
		break;
	default:
		avic_put(at, value);
		if (way_of_write(offset) == TRAP)
			avic_trap(SVM_VMEXIT_AVIC_NOACCEL, offset | BX_CONST64(1) << 32, 0);
	}
}

// --- interprocessor interrupts ---------------------------------------------------------------------------------------

void BX_CPU_C::avic_send_incomplete(int why, unsigned index)
{
	Bit64u high = avic_get(BX_CPU_THIS_PTR avic.page + BX_LAPIC_ICR_HI);

	avic_trap(SVM_VMEXIT_AVIC_INCOMPLETE_IPI, avic_get(BX_CPU_THIS_PTR avic.page + BX_LAPIC_ICR_LO) | high << 32,
		(Bit64u) why << 32 | index);
}

Bit64u BX_CPU_C::avic_entry(unsigned index)
{
	return index > BX_CPU_THIS_PTR avic.index_max ? 0 : avic_get64(BX_CPU_THIS_PTR avic.physical + 8 * index);
}

// The targets by their physical APIC IDs; false: one of them is not valid, and that is told.
bool BX_CPU_C::avic_targets_logical(unsigned destination, bool *is_target)
{
	bool is_flat = avic_get(BX_CPU_THIS_PTR avic.page + BX_LAPIC_DESTINATION_FORMAT) >> 28 == 15;
	unsigned first = is_flat ? 0 : destination >> 4 << 2;
	unsigned bits = is_flat ? destination : destination & 15;

	if (! bits || (! is_flat && destination >> 4 == 15)) {
		avic_send_incomplete(INVALID_TARGET, first);
		return false;
	}
	for (unsigned i = 0; i < 8; i++) {
		Bit32u entry;

		if (! (bits >> i & 1))
			continue;
		entry = avic_get(BX_CPU_THIS_PTR avic.logical + 4 * (first + i));
		if (! (entry & LOGICAL_VALID)) {
			avic_send_incomplete(INVALID_TARGET, first + i);
			return false;
		}
		is_target[entry & 0xff] = true;
	}
	return true;
}

bool BX_CPU_C::avic_targets(Bit32u icr, bool *is_target)
{
	unsigned destination = avic_get(BX_CPU_THIS_PTR avic.page + BX_LAPIC_ICR_HI) >> 24;
	unsigned own = avic_get(BX_CPU_THIS_PTR avic.page + BX_LAPIC_ID) >> 24;
	unsigned shorthand = icr >> 18 & 3;

	if (shorthand || (! (icr >> 11 & 1) && destination == 0xff)) {
		for (unsigned i = 0; i <= BX_CPU_THIS_PTR avic.index_max; i++)
			is_target[i] = (avic_entry(i) & ENTRY_VALID) && (shorthand != 3 || i != own);
		return true;
	}
	if (icr >> 11 & 1) {
		if (! avic_targets_logical(destination, is_target))
			return false;
	}
	else {
		is_target[destination] = true;
	}
	for (unsigned i = 0; i <= INDEX_MAX; i++)
		if (is_target[i] && ! (avic_entry(i) & ENTRY_VALID)) {
			avic_send_incomplete(INVALID_TARGET, i);
			return false;
		}
	return true;
}

// The lower half of ICR was written.
void BX_CPU_C::avic_send(Bit32u icr)
{
	unsigned vector = icr & 0xff;
	bool is_target[INDEX_MAX + 1] = {};
	int sleeper = -1;

	if ((icr >> 8 & 7) != APIC_DM_FIXED || icr >> 15 & 1) {
		avic_send_incomplete(INVALID_TYPE, 0);
		return;
	}
	if (vector < 16) {
		avic_send_incomplete(INVALID_VECTOR, 0);
		return;
	}
	if ((icr >> 18 & 3) == 1) {
		avic_vector_set(BX_CPU_THIS_PTR avic.page, BX_LAPIC_IRR1, vector, true);
		avic_evaluate();
		return;
	}
	if (! avic_targets(icr, is_target))
		return;
	for (unsigned i = 0; i <= INDEX_MAX; i++) {
		bx_phy_address page = avic_entry(i) & ADDRESS;

		if (! is_target[i])
			continue;
		if (! IsValidPhyAddr(page)) {
			avic_send_incomplete(INVALID_BACKING_PAGE, i);
			return;
		}
		// The request comes first: who clears IsRunning and then looks for requests misses none.
		avic_vector_set(page, BX_LAPIC_IRR1, vector, true);
		if (page == BX_CPU_THIS_PTR avic.page)
			avic_evaluate();
		else if (avic_entry(i) & ENTRY_RUNNING)
			avic_doorbell(avic_entry(i) & ENTRY_HOST_ID);
		else if (sleeper < 0)
			sleeper = i;
	}
	if (sleeper >= 0)
		avic_send_incomplete(NOT_RUNNING, sleeper);
}

// Also MSR C001_011Bh, write-only. A processor outside of a guest, or in one without AVIC, takes no notice.
bool BX_CPU_C::avic_doorbell(Bit64u host_id)
{
	if (! BX_SUPPORT_SVM_EXTENSION(BX_CPUID_SVM_AVIC) || host_id >> 32)
		return false;
	for (unsigned i = 0; i < BX_SMP_PROCESSORS; i++) {
		BX_CPU_C *cpu = BX_CPU(i);

		if (cpu->lapic->get_id() == host_id && cpu->in_svm_guest && cpu->avic.is_on)
			cpu->avic_evaluate();
	}
	return true;
}
