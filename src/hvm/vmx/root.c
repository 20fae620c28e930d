// SPDX-License-Identifier: Apache-2.0
// Into VMX root operation and out of it (SDM 3C, Enabling and Entering VMX Operation; Restrictions on VMX Operation).
#include "base/mem.h"
#include "host/cpu.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/numa.h"
#include "host/panic.h"
#include "hvm/switch.h"
#include "hvm/vmx/vmx.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

#define CPUID1_ECX_VMX BIT(5)

void vmx_insn_failed(const char *insn, u32 field, u64 value)
{
	u64 error = 0;
	bool failed;

	__asm__ volatile("vmread %2, %0" : "=r"(error), "=@ccbe"(failed) : "r"((u64)VMCS_instruction_error));
	if (failed)
		panic("%s of %s (%#x), value %#lx: no current VMCS", insn, vmcs_field_name(field), field, value);
	panic("%s of %s (%#x), value %#lx: VM-instruction error %lu, %s", insn, vmcs_field_name(field), field, value,
	      error, vmx_error_text((u32)error));
}

/* Firmware decides by a lock bit. Unset and unlocked: allow VMX and lock, so that nothing changes it later. */
static err_t feature_control_allow(void)
{
	u64 control = rdmsr(MSR_FEATURE_CONTROL);

	if (control & FEATURE_CONTROL_LOCK) {
		if (control & FEATURE_CONTROL_VMX)
			return OK;
		log_error("VT-x is disabled by firmware (IA32_FEATURE_CONTROL %#lx is locked)", control);
		return ERR_PERM;
	}
	wrmsr(MSR_FEATURE_CONTROL, control | FEATURE_CONTROL_VMX | FEATURE_CONTROL_LOCK);
	return OK;
}

static err_t cpu_probe(void)
{
	if (!(cpuid(1, 0).ecx & CPUID1_ECX_VMX)) {
		log_info("this CPU has no VT-x (CPUID leaf 1 ECX bit 5)");
		return ERR_UNSUPPORTED;
	}
	return feature_control_allow();
}

err_t vmx_probe(void)
{
	err_t err = cpu_probe();

	if (err)
		return err;
	return vmx_caps_read();
}

u32 vmx_features(void)
{
	return (vmx_uses(CONTROLS_PROC2, PROC2_ENABLE_RDTSCP) ? POLICY_RDTSCP : 0u) |
	       (vmx_uses(CONTROLS_PROC2, PROC2_ENABLE_INVPCID) ? POLICY_INVPCID : 0u) |
	       (vmx_uses(CONTROLS_PROC2, PROC2_ENABLE_XSAVES) ? POLICY_XSAVES : 0u) |
	       (switch_has_spec_ctrl() ? POLICY_SPEC_CTRL : 0u);
}

static struct tag_caps tag_caps_of_vmx(void)
{
	bool has_vpid = vmx_uses(CONTROLS_PROC2, PROC2_ENABLE_VPID);

	/* VPID 0 is the host's. */
	return (struct tag_caps){
		.first = 1,
		.count = has_vpid ? UINT16_MAX : 0,
		.flush_by_tag = has_vpid && vmx_caps.ept_vpid & VPID_CAP_SINGLE,
	};
}

/* Zeroed memory for this CPU, and its VMXON region: a page, as VMX_BASIC_REGION_BYTES is at most 4096. */
static struct vmx_cpu *cpu_make(struct cpu *cpu)
{
	struct tag_caps caps = tag_caps_of_vmx();
	struct vmx_cpu *c = pool_alloc(host_numa_pool(cpu->apic_id), pool_pages(sizeof(*c)));

	if (!c)
		return NULL;
	*(u32 *)c->region = (u32)GET(VMX_BASIC_REVISION, vmx_caps.basic);
	tag_space_init(&c->tags, cpu->index, &caps);
	cpu->vendor = c;
	return c;
}

/* The boot CPU was probed before; another must offer the same. */
static err_t cpu_compare(const struct cpu *cpu)
{
	err_t err = cpu->index ? cpu_probe() : OK;

	if (err || vmx_caps_match())
		return err;
	log_error("CPU %u: its VMX capabilities are not CPU 0's", cpu->index);
	return ERR_UNSUPPORTED;
}

err_t vmx_cpu_enable(struct cpu *cpu)
{
	err_t err = cpu_compare(cpu);
	enum vmx_result result;
	struct vmx_cpu *c;

	if (err)
		return err;
	c = cpu_make(cpu);
	if (!c)
		return ERR_NOMEM;
	write_cr0((read_cr0() | vmx_caps.cr0_fixed0) & vmx_caps.cr0_fixed1);
	write_cr4(((read_cr4() | CR4_VMXE | vmx_caps.cr4_fixed0) & vmx_caps.cr4_fixed1) |
		  (switch_xfeatures() ? CR4_OSXSAVE : 0));
	result = vmxon(pool_hpa(memory_pool(), c->region).v);
	if (result != VMX_OK) {
		log_error("VMXON failed (%s)", result == VMX_FAIL_INVALID ? "VMfailInvalid" : "VMfailValid");
		return ERR_HARDWARE;
	}
	invept(INVEPT_ALL, 0);
	if (vmx_uses(CONTROLS_PROC2, PROC2_ENABLE_VPID))
		invvpid(INVVPID_ALL, 0, 0);
	return OK;
}

void vmx_cpu_disable(void)
{
	if (!(read_cr4() & CR4_VMXE) || !this_cpu()->vendor)
		return;
	vmxoff();
	write_cr4(read_cr4() & ~CR4_VMXE);
}
