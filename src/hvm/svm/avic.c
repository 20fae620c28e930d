// SPDX-License-Identifier: Apache-2.0
// The local APIC worked by the processor: a VM's tables, mode, who runs where, exits (APM 2, Advanced Virtual Interrupt
// Controller).
#include "base/mem.h"
#include "host/cpu.h"
#include "host/log.h"
#include "host/memory.h"
#include "hvm/svm/avic_table.h"
#include "hvm/svm/svm.h"
#include "x86/insn.h"
#include "x86/regs/msr.h"

#define APIC_BASE_USUAL 0xfee00000ull
#define OFFSET_ICR 0x300u
#define OFFSET_TPR 0x80u

/* What every processor with AVIC has room for in its table. */
#define HOST_ID_MAX 255u

#define CPUID_VERSION 1
#define FAMILY BITS(11, 8)
#define FAMILY_EXTENDED BITS(27, 20)

/* Both tables, and the page at the guest's APIC address, of which only the permission counts. */
struct tables {
	u64 physical[PAGE_BYTES / sizeof(u64)];
	u32 logical[PAGE_BYTES / sizeof(u32)];
	u8 access[PAGE_BYTES];
};
_Static_assert(sizeof(struct tables) == 3 * PAGE_BYTES, "pages of their own");

/* IPIs exit at the sender's whoever runs. */
static bool sends_by_software __attribute__((section(".data.init_only")));

/*
 * Revision Guide for AMD Family 17h Models 00h-0Fh Processors, erratum 1235: such a processor may not see that a target
 * has stopped running, and nobody learns of the IPI then. Their derivatives of family 18h have it, too. Where nobody
 * ever seems to run every IPI is told of.
 */
static bool has_erratum_1235(void)
{
	u32 version = cpuid(CPUID_VERSION, 0).eax;
	u64 family = GET(FAMILY, version) + (GET(FAMILY, version) == 15 ? GET(FAMILY_EXTENDED, version) : 0);

	return family == 0x17 || family == 0x18;
}

u32 svm_apic_offers(void)
{
	if (!svm_uses(SVM_CPUID_AVIC))
		return 0;
	sends_by_software = has_erratum_1235();
	if (sends_by_software)
		log_info("AVIC: IPIs between vcpus exit (erratum 1235)");
	return HVM_APIC_HAS_XAPIC | HVM_APIC_HAS_TABLES;
}

static struct tables *tables(const struct hvm_vm *vm)
{
	return vm->apic_tables;
}

static u64 *entry(const struct hvm_vcpu *v)
{
	return &tables(v->vm)->physical[v->apic_id];
}

static bool has_entry(const struct hvm_vcpu *v)
{
	return v->apic_page && v->apic_id < AVIC_IDS;
}

err_t svm_apic_vm_init(struct hvm_vm *vm, struct pool *pool)
{
	if (!svm_uses(SVM_CPUID_AVIC))
		return OK;
	vm->apic_tables = pool_alloc(pool, pool_pages(sizeof(struct tables)));
	if (!vm->apic_tables)
		return ERR_NOMEM;
	vm->apic_access = pool_hpa(pool, tables(vm)->access);
	return OK;
}

void svm_apic_vm_fini(struct hvm_vm *vm, struct pool *pool)
{
	if (vm->apic_tables)
		pool_free(pool, vm->apic_tables, pool_pages(sizeof(struct tables)));
}

/* The fields count only in the mode set below. */
void svm_apic_vcpu_init(struct hvm_vcpu *v)
{
	hpa_t page = pool_hpa(memory_pool(), v->apic_page);
	struct vmcb *b = v->control;

	if (!has_entry(v))
		return;
	vmcb_avic_bar_set(b, APIC_BASE_USUAL);
	vmcb_avic_backing_page_set(b, page.v);
	vmcb_avic_logical_table_set(b, pool_hpa(memory_pool(), tables(v->vm)->logical).v);
	avic_entry_init(entry(v), page);
	v->vm->apic_id_last = MAX(v->vm->apic_id_last, v->apic_id);
}

/* V_IRQ, by which windows are asked for, is ignored then. */
void svm_apic_mode_set(struct hvm_vcpu *v, enum hvm_apic mode)
{
	struct vmcb *b = v->control;

	v->apic_mode = mode;
	v->tpr_threshold = 0;
	vmcb_intercepts1_set(b, vmcb_intercepts1(b) & ~(u32)INTERCEPT_VINTR);
	vmcb_virtual_interrupt_set(b, (vmcb_virtual_interrupt(b) & VINTR_TPR) | VINTR_MASKING |
					      (mode == HVM_APIC_XAPIC ? VINTR_AVIC_ENABLE : 0));
	vmcb_avic_physical_table_set(b, pool_hpa(memory_pool(), tables(v->vm)->physical).v | v->vm->apic_id_last);
	svm_vcpu(v)->ends_shadow = false;
	svm_cr8_intercept_update(v);
}

/* What is requested and in service the processor finds in the page; of TPR it goes by the VMCB's copy. */
void svm_apic_vectors_set(struct hvm_vcpu *v, u8 requested, u8 in_service)
{
	struct vmcb *b = v->control;
	u32 class = lapic_page_read(v->apic_page, OFFSET_TPR) >> 4 & 15;

	(void)requested;
	(void)in_service;
	vmcb_virtual_interrupt_set(b, (vmcb_virtual_interrupt(b) & ~VINTR_TPR) | PUT(VINTR_TPR, class));
	v->fetched &= ~(u32)STATE_TPR;
	v->dirty &= ~(u32)STATE_TPR;
}

/* TMR in the page says whose end exits. */
void svm_apic_level_set(struct hvm_vcpu *v, const u64 vectors[4])
{
	(void)v;
	(void)vectors;
}

void svm_apic_accepts_set(struct hvm_vcpu *v, bool accepts)
{
	if (has_entry(v))
		avic_entry_accepts_set(entry(v), accepts);
}

void svm_apic_slots_set(struct hvm_vm *vm, const struct lapic_slots *slots)
{
	avic_logical_fill(tables(vm)->logical, slots);
}

void svm_apic_running_set(struct hvm_vcpu *v, bool is_running)
{
	u32 host_id = this_cpu()->apic_id;

	is_running &= !sends_by_software && host_id <= HOST_ID_MAX;
	__atomic_store_n(&v->apic_runs, is_running, __ATOMIC_SEQ_CST);
	if (is_running)
		avic_entry_runs_on(entry(v), host_id);
	else
		avic_entry_runs_no_more(entry(v));
}

void svm_apic_doorbell(u32 apic_id)
{
	wrmsr(MSR_AMD_AVIC_DOORBELL, apic_id);
}

/* --- exits ----------------------------------------------------------------------------------------------------- */

/* The store to ICR is done, and but for the wake-up so is the IPI, or nothing of it. */
static void ipi_decode(struct exit *x, u64 why)
{
	x->kind = why == IPI_TARGET_NOT_RUNNING ? EXIT_IPI : EXIT_APIC_WRITE;
	x->apic.offset = OFFSET_ICR;
	x->detail = OFFSET_ICR;
}

/* Registers whose writes are stored before the exit: of all others the access has not happened (APM 2, Guest vAPIC
 * Register Access Behavior). */
static bool is_trap(u32 offset)
{
	const u64 traps = BIT(0x02) | BIT(0x0b) | BIT(0x0c) | BIT(0x0d) | BIT(0x0e) | BIT(0x0f) | BIT(0x28) |
			  BIT(0x30) | BITS(0x38, 0x32) | BIT(0x3e);

	return offset < 0x400 && traps >> offset / 16 & 1;
}

static void access_decode(struct exit *x, u64 info)
{
	u32 offset = (u32)GET(NOACCEL_OFFSET, info);
	bool is_write = info & NOACCEL_WRITE;

	x->kind = is_write && is_trap(offset) ? EXIT_APIC_WRITE : EXIT_APIC_ACCESS;
	x->apic.offset = (u16)offset;
	x->apic.is_write = is_write;
	x->detail = offset;
}

bool svm_apic_decode(struct hvm_vcpu *v, struct exit *x, u64 code)
{
	const struct vmcb *b = v->control;

	if (code != SVM_EXIT_AVIC_INCOMPLETE_IPI && code != SVM_EXIT_AVIC_NOACCEL)
		return false;
	x->insn_len = 0;
	x->apic.is_fetch = false;
	x->apic.is_event = false;
	if (code == SVM_EXIT_AVIC_INCOMPLETE_IPI)
		ipi_decode(x, GET(IPI_INFO2_WHY, vmcb_exit_info2(b)));
	else
		access_decode(x, vmcb_exit_info1(b));
	return true;
}
