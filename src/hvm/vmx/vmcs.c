// SPDX-License-Identifier: Apache-2.0
// VMCS set-up: controls, host state, MSR bitmap (SDM 3C, Virtual Machine Control Structures).
#include "base/assert.h"
#include "base/mem.h"
#include "host/cpu.h"
#include "host/layout.h"
#include "host/memory.h"
#include "hvm/switch.h"
#include "hvm/vmx/vmx.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

/* MSR bitmap: reads low, reads high, writes low, writes high, 1 KiB each (SDM 3C, MSR-Bitmap Address). */
#define MSR_MAP_WRITES 2048
#define MSR_MAP_HIGH 1024
#define MSR_LOW_COUNT 0x2000u
#define MSR_HIGH_FIRST 0xc0000000u

/* PAUSEs closer than the gap, in TSC ticks, belong to one loop; a loop longer than the window exits (SDM 3C, PAUSE-Loop
 * Exiting). */
#define PLE_GAP 128
#define PLE_WINDOW 4096

static void map_set(u8 *map, u32 msr, unsigned exits)
{
	if (msr >= MSR_HIGH_FIRST) {
		map += MSR_MAP_HIGH;
		msr -= MSR_HIGH_FIRST;
	}
	ASSERT(msr < MSR_LOW_COUNT);
	for (unsigned write = 0; write < 2; write++, map += MSR_MAP_WRITES) {
		u8 bit = (u8)BIT(msr % 8);

		if (exits & (write ? MSR_EXIT_WRITE : MSR_EXIT_READ))
			map[msr / 8] |= bit;
		else
			map[msr / 8] &= (u8)~bit;
	}
}

/* In x2APIC mode most registers are read from the page, and writes of these three, and of commands where it sends IPIs,
 * are carried out by the processor. What is not there, or counts, still exits. */
static void x2apic_open(u8 *map)
{
	static const u32 read[] = {
		MSR_X2APIC_APICID,    MSR_X2APIC_VERSION,     MSR_X2APIC_TPR,        MSR_X2APIC_PPR,
		MSR_X2APIC_LDR,       MSR_X2APIC_SIVR,        MSR_X2APIC_ESR,        MSR_X2APIC_ICR,
		MSR_X2APIC_LVT_TIMER, MSR_X2APIC_LVT_THERMAL, MSR_X2APIC_LVT_PMI,    MSR_X2APIC_LVT_LINT0,
		MSR_X2APIC_LVT_LINT1, MSR_X2APIC_LVT_ERROR,   MSR_X2APIC_INIT_COUNT, MSR_X2APIC_DIV_CONF,
	};

	for (u32 i = 0; i < ARRAY_COUNT(read); i++)
		map_set(map, read[i], MSR_EXIT_WRITE);
	for (u32 msr = MSR_X2APIC_ISR0; msr < MSR_X2APIC_ESR; msr++)
		map_set(map, msr, MSR_EXIT_WRITE);
	map_set(map, MSR_X2APIC_TPR, 0);
	map_set(map, MSR_X2APIC_EOI, MSR_EXIT_READ);
	map_set(map, MSR_X2APIC_SELF_IPI, MSR_EXIT_READ);
	if (vmx_caps.apic_proc3)
		map_set(map, MSR_X2APIC_ICR, 0);
}

err_t vmx_vm_init(struct hvm_vm *vm, struct pool *pool)
{
	struct pagetable_caps caps = {
		.levels = 4,
		.pa_bits = memory_host_caps()->pa_bits,
		.has_2m = vmx_caps.ept_vpid & EPT_CAP_2MB,
		.has_1g = vmx_caps.ept_vpid & EPT_CAP_1GB,
		.execute_only = vmx_caps.ept_vpid & EPT_CAP_EXECUTE_ONLY,
		.accessed_dirty = vmx_caps.ept_vpid & EPT_CAP_ACCESSED_DIRTY,
	};
	err_t err;

	vm->msr_map = pool_alloc(pool, vmx_vm_pages());
	if (!vm->msr_map)
		return ERR_NOMEM;
	memset(vm->msr_map, 0xff, 2 * PAGE_BYTES);
	x2apic_open((u8 *)vm->msr_map + PAGE_BYTES);
	vm->apic_access = pool_hpa(pool, (u8 *)vm->msr_map + 2 * PAGE_BYTES);
	if (vmx_caps.apic_proc3)
		vm->ipi_table = (u64 *)((u8 *)vm->msr_map + VMX_VM_PAGES * PAGE_BYTES);
	tag_vm_init(&vm->tags);
	err = pagetable_init(&vm->second_level, &pagetable_ept, &caps, pool);
	if (err)
		pool_free(pool, vm->msr_map, vmx_vm_pages());
	return err;
}

void vmx_vm_fini(struct hvm_vm *vm, struct pool *pool)
{
	pagetable_fini(&vm->second_level);
	pool_free(pool, vm->msr_map, vmx_vm_pages());
}

void vmx_msr_map_set(struct hvm_vm *vm, u32 msr, unsigned exits)
{
	map_set(vm->msr_map, msr, exits);
	map_set((u8 *)vm->msr_map + PAGE_BYTES, msr, exits);
}

u64 vmx_eptp(const struct hvm_vm *vm)
{
	return pagetable_root(&vm->second_level).v | PUT(EPTP_MEMORY_TYPE, MEMTYPE_WB) |
	       PUT(EPTP_WALK_LENGTH_LESS_1, 3) | (vm->second_level.caps.accessed_dirty ? EPTP_ACCESSED_DIRTY : 0);
}

/* With accessed and dirty flags the processor's reads of the guest's tables count as writes (SDM 3C, Accessed and Dirty
 * Flags for EPT). */
void vmx_eptp_write(const struct hvm_vcpu *v)
{
	u64 without = v->debug.what & HVM_DEBUG_SPACES ? (u64)EPTP_ACCESSED_DIRTY : 0;

	vmwrite(VMCS_ept_pointer, vmx_eptp(v->vm) & ~without);
}

void vmx_vm_flush(struct hvm_vm *vm)
{
	tags_vm_invalidate(&vm->tags);
}

static void controls_write(struct hvm_vcpu *v)
{
	v->proc_controls = vmx_caps.controls[CONTROLS_PROC];
	vmwrite(VMCS_pin_controls, vmx_caps.controls[CONTROLS_PIN]);
	vmwrite(VMCS_proc_controls, v->proc_controls);
	vmwrite(VMCS_proc2_controls, vmx_caps.controls[CONTROLS_PROC2]);
	if (vmx_uses(CONTROLS_PROC, PROC_ACTIVATE_TERTIARY))
		vmwrite(VMCS_proc3_controls, vmx_caps.controls[CONTROLS_PROC3]);
	vmwrite(VMCS_exit_controls, vmx_caps.controls[CONTROLS_EXITS]);
	vmwrite(VMCS_entry_controls, vmx_caps.controls[CONTROLS_ENTRY]);
	vmwrite(VMCS_exception_bitmap, vmx_exceptions(v));
	vmwrite(VMCS_page_fault_error_code_mask, 0);
	vmwrite(VMCS_page_fault_error_code_match, 0);
	vmwrite(VMCS_cr3_target_count, 0);
	vmwrite(VMCS_exit_msr_store_count, 0);
	vmwrite(VMCS_exit_msr_load_count, 0);
	vmwrite(VMCS_entry_msr_load_count, 0);
	vmwrite(VMCS_entry_interruption_info, 0);
	vmwrite(VMCS_msr_bitmap, pool_hpa(memory_pool(), v->vm->msr_map).v);
	vmx_eptp_write(v);
	vmwrite(VMCS_vmcs_link_pointer, VMCS_LINK_NONE);
	vmwrite(VMCS_guest_debugctl, 0);
	if (vmx_uses(CONTROLS_PROC, PROC_USE_TPR_SHADOW))
		vmwrite(VMCS_virtual_apic_address, v->control_hpa.v + PAGE_BYTES);
	vmx_apic_init(v);
	if (vmx_uses(CONTROLS_PROC2, PROC2_PAUSE_LOOP_EXITING)) {
		vmwrite(VMCS_ple_gap, PLE_GAP);
		vmwrite(VMCS_ple_window, PLE_WINDOW);
	}
	if (vmx_uses(CONTROLS_PROC2, PROC2_ENABLE_XSAVES))
		vmwrite(VMCS_xss_exiting_bitmap, ~0ull);
}

/* What the CPU loads at each exit: constant for the CPU that the VMCS is current on. */
void vmx_host_state_write(const struct hvm_vcpu *v)
{
	struct table_pointer idtr;
	const struct cpu *cpu = this_cpu();

	__asm__ volatile("sidt %0" : "=m"(idtr));
	vmwrite(VMCS_host_cr0, read_cr0());
	vmwrite(VMCS_host_cr3, v->vm->host_cr3);
	vmwrite(VMCS_host_cr4, read_cr4());
	vmwrite(VMCS_host_cs_selector, SELECTOR_CODE);
	vmwrite(VMCS_host_ss_selector, SELECTOR_DATA);
	vmwrite(VMCS_host_ds_selector, SELECTOR_DATA);
	vmwrite(VMCS_host_es_selector, SELECTOR_DATA);
	vmwrite(VMCS_host_fs_selector, 0);
	vmwrite(VMCS_host_gs_selector, 0);
	vmwrite(VMCS_host_tr_selector, SELECTOR_TSS);
	vmwrite(VMCS_host_fs_base, 0);
	vmwrite(VMCS_host_gs_base, (u64)cpu);
	vmwrite(VMCS_host_tr_base, (u64)&cpu->tss);
	vmwrite(VMCS_host_gdtr_base, (u64)cpu->gdt);
	vmwrite(VMCS_host_idtr_base, idtr.base);
	vmwrite(VMCS_host_sysenter_cs, 0);
	vmwrite(VMCS_host_sysenter_esp, 0);
	vmwrite(VMCS_host_sysenter_eip, 0);
	vmwrite(VMCS_host_efer, rdmsr(MSR_EFER));
	vmwrite(VMCS_host_pat, rdmsr(MSR_PAT));
	vmwrite(VMCS_host_rip, (u64)vmx_exit);
	vmwrite(VMCS_host_rsp, (u64)v);
}

err_t vmx_vcpu_init(struct hvm_vcpu *v, struct pool *pool)
{
	u32 pages = VMX_PRIVATE_PAGES + switch_area_pages();
	u8 *memory = pool_alloc(pool, pages);

	if (!memory)
		return ERR_NOMEM;
	v->control = memory;
	v->control_hpa = pool_hpa(pool, memory);
	v->apic_page = (struct lapic_page *)(memory + PAGE_BYTES);
	v->xsave = memory + VMX_PRIVATE_PAGES * PAGE_BYTES;
	v->cpu_pages = pages;
	tag_vcpu_init(&v->tags);
	tags_vcpu_move(&v->tags, this_cpu()->index); /* the host state below is this CPU's */
	v->is_launched = false;
	*(u32 *)v->control = (u32)GET(VMX_BASIC_REVISION, vmx_caps.basic);
	switch_area_reset(v->xsave);
	if (vmclear(v->control_hpa.v) != VMX_OK || vmptrld(v->control_hpa.v) != VMX_OK) {
		pool_free(pool, memory, pages);
		return ERR_HARDWARE;
	}
	controls_write(v);
	vmx_host_state_write(v);
	v->dirty = STATE_ALL;
	v->fetched = STATE_ALL;
	vmx_write_back(v);
	return vmclear(v->control_hpa.v) == VMX_OK ? OK : ERR_HARDWARE;
}

void vmx_vcpu_fini(struct hvm_vcpu *v, struct pool *pool)
{
	(void)vmclear(v->control_hpa.v);
	pool_free(pool, v->control, v->cpu_pages);
	v->control = NULL;
}
