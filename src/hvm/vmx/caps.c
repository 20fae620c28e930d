// SPDX-License-Identifier: Apache-2.0
// VMX capabilities: read, chosen, told.
#include "hvm/vmx/caps.h"

#include "host/log.h"
#include "hvm/feature_list.h"
#include "x86/insn.h"

struct vmx_caps vmx_caps __attribute__((section(".data.init_only")));

enum use { OFF, USE, NEED };

struct feature {
	u8 reg; /* enum vmx_control_register */
	u8 use; /* enum use */
	u32 control;
	const char *name;
};

static const struct feature features[] = {
#define X(reg, control, use, name) {CONTROLS_##reg, use, control, name},
#include "hvm/vmx/features.def"
#undef X
};

static const struct {
	u64 bit;
	u8 use;
	const char *name;
} ept_features[] = {
	{EPT_CAP_WALK_4, NEED, "4-level EPT"},
	{EPT_CAP_WB, NEED, "write-back EPT structures"},
	{EPT_CAP_INVEPT, NEED, "INVEPT"},
	{EPT_CAP_INVEPT_ALL, NEED, "INVEPT of all contexts"},
	{EPT_CAP_INVEPT_SINGLE, USE, "INVEPT of one context"},
	{EPT_CAP_2MB, USE, "2 MiB EPT pages"},
	{EPT_CAP_1GB, USE, "1 GiB EPT pages"},
	{EPT_CAP_EXECUTE_ONLY, OFF, "execute-only EPT pages"},
	{EPT_CAP_ACCESSED_DIRTY, USE, "EPT accessed and dirty bits"},
	{VPID_CAP_INVVPID, USE, "INVVPID"},
	{VPID_CAP_SINGLE, USE, "INVVPID of one context"},
	{VPID_CAP_ALL, USE, "INVVPID of all contexts"},
};

static void msrs_read(struct vmx_caps *c)
{
	c->basic = rdmsr(MSR_VMX_BASIC);
	/* The TRUE MSRs tell which default-1 controls may be 0 (SDM 3D, VMX Controls and Allowed Settings). */
	bool is_true = c->basic & VMX_BASIC_TRUE_CONTROLS;

	c->misc = rdmsr(MSR_VMX_MISC);
	c->cr0_fixed0 = rdmsr(MSR_VMX_CR0_FIXED0);
	c->cr0_fixed1 = rdmsr(MSR_VMX_CR0_FIXED1);
	c->cr4_fixed0 = rdmsr(MSR_VMX_CR4_FIXED0);
	c->cr4_fixed1 = rdmsr(MSR_VMX_CR4_FIXED1);
	c->allowed[CONTROLS_PIN] = rdmsr(is_true ? MSR_VMX_TRUE_PINBASED_CTLS : MSR_VMX_PINBASED_CTLS);
	c->allowed[CONTROLS_PROC] = rdmsr(is_true ? MSR_VMX_TRUE_PROCBASED_CTLS : MSR_VMX_PROCBASED_CTLS);
	c->allowed[CONTROLS_EXITS] = rdmsr(is_true ? MSR_VMX_TRUE_EXIT_CTLS : MSR_VMX_EXIT_CTLS);
	c->allowed[CONTROLS_ENTRY] = rdmsr(is_true ? MSR_VMX_TRUE_ENTRY_CTLS : MSR_VMX_ENTRY_CTLS);
	if (GET(VMX_ALLOWED_1, c->allowed[CONTROLS_PROC]) & PROC_ACTIVATE_SECONDARY)
		c->allowed[CONTROLS_PROC2] = rdmsr(MSR_VMX_PROCBASED_CTLS2);
	/* 64 bits, all of controls that may be 1; those in use are low ones. */
	if (GET(VMX_ALLOWED_1, c->allowed[CONTROLS_PROC]) & PROC_ACTIVATE_TERTIARY)
		c->allowed[CONTROLS_PROC3] = PUT(VMX_ALLOWED_1, (u32)rdmsr(MSR_VMX_PROCBASED_CTLS3));
	if (GET(VMX_ALLOWED_1, c->allowed[CONTROLS_PROC2]) & (PROC2_ENABLE_EPT | PROC2_ENABLE_VPID))
		c->ept_vpid = rdmsr(MSR_VMX_EPT_VPID_CAP);
}

struct tally {
	struct feature_list used, unused, missing;
	bool lacks;
};

static void feature_tell(struct tally *t, bool is_offered, u8 use, const char *name)
{
	if (is_offered) {
		feature_list_add(use == OFF ? &t->unused : &t->used, name);
		return;
	}
	feature_list_add(&t->missing, name);
	if (use == NEED) {
		log_error("VMX lacks: %s", name);
		t->lacks = true;
	}
}

static void controls_choose(struct tally *t)
{
	for (unsigned reg = 0; reg < CONTROLS_COUNT; reg++)
		vmx_caps.controls[reg] = (u32)GET(VMX_ALLOWED_0, vmx_caps.allowed[reg]);
	for (unsigned i = 0; i < ARRAY_COUNT(features); i++) {
		const struct feature *f = &features[i];
		bool is_offered = GET(VMX_ALLOWED_1, vmx_caps.allowed[f->reg]) & f->control;

		if (is_offered && f->use != OFF)
			vmx_caps.controls[f->reg] |= f->control;
		feature_tell(t, is_offered, f->use, f->name);
	}
	for (unsigned i = 0; i < ARRAY_COUNT(ept_features); i++)
		feature_tell(t, vmx_caps.ept_vpid & ept_features[i].bit, ept_features[i].use, ept_features[i].name);
}

/* The timer is of use only if its value is saved; without it that control must be 0 (SDM 3C, Checks on VMX Controls).
 */
static void preemption_timer_check(void)
{
	if (vmx_uses(CONTROLS_PIN, PIN_PREEMPTION_TIMER) && vmx_uses(CONTROLS_EXITS, EXITCTL_SAVE_PREEMPTION_TIMER))
		return;
	vmx_caps.controls[CONTROLS_PIN] &= ~(u32)PIN_PREEMPTION_TIMER;
	vmx_caps.controls[CONTROLS_EXITS] &= ~(u32)EXITCTL_SAVE_PREEMPTION_TIMER;
}

/* With the shadow nothing is to be done at an access to CR8; without it, at each. */
static void tpr_shadow_check(void)
{
	if (vmx_uses(CONTROLS_PROC, PROC_USE_TPR_SHADOW))
		vmx_caps.controls[CONTROLS_PROC] &= ~(u32)(PROC_CR8_LOAD_EXITING | PROC_CR8_STORE_EXITING);
}

/*
 * What virtualises a local APIC is set for a vcpu only while its mode asks for it (apic.c), and in one piece:
 * registers, delivery, and what leads the accesses there. Posted interrupts stand on it, and acknowledging is for them.
 */
#define APIC_PROC2_ALWAYS (u32)(PROC2_APIC_REGISTER_VIRTUALIZATION | PROC2_VIRTUAL_INTERRUPT_DELIVERY)
#define APIC_PROC2_ANY (APIC_PROC2_ALWAYS | (u32)(PROC2_VIRTUALIZE_APIC_ACCESSES | PROC2_VIRTUALIZE_X2APIC_MODE))

static u32 apic_proc2_of(u64 by)
{
	u32 wanted = APIC_PROC2_ALWAYS | (u32)by;

	return vmx_uses(CONTROLS_PROC, PROC_USE_TPR_SHADOW) && (vmx_caps.controls[CONTROLS_PROC2] & wanted) == wanted
		       ? wanted
		       : 0;
}

static void apic_check(void)
{
	bool can_post = vmx_uses(CONTROLS_PIN, PIN_PROCESS_POSTED_INTERRUPTS) &&
			vmx_uses(CONTROLS_EXITS, EXITCTL_ACKNOWLEDGE_INTERRUPT);

	vmx_caps.apic_proc2[HVM_APIC_XAPIC] = apic_proc2_of(PROC2_VIRTUALIZE_APIC_ACCESSES);
	vmx_caps.apic_proc2[HVM_APIC_X2APIC] = apic_proc2_of(PROC2_VIRTUALIZE_X2APIC_MODE);
	vmx_caps.apic_pin = can_post ? (u32)PIN_PROCESS_POSTED_INTERRUPTS : 0;
	vmx_caps.controls[CONTROLS_PROC2] &= ~APIC_PROC2_ANY;
	vmx_caps.controls[CONTROLS_PIN] &= ~(u32)PIN_PROCESS_POSTED_INTERRUPTS;
	if (!can_post)
		vmx_caps.controls[CONTROLS_EXITS] &= ~(u32)EXITCTL_ACKNOWLEDGE_INTERRUPT;
}

/* IPIs are posted, to vcpus whose local APIC the processor works; nothing else of the tertiary controls is used. */
static void ipi_check(void)
{
	bool can_send = vmx_caps.apic_pin && vmx_uses(CONTROLS_PROC3, PROC3_IPI_VIRTUALIZATION) &&
			(vmx_caps.apic_proc2[HVM_APIC_XAPIC] || vmx_caps.apic_proc2[HVM_APIC_X2APIC]);

	vmx_caps.apic_proc3 = can_send ? (u32)PROC3_IPI_VIRTUALIZATION : 0;
	vmx_caps.controls[CONTROLS_PROC3] = 0;
	if (!can_send)
		vmx_caps.controls[CONTROLS_PROC] &= ~(u32)PROC_ACTIVATE_TERTIARY;
}

/* Where the TRUE capabilities are missing, CR3 accesses must exit: nothing here wants to see them. */
static void cr3_exiting_check(struct tally *t)
{
	if (vmx_caps.controls[CONTROLS_PROC] & (PROC_CR3_LOAD_EXITING | PROC_CR3_STORE_EXITING)) {
		log_error("VMX lacks: CR3 accesses without exits");
		t->lacks = true;
	}
}

/* VPIDs are of use only where they can be flushed. */
static void vpid_check(void)
{
	u64 needed = VPID_CAP_INVVPID | VPID_CAP_SINGLE | VPID_CAP_ALL;

	if ((vmx_caps.ept_vpid & needed) != needed)
		vmx_caps.controls[CONTROLS_PROC2] &= ~(u32)PROC2_ENABLE_VPID;
}

err_t vmx_caps_read(void)
{
	struct tally t = {
		.used.title = "VMX uses", .unused.title = "VMX has, not used", .missing.title = "VMX has not"};

	msrs_read(&vmx_caps);
	log_info("VMX revision %#lx, %lu-byte regions, %s controls", (u64)GET(VMX_BASIC_REVISION, vmx_caps.basic),
		 (u64)GET(VMX_BASIC_REGION_BYTES, vmx_caps.basic),
		 vmx_caps.basic & VMX_BASIC_TRUE_CONTROLS ? "true" : "default");
	controls_choose(&t);
	vpid_check();
	preemption_timer_check();
	tpr_shadow_check();
	apic_check();
	ipi_check();
	cr3_exiting_check(&t);
	feature_list_end(&t.used);
	feature_list_end(&t.unused);
	feature_list_end(&t.missing);
	return t.lacks ? ERR_UNSUPPORTED : OK;
}

/* Every control chosen must be allowed, and none that this CPU wants set be missing. */
bool vmx_caps_match(void)
{
	struct vmx_caps own = {0};

	msrs_read(&own);
	for (unsigned reg = 0; reg < CONTROLS_COUNT; reg++)
		if (vmx_caps.controls[reg] & ~GET(VMX_ALLOWED_1, own.allowed[reg]) ||
		    GET(VMX_ALLOWED_0, own.allowed[reg]) & ~vmx_caps.controls[reg])
			return false;
	if ((vmx_caps.apic_proc2[HVM_APIC_XAPIC] | vmx_caps.apic_proc2[HVM_APIC_X2APIC]) &
		    ~GET(VMX_ALLOWED_1, own.allowed[CONTROLS_PROC2]) ||
	    vmx_caps.apic_pin & ~GET(VMX_ALLOWED_1, own.allowed[CONTROLS_PIN]) ||
	    vmx_caps.apic_proc3 & ~GET(VMX_ALLOWED_1, own.allowed[CONTROLS_PROC3]))
		return false;
	return own.basic == vmx_caps.basic && own.ept_vpid == vmx_caps.ept_vpid &&
	       own.cr0_fixed0 == vmx_caps.cr0_fixed0 && own.cr4_fixed0 == vmx_caps.cr4_fixed0;
}
