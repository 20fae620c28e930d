// SPDX-License-Identifier: Apache-2.0
// SVM on and off (APM 2, Enabling SVM; Host State Area; SVM-Lock).
#include "base/mem.h"
#include "host/cpu.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/numa.h"
#include "hvm/svm/svm.h"
#include "hvm/switch.h"
#include "x86/insn.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"

#define CPUID_EXT_MAX 0x80000000
#define CPUID_EXT_FEATURES 0x80000001
#define CPUID_SVM 0x8000000a
#define CPUID80000001_ECX_SVM BIT(2)

err_t svm_probe(void)
{
	u64 control;

	if (cpuid(CPUID_EXT_MAX, 0).eax < CPUID_SVM || !(cpuid(CPUID_EXT_FEATURES, 0).ecx & CPUID80000001_ECX_SVM)) {
		log_info("this CPU has no AMD-V (CPUID leaf 0x80000001 ECX bit 2)");
		return ERR_UNSUPPORTED;
	}
	control = rdmsr(MSR_AMD_VM_CR);
	if (control & VM_CR_SVMDIS) {
		log_error("AMD-V is disabled by firmware (VM_CR %#lx, SVMDIS%s)", control,
			  control & VM_CR_LOCK ? " locked" : "");
		return ERR_PERM;
	}
	return svm_caps_read();
}

u32 svm_features(void)
{
	return (switch_has_rdtscp() ? POLICY_RDTSCP : 0u) | POLICY_INVPCID |
	       (switch_has_spec_ctrl() ? POLICY_SPEC_CTRL : 0u);
}

err_t svm_cpu_enable(struct cpu *cpu)
{
	u32 pages = pool_pages(sizeof(struct svm_cpu));
	struct svm_cpu *c = pool_alloc(host_numa_pool(cpu->apic_id), pages);

	if (!c)
		return ERR_NOMEM;
	cpu->vendor = c;
	c->host_hpa = pool_hpa(memory_pool(), &c->host);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_AMD_VM_HSAVE_PA, pool_hpa(memory_pool(), c->save_area).v);
	if (switch_xfeatures())
		write_cr4(read_cr4() | CR4_OSXSAVE);
	__asm__ volatile("vmsave %0" : : "a"(c->host_hpa.v) : "memory");
	tag_space_init(&c->tags, cpu->index, &svm_caps.tags);
	return OK;
}

/* With GIF clear nothing would reach what comes after us. */
void svm_cpu_disable(void)
{
	if (!(rdmsr(MSR_EFER) & EFER_SVME))
		return;
	__asm__ volatile("stgi" : : : "memory");
	wrmsr(MSR_AMD_VM_HSAVE_PA, 0);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_SVME);
}
