// SPDX-License-Identifier: Apache-2.0
// After a failed VMRUN: the checker over the VMCB with what this CPU can do, its findings as lines.
#include "hvm/svm/entry_report.h"

#include "host/memory.h"
#include "hvm/svm/entry_check.h"
#include "hvm/svm/svm.h"
#include "x86/insn.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"

#define CPUID_SVM 0x8000000a
#define CPUID_EXT_FEATURES 0x80000001
#define CPUID_ADDRESSES 0x80000008
#define CPUID_EXT_FEATURES_2 0x80000021
#define CPUID80000001_EDX_LONG_MODE BIT(29)
#define CPUID8000000A_ECX_X2AVIC_EXT BIT(6)

/* Bits of CR4 and EFER, and the CPUID bit that says that the processor has them (APM 2, CR4 Register; EFER). */
enum cpuid_output { OUT_EBX, OUT_ECX, OUT_EDX, OUT_EAX };
struct offer {
	u64 bits;
	u32 leaf;
	u8 output; /* enum cpuid_output */
	u8 bit;
};

static const struct offer cr4_offers[] = {
#define X(bits, leaf, reg, bit) {bits, leaf, OUT_##reg, bit},
#include "x86/regs/cr4.def"
#undef X
	/* Beyond what guests are ever offered. */
	{CR4_PKE, 7, OUT_ECX, 3},
	{CR4_CET, 7, OUT_ECX, 7},
	{CR4_LA57, 7, OUT_ECX, 16},
};

static const struct offer efer_offers[] = {
	{EFER_LME | EFER_LMA, CPUID_EXT_FEATURES, OUT_EDX, 29},
	{EFER_NXE, CPUID_EXT_FEATURES, OUT_EDX, 20},
	{BIT(13), CPUID_EXT_FEATURES, OUT_EDX, 29},  /* LMSLE: what later lost it has it in no bit of these */
	{BIT(14), CPUID_EXT_FEATURES, OUT_EDX, 25},  /* FFXSR */
	{BIT(15), CPUID_EXT_FEATURES, OUT_ECX, 17},  /* TCE */
	{BIT(17), CPUID_ADDRESSES, OUT_EBX, 8},      /* MCOMMIT */
	{BIT(18), CPUID_ADDRESSES, OUT_EBX, 13},     /* INTWB */
	{BIT(20), CPUID_EXT_FEATURES_2, OUT_EAX, 7}, /* UAIE */
	{BIT(21), CPUID_EXT_FEATURES_2, OUT_EAX, 8}, /* AIBRSE */
};

static u64 offered(const struct offer *offers, size_t count)
{
	u64 bits = 0;

	for (size_t i = 0; i < count; i++) {
		const struct offer *o = &offers[i];
		u32 last = cpuid(o->leaf & BIT(31), 0).eax;
		struct cpuid_regs r = cpuid(o->leaf, 0);
		const u32 output[] = {[OUT_EAX] = r.eax, [OUT_EBX] = r.ebx, [OUT_ECX] = r.ecx, [OUT_EDX] = r.edx};

		if (o->leaf <= last && output[o->output] & BIT(o->bit))
			bits |= o->bits;
	}
	return bits;
}

static struct svm_check_caps caps_now(void)
{
	struct svm_check_caps caps = {
		.features = svm_caps.offered,
		.efer_bits = EFER_SCE | EFER_SVME | offered(efer_offers, ARRAY_COUNT(efer_offers)),
		.cr4_bits = CR4_PCE | offered(cr4_offers, ARRAY_COUNT(cr4_offers)),
		.physical_bits = memory_host_caps()->pa_bits,
		.has_long_mode = cpuid(CPUID_EXT_FEATURES, 0).edx & CPUID80000001_EDX_LONG_MODE,
		.has_x2avic_ext = cpuid(CPUID_SVM, 0).ecx & CPUID8000000A_ECX_X2AVIC_EXT,
		.host_cr0 = read_cr0(),
		.u_cet = 0, /* nobody is shown CET */
	};

	return caps;
}

static void print_finding(void *ctx, const struct svm_finding *finding)
{
	struct fmt_sink *sink = ctx;
	char line[320];

	svm_finding_format(line, sizeof(line), finding);
	fmt_print(sink, "VMRUN check failed: %s\n", line);
}

void svm_entry_report(struct hvm_vcpu *v, struct fmt_sink *sink)
{
	const struct svm_check_caps caps = caps_now();
	struct vmcb *b = v->control;

	vmcb_event_injection_set(b, svm_vcpu(v)->event);
	if (!svm_entry_check(b, &caps, print_finding, sink))
		fmt_print(sink, "VMRUN check: no rule of the manual is broken\n");
	vmcb_event_injection_set(b, 0);
}
