/* SPDX-License-Identifier: Apache-2.0 */
/* A VMCS in plain memory with valid contents of several kinds, for tests and fuzzers of the VM-entry checker. */
#ifndef ETERNA_TESTS_FAKE_VMCS_H
#define ETERNA_TESTS_FAKE_VMCS_H

#include "hvm/vmx/entry_check.h"
#include "x86/cpu_state.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"
#include "x86/regs/vmcs.h"

struct fake_vmcs {
	u64 field[0x8000];
};

enum fake_guest {
	FAKE_LONG,   /* 64-bit kernel, EPT, without unrestricted guest */
	FAKE_REAL,   /* real mode in an unrestricted guest */
	FAKE_V86,    /* virtual-8086 mode */
	FAKE_PAE,    /* 32-bit PAE paging, without unrestricted guest */
	FAKE_LEGACY, /* as FAKE_PAE, on a 32-bit host */
	FAKE_GUEST_COUNT
};

/* Physical addresses at which fake_read_memory() has something other than zeros. */
#define FAKE_SHADOW_VMCS 0x201000ull  /* right revision, shadow bit */
#define FAKE_PLAIN_VMCS 0x202000ull   /* right revision */
#define FAKE_ALIEN_VMCS 0x203000ull   /* wrong revision */
#define FAKE_BAD_PDPTES 0x300000ull   /* present, bit 1 set */
#define FAKE_CURRENT_VMCS 0x100000ull /* right revision */
#define FAKE_REVISION 0x2bu

static inline u64 fake_read(void *ctx, u32 field)
{
	const struct fake_vmcs *vmcs = ctx;

	return vmcs->field[field & 0x7fff];
}

static inline bool fake_read_memory(void *ctx, u64 physical, void *buf, size_t bytes)
{
	u64 word = 0;

	if (physical == FAKE_SHADOW_VMCS)
		word = FAKE_REVISION | VMCS_REGION_SHADOW;
	else if (physical == FAKE_PLAIN_VMCS || physical == FAKE_CURRENT_VMCS)
		word = FAKE_REVISION;
	else if (physical == FAKE_ALIEN_VMCS)
		word = FAKE_REVISION + 1;
	else if (physical == FAKE_BAD_PDPTES)
		word = 3;
	(void)ctx;
	for (size_t i = 0; i < bytes; i++)
		((u8 *)buf)[i] = (u8)(i < 8 ? word >> 8 * i : 0);
	return physical >> 46 == 0;
}

/* A processor that offers everything except what the rules need absent to be broken. */
static inline struct entry_check_caps fake_caps(enum fake_guest guest)
{
	return (struct entry_check_caps){
		.basic = FAKE_REVISION | PUT(VMX_BASIC_REGION_BYTES, 4096) | PUT(VMX_BASIC_MEMORY_TYPE, 6) |
			 VMX_BASIC_TRUE_CONTROLS,
		.misc = PUT(VMX_MISC_CR3_TARGET_COUNT, 4) | VMX_MISC_STORES_LMA | VMX_MISC_ACTIVITY_HLT |
			VMX_MISC_ACTIVITY_SHUTDOWN | VMX_MISC_ACTIVITY_WAIT_SIPI,
		.pin = PUT(VMX_ALLOWED_1, 0xff) | 0x16,
		.proc = PUT(VMX_ALLOWED_1, 0xfffffffe) | 0x04006172,
		.exit = PUT(VMX_ALLOWED_1, 0xffffffff) | 0x00036dfb,
		.entry = PUT(VMX_ALLOWED_1, 0x01ffffff) | 0x000011fb,
		.proc2 = PUT(VMX_ALLOWED_1, 0xdfffffff),
		.proc3 = 0xdf,
		.exit2 = EXITCTL2_LOAD_SPEC_CTRL,
		.vmfunc = VMFUNC_EPTP_SWITCHING,
		.ept_vpid = EPT_CAP_WALK_4 | EPT_CAP_UC | EPT_CAP_WB,
		.cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG,
		.cr0_fixed1 = 0xffffffff,
		.cr4_fixed0 = CR4_VMXE,
		.cr4_fixed1 = 0x00ff7fff,
		.efer_bits = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
		.debugctl_bits = ~DEBUGCTL_RESERVED,
		.perf_global_ctrl_bits = BITS(34, 32) | BITS(3, 0),
		.rtit_ctl_bits = BITS(15, 0),
		.lbr_ctl_bits = BITS(22, 16) | BITS(3, 0),
		.spec_ctrl_bits = SPEC_CTRL_IBRS | SPEC_CTRL_STIBP | SPEC_CTRL_SSBD,
		.physical_bits = 46,
		.linear_bits = 48,
		.is_long_mode = guest != FAKE_LEGACY,
		.current_vmcs = FAKE_CURRENT_VMCS,
	};
}

static inline void fake_segment(struct fake_vmcs *vmcs, enum seg seg, u16 selector, u64 base, u32 limit, u32 access)
{
	vmcs->field[VMCS_guest_es_selector + 2 * (u32)seg] = selector;
	vmcs->field[VMCS_guest_es_base + 2 * (u32)seg] = base;
	vmcs->field[VMCS_guest_es_limit + 2 * (u32)seg] = limit;
	vmcs->field[VMCS_guest_es_access_rights + 2 * (u32)seg] = access;
}

static inline void fake_host(struct fake_vmcs *vmcs, enum fake_guest guest)
{
	u64 *f = vmcs->field;

	f[VMCS_exit_controls] = 0x00036dfb | (guest == FAKE_LEGACY ? 0 : EXITCTL_HOST_64BIT | EXITCTL_LOAD_EFER) |
				EXITCTL_LOAD_PAT | EXITCTL_ACKNOWLEDGE_INTERRUPT;
	f[VMCS_host_cr0] = CR0_PE | CR0_NE | CR0_WP | CR0_PG;
	f[VMCS_host_cr3] = 0x5000;
	f[VMCS_host_cr4] = CR4_PAE | CR4_VMXE;
	f[VMCS_host_efer] = EFER_LME | EFER_LMA | EFER_NXE;
	f[VMCS_host_pat] = 0x0007040600070406;
	f[VMCS_host_cs_selector] = 8;
	f[VMCS_host_ss_selector] = guest == FAKE_LEGACY ? 16 : 0;
	f[VMCS_host_tr_selector] = 24;
	f[VMCS_host_tr_base] = guest == FAKE_LEGACY ? 0x6000 : 0xffffffff80006000;
	f[VMCS_host_rip] = guest == FAKE_LEGACY ? 0x7000 : 0xffffffff80007000;
}

static inline void fake_guest_segments(struct fake_vmcs *vmcs, enum fake_guest guest)
{
	u32 code = guest == FAKE_LONG ? 0xa09b : guest == FAKE_REAL ? 0x9b : 0xc09b;
	u32 data = guest == FAKE_REAL ? 0x93 : 0xc093;
	u32 limit = guest == FAKE_REAL ? 0xffff : 0xffffffff;

	for (enum seg seg = SEG_ES; seg <= SEG_GS; seg++) {
		if (guest == FAKE_V86)
			fake_segment(vmcs, seg, 0x1000, 0x10000, 0xffff, 0xf3);
		else
			fake_segment(vmcs, seg, seg == SEG_CS ? 8 : 16, 0, limit, seg == SEG_CS ? code : data);
	}
	fake_segment(vmcs, SEG_LDTR, 0, 0, 0xffff, 0x82);
	fake_segment(vmcs, SEG_TR, 24, 0x9000, 0x67, 0x8b);
}

/* Make a VMCS that passes every check with fake_caps(). */
static inline void fake_vmcs_init(struct fake_vmcs *vmcs, enum fake_guest guest)
{
	u64 *f = vmcs->field;
	bool is_paged = guest != FAKE_REAL;

	*vmcs = (struct fake_vmcs){0};
	f[VMCS_pin_controls] = 0x16 | PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING;
	f[VMCS_proc_controls] = 0x04006172 | PROC_ACTIVATE_SECONDARY | PROC_USE_MSR_BITMAPS | PROC_USE_IO_BITMAPS;
	f[VMCS_proc2_controls] =
		PROC2_ENABLE_EPT | PROC2_ENABLE_VPID | (guest == FAKE_REAL ? PROC2_UNRESTRICTED_GUEST : 0);
	f[VMCS_vpid] = 1;
	f[VMCS_ept_pointer] = 0x10000 | PUT(EPTP_WALK_LENGTH_LESS_1, 3) | MEMORY_TYPE_WB;
	f[VMCS_io_bitmap_a] = 0x11000;
	f[VMCS_io_bitmap_b] = 0x12000;
	f[VMCS_msr_bitmap] = 0x13000;
	fake_host(vmcs, guest);

	f[VMCS_entry_controls] = 0x000011fb | ENTRYCTL_LOAD_EFER | ENTRYCTL_LOAD_PAT | ENTRYCTL_LOAD_DEBUG_CONTROLS |
				 (guest == FAKE_LONG ? ENTRYCTL_IA32E_GUEST : 0);
	f[VMCS_guest_cr0] = CR0_NE | CR0_ET | (is_paged ? CR0_PE | CR0_PG | CR0_WP : 0);
	f[VMCS_guest_cr3] = 0x4000;
	f[VMCS_guest_cr4] = CR4_VMXE | (is_paged ? CR4_PAE : 0);
	f[VMCS_guest_efer] = guest == FAKE_LONG ? EFER_LMA | EFER_LME : 0;
	f[VMCS_guest_pat] = 0x0007040600070406;
	f[VMCS_guest_dr7] = 0x400;
	f[VMCS_guest_rip] = guest == FAKE_LONG ? 0xffffffff81000000 : 0x7c00;
	f[VMCS_guest_rflags] = RFLAGS_FIXED | RFLAGS_IF | (guest == FAKE_V86 ? RFLAGS_VM : 0);
	f[VMCS_guest_pdpte0] = 0x8001;
	f[VMCS_guest_gdtr_limit] = 0x7f;
	f[VMCS_guest_idtr_limit] = 0xfff;
	f[VMCS_vmcs_link_pointer] = VMCS_LINK_NONE;
	fake_guest_segments(vmcs, guest);
}

static inline struct entry_check_source fake_source(struct fake_vmcs *vmcs)
{
	return (struct entry_check_source){.ctx = vmcs, .read = fake_read, .read_memory = fake_read_memory};
}

#endif
