// SPDX-License-Identifier: Apache-2.0
// VMCB set-up: intercepts, permission maps, nested paging (APM 2, VMRUN; Intercept Operation; Nested Paging).
#include "base/assert.h"
#include "base/mem.h"
#include "host/memory.h"
#include "hvm/svm/svm.h"
#include "hvm/switch.h"
#include "x86/insn.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"

/* MSR permission map: two bits an MSR, read and write; three ranges of 0x2000 MSRs, 2 KiB each (APM 2, MSR Intercepts).
 */
#define MSR_MAP_BYTES (2 * PAGE_BYTES)
#define MSR_RANGE_COUNT 0x2000u
#define MSR_RANGE_BYTES 2048u
static const u32 msr_ranges[] = {0, 0xc0000000, 0xc0010000};

/* I/O permission map: a bit a port, and those that the last ports reach beyond. All ports exit: one map serves all. */
#define PORT_MAP_BYTES (3 * PAGE_BYTES)
static u8 *port_map;

#define INTERCEPTS1                                                                                                    \
	(INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_INIT | INTERCEPT_CR0_SEL_WRITE | INTERCEPT_RDPMC |                 \
	 INTERCEPT_CPUID | INTERCEPT_RSM | INTERCEPT_INVD | INTERCEPT_HLT | INTERCEPT_INVLPGA | INTERCEPT_IOIO |       \
	 INTERCEPT_MSR | INTERCEPT_TASK_SWITCH | INTERCEPT_SHUTDOWN)
#define INTERCEPTS2                                                                                                    \
	(INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE | INTERCEPT_STGI | INTERCEPT_CLGI | \
	 INTERCEPT_SKINIT | INTERCEPT_ICEBP | INTERCEPT_WBINVD | INTERCEPT_MONITOR | INTERCEPT_MWAIT |                 \
	 INTERCEPT_XSETBV)

#define CPUID_ADDRESSES 0x80000008
#define CPUID80000008_EBX_INVLPGB BIT(3)
#define CPUID80000008_EBX_RDPRU BIT(4)
#define CPUID80000008_EBX_MCOMMIT BIT(8)

#define CR4_INTERCEPT BIT(4)

/* PAUSEs within the threshold of one another that make a spin loop; the cycles that tell loops apart. */
#define PAUSE_COUNT 3000
#define PAUSE_THRESHOLD 128

u32 svm_exceptions_always(const struct hvm_vcpu *v)
{
	/* #DB and #AC, whose delivery a guest can make loop for ever without an exit; #MC is the host's. */
	return (u32)(BIT(VECTOR_DB) | BIT(VECTOR_AC) | BIT(VECTOR_MC) | (v->vm->traps_undefined ? BIT(VECTOR_UD) : 0) |
		     (v->debug.what & HVM_DEBUG_BREAK ? BIT(VECTOR_BP) : 0));
}

err_t svm_vm_init(struct hvm_vm *vm, struct pool *pool)
{
	struct pagetable_caps caps = {
		.levels = 4,
		.pa_bits = memory_host_caps()->pa_bits,
		.has_2m = true,
		.has_1g = memory_host_caps()->has_1g,
		.accessed_dirty = true,
	};
	err_t err;

	if (!port_map) {
		port_map = pool_alloc(pool, PORT_MAP_BYTES / PAGE_BYTES);
		if (!port_map)
			return ERR_NOMEM;
		memset(port_map, 0xff, PORT_MAP_BYTES);
	}
	vm->msr_map = pool_alloc(pool, MSR_MAP_BYTES / PAGE_BYTES);
	if (!vm->msr_map)
		return ERR_NOMEM;
	memset(vm->msr_map, 0xff, MSR_MAP_BYTES);
	tag_vm_init(&vm->tags);
	err = svm_apic_vm_init(vm, pool);
	if (err)
		goto free_map;
	err = pagetable_init(&vm->second_level, &pagetable_npt, &caps, pool);
	if (!err)
		return OK;
	svm_apic_vm_fini(vm, pool);
free_map:
	pool_free(pool, vm->msr_map, MSR_MAP_BYTES / PAGE_BYTES);
	return err;
}

void svm_vm_fini(struct hvm_vm *vm, struct pool *pool)
{
	pagetable_fini(&vm->second_level);
	svm_apic_vm_fini(vm, pool);
	pool_free(pool, vm->msr_map, MSR_MAP_BYTES / PAGE_BYTES);
}

void svm_msr_map_set(struct hvm_vm *vm, u32 msr, unsigned exits)
{
	u8 *map = vm->msr_map;
	unsigned range = 0;
	unsigned shift;

	/* SVME, which VMRUN demands, is not the guest's to see. */
	if (msr == MSR_EFER)
		exits |= MSR_EXIT_READ;
	while (range < ARRAY_COUNT(msr_ranges) && msr - msr_ranges[range] >= MSR_RANGE_COUNT)
		range++;
	ASSERT(range < ARRAY_COUNT(msr_ranges));
	msr -= msr_ranges[range];
	map += range * MSR_RANGE_BYTES + msr / 4;
	shift = msr % 4 * 2;
	*map = (u8)((*map & ~(3u << shift)) | exits << shift);
}
_Static_assert(MSR_EXIT_READ == 1 && MSR_EXIT_WRITE == 2, "APM 2, MSR Intercepts: read in the lower bit");

void svm_vm_flush(struct hvm_vm *vm)
{
	tags_vm_invalidate(&vm->tags);
}

static u32 intercepts2(void)
{
	u32 offered = cpuid(CPUID_ADDRESSES, 0).ebx;

	return INTERCEPTS2 | (offered & CPUID80000008_EBX_RDPRU ? (u32)INTERCEPT_RDPRU : 0);
}

static u32 intercepts3(void)
{
	u32 offered = cpuid(CPUID_ADDRESSES, 0).ebx;
	u32 set = 0;

	if (offered & CPUID80000008_EBX_INVLPGB)
		set |= INTERCEPT_INVLPGB | INTERCEPT_INVLPGB_ILLEGAL | INTERCEPT_TLBSYNC;
	if (offered & CPUID80000008_EBX_MCOMMIT)
		set |= INTERCEPT_MCOMMIT;
	return set;
}

static void pause_filter_set(struct vmcb *b)
{
	if (!svm_uses(SVM_CPUID_PAUSE_FILTER))
		return;
	vmcb_pause_count_set(b, PAUSE_COUNT);
	if (svm_uses(SVM_CPUID_PAUSE_THRESHOLD))
		vmcb_pause_threshold_set(b, PAUSE_THRESHOLD);
	vmcb_intercepts1_set(b, vmcb_intercepts1(b) | (u32)INTERCEPT_PAUSE);
}

static void control_area_write(struct hvm_vcpu *v)
{
	struct vmcb *b = v->control;

	vmcb_cr_write_intercepts_set(b, CR4_INTERCEPT);
	vmcb_exception_intercepts_set(b, svm_exceptions_always(v));
	vmcb_intercepts1_set(b, (u32)INTERCEPTS1);
	vmcb_intercepts2_set(b, intercepts2());
	vmcb_intercepts3_set(b, intercepts3());
	pause_filter_set(b);
	vmcb_iopm_base_set(b, pool_hpa(memory_pool(), port_map).v);
	vmcb_msrpm_base_set(b, pool_hpa(memory_pool(), v->vm->msr_map).v);
	vmcb_virtual_interrupt_set(b, VINTR_MASKING);
	vmcb_nested_control_set(b, NESTED_PAGING);
	vmcb_nested_cr3_set(b, pagetable_root(&v->vm->second_level).v);
}

/* VMCB, struct svm_vcpu, and the extended state, which wants 64 bytes' alignment. */
static u32 private_pages(void)
{
	return pool_pages(VMCB_BYTES + sizeof(struct svm_vcpu));
}

err_t svm_vcpu_init(struct hvm_vcpu *v, struct pool *pool)
{
	u32 backing = svm_uses(SVM_CPUID_AVIC) ? 1 : 0;
	u32 pages = private_pages() + switch_area_pages() + backing;
	u8 *memory = pool_alloc(pool, pages);

	if (!memory)
		return ERR_NOMEM;
	v->control = memory;
	v->control_hpa = pool_hpa(pool, memory);
	v->xsave = memory + private_pages() * PAGE_BYTES;
	v->cpu_pages = pages;
	if (backing)
		v->apic_page = (struct lapic_page *)(memory + (pages - 1) * PAGE_BYTES);
	switch_area_reset(v->xsave);
	tag_vcpu_init(&v->tags);
	for (unsigned i = 0; i < CODE_PAGES; i++)
		svm_vcpu(v)->code[i].page = 1;
	control_area_write(v);
	if (backing)
		svm_apic_vcpu_init(v);
	v->dirty = STATE_ALL;
	v->fetched = STATE_ALL;
	svm_write_back(v);
	return OK;
}

void svm_vcpu_fini(struct hvm_vcpu *v, struct pool *pool)
{
	pool_free(pool, v->control, v->cpu_pages);
	v->control = NULL;
}
