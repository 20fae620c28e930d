// SPDX-License-Identifier: Apache-2.0
// After a failed VM entry: the checker over the current VMCS with this CPU's capabilities, its findings as lines.
#include "hvm/vmx/entry_report.h"

#include "host/memory.h"
#include "hvm/vmx/entry_check.h"
#include "hvm/vmx/vmx.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

#define CPUID7_ECX_LA57 BIT(16)

/* 0 for fields that this CPU does not have. */
static u64 read_field(void *ctx, u32 field)
{
	u64 value = 0;
	bool failed;

	(void)ctx;
	__asm__ volatile("vmread %2, %0" : "=r"(value), "=@ccbe"(failed) : "r"((u64)field));
	return failed ? 0 : value;
}

static struct entry_check_caps caps_now(u64 current_vmcs)
{
	struct entry_check_caps caps = {
		.basic = vmx_caps.basic,
		.misc = vmx_caps.misc,
		.pin = vmx_caps.allowed[CONTROLS_PIN],
		.proc = vmx_caps.allowed[CONTROLS_PROC],
		.proc2 = vmx_caps.allowed[CONTROLS_PROC2],
		.exit = vmx_caps.allowed[CONTROLS_EXITS],
		.entry = vmx_caps.allowed[CONTROLS_ENTRY],
		.ept_vpid = vmx_caps.ept_vpid,
		.cr0_fixed0 = vmx_caps.cr0_fixed0,
		.cr0_fixed1 = vmx_caps.cr0_fixed1,
		.cr4_fixed0 = vmx_caps.cr4_fixed0,
		.cr4_fixed1 = vmx_caps.cr4_fixed1,
		.efer_bits = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
		.debugctl_bits = ~DEBUGCTL_RESERVED,
		/* Not loaded by the controls that ETERNA sets, so never asked for. */
		.perf_global_ctrl_bits = NEVER,
		.rtit_ctl_bits = NEVER,
		.lbr_ctl_bits = NEVER,
		.spec_ctrl_bits = NEVER,
		.physical_bits = memory_host_caps()->pa_bits,
		.linear_bits = cpuid(7, 0).ecx & CPUID7_ECX_LA57 ? 57 : 48,
		.is_long_mode = true,
		.current_vmcs = current_vmcs,
	};

	return caps;
}

static void print_finding(void *ctx, const struct entry_finding *finding)
{
	struct fmt_sink *sink = ctx;
	char line[320];

	entry_finding_format(line, sizeof(line), finding);
	fmt_print(sink, "VM entry check failed: %s\n", line);
}

void vmx_entry_report(const struct hvm_vcpu *v, struct fmt_sink *sink)
{
	const struct entry_check_source source = {.read = read_field};
	const struct entry_check_caps caps = caps_now(v->control_hpa.v);

	if (!entry_check(&source, &caps, print_finding, sink))
		fmt_print(sink, "VM entry check: no rule of the manual is broken\n");
}
