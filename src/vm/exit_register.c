// SPDX-License-Identifier: Apache-2.0
// Control registers, debug registers and XCR0 (SDM 2, MOV to/from Control Registers; XSETBV).
#include "base/mem.h"
#include "host/memory.h"
#include "vm/board.h"
#include "vm/debug.h"
#include "vm/event.h"
#include "vm/exits.h"
#include "vm/gpa.h"
#include "x86/insn.h"
#include "x86/regs/control.h"

static enum exit_next raise_gp(struct vcpu *v)
{
	event_raise_error(v, VECTOR_GP, 0);
	return NEXT_RESUME;
}

static u64 gpr_read(struct vcpu *v, u8 gpr)
{
	if (gpr == GPR_RSP)
		hvm_fetch(&v->hvm, STATE_RSP);
	return v->hvm.state.gpr[gpr];
}

static void gpr_write(struct vcpu *v, u8 gpr, u64 value)
{
	v->hvm.state.gpr[gpr] = value;
	if (gpr == GPR_RSP)
		hvm_mark_dirty(&v->hvm, STATE_RSP);
}

static bool is_64bit_code(struct vcpu *v)
{
	hvm_fetch(&v->hvm, STATE_SEGMENTS | STATE_CONTROL);
	return v->hvm.state.efer & EFER_LMA && v->hvm.state.seg[SEG_CS].access & SEG_L;
}

/* SDM 3A, PAE Paging: PDPTE registers. A present one has these bits 0: 2:1, 8:5 and those above MAXPHYADDR. */
#define PDPTE_PRESENT BIT(0)
#define PDPTE_RESERVED (BITS(2, 1) | BITS(8, 5))
#define CR3_PAE_TABLE BITS(31, 5)

bool exit_load_pdptes(struct vcpu *v)
{
	const struct cpu_state *s = &v->hvm.state;
	u64 reserved = PDPTE_RESERVED | ~BITS(memory_host_caps()->pa_bits - 1, 0);
	u64 entries[4];

	if (!(s->cr0 & CR0_PG) || !(s->cr4 & CR4_PAE) || s->efer & EFER_LMA)
		return true;
	if (guest_read(&v->memory, GPA(s->cr3 & CR3_PAE_TABLE), entries, sizeof(entries)))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (entries[i] & PDPTE_PRESENT && entries[i] & reserved)
			return false;
	memcpy(v->hvm.pdpte, entries, sizeof(entries));
	v->hvm.has_new_pdptes = true;
	return true;
}

static bool cr0_is_valid(const struct cpu_state *s, u64 cr0)
{
	bool is_long = s->efer & EFER_LME;

	if (cr0 >> 32 || (cr0 & CR0_PG && !(cr0 & CR0_PE)) || (cr0 & CR0_NW && !(cr0 & CR0_CD)))
		return false;
	if (cr0 & CR0_PG && !(s->cr0 & CR0_PG) && is_long && (!(s->cr4 & CR4_PAE) || s->seg[SEG_CS].access & SEG_L))
		return false;
	if (!(cr0 & CR0_PG) && s->cr4 & CR4_PCIDE)
		return false;
	return true;
}

/* Long mode becomes active with paging, and inactive without it (SDM 3A, Initializing IA-32e Mode). */
static void efer_follow_paging(struct cpu_state *s)
{
	if (s->cr0 & CR0_PG && s->efer & EFER_LME)
		s->efer |= EFER_LMA;
	else
		s->efer &= ~EFER_LMA;
}

static bool cr0_write(struct vcpu *v, u64 cr0)
{
	struct cpu_state *s = &v->hvm.state;
	struct cpu_state old;
	u64 changed;

	hvm_fetch(&v->hvm, STATE_CONTROL | STATE_SEGMENTS);
	if (!cr0_is_valid(s, cr0) || (!(cr0 & CR0_PG) && s->efer & EFER_LMA && s->seg[SEG_CS].access & SEG_L))
		return false;
	old = *s;
	changed = s->cr0 ^ cr0;
	s->cr0 = (cr0 & (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)) |
		 CR0_ET;
	efer_follow_paging(s);
	if (changed & (CR0_PG | CR0_CD | CR0_NW) && !exit_load_pdptes(v)) {
		*s = old;
		return false;
	}
	hvm_mark_dirty(&v->hvm, STATE_CONTROL);
	if (changed & (CR0_PG | CR0_WP | CR0_PE))
		hvm->vcpu_flush(&v->hvm);
	return true;
}

/* Reached while a debugger waits for what a load may bring. In PAE mode the PDPTEs are checked first, outside IA-32e
 * mode the upper half is not there. */
static bool cr3_write(struct vcpu *v, u64 value)
{
	struct cpu_state *s = &v->hvm.state;
	u64 old;

	hvm_fetch(&v->hvm, STATE_CONTROL);
	old = s->cr3;
	if (s->cr4 & CR4_PCIDE)
		value &= ~CR3_NO_FLUSH;
	if (s->efer & EFER_LMA && value >> memory_host_caps()->pa_bits)
		return false;
	s->cr3 = value;
	if (!exit_load_pdptes(v)) {
		s->cr3 = old;
		return false;
	}
	hvm_mark_dirty(&v->hvm, STATE_CONTROL);
	hvm->vcpu_flush(&v->hvm);
	return true;
}

/* Reached for bits that are not the guest's to change: it has none of them, so setting one is #GP; where all writes
 * exit, and for those that paging depends on, while a debugger waits for what they bring. */
static bool cr4_write(struct vcpu *v, u64 cr4)
{
	struct cpu_state *s = &v->hvm.state;
	u64 old;

	hvm_fetch(&v->hvm, STATE_CONTROL);
	old = s->cr4;
	if (cr4 & ~v->vm->hvm.cr4_allowed)
		return false;
	if (s->efer & EFER_LMA && (!(cr4 & CR4_PAE) || (old ^ cr4) & CR4_LA57))
		return false;
	if (cr4 & CR4_PCIDE && !(old & CR4_PCIDE) && (!(s->efer & EFER_LMA) || s->cr3 & CR3_PCID))
		return false;
	s->cr4 = cr4;
	if ((old ^ cr4) & (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP) && !exit_load_pdptes(v)) {
		s->cr4 = old;
		return false;
	}
	hvm_mark_dirty(&v->hvm, STATE_CONTROL);
	hvm->vcpu_flush(&v->hvm);
	return true;
}

static bool cr8_write(struct vcpu *v, u64 cr8)
{
	if (cr8 & ~(u64)15)
		return false;
	vm_lock(v->vm);
	lapic_set_cr8(&v->lapic, (u8)cr8);
	vcpu_tpr_store(v);
	if (lapic_pending_vector(&v->lapic))
		vcpu_kick(v, PENDING_INTERRUPT);
	vm_unlock(v->vm);
	return true;
}

static u64 cr_read(struct vcpu *v, u8 number)
{
	if (number == 8)
		return v->lapic.tpr >> 4; /* where nothing shadows it, so that the exit is all that changes it */
	hvm_fetch(&v->hvm, STATE_CONTROL);
	return number == 0 ? v->hvm.state.cr0 : v->hvm.state.cr4;
}

static bool cr_write(struct vcpu *v, u8 number, u64 value)
{
	switch (number) {
	case 0:
		return cr0_write(v, value);
	case 3:
		return cr3_write(v, value);
	case 4:
		return cr4_write(v, value);
	case 8:
		return cr8_write(v, value);
	default:
		return false;
	}
}

/* LMSW loads PE, MP, EM and TS, and cannot clear PE (SDM 2, LMSW). */
static bool msw_load(struct vcpu *v, u16 msw)
{
	u64 mask = CR0_PE | CR0_MP | CR0_EM | CR0_TS;
	u64 cr0;

	hvm_fetch(&v->hvm, STATE_CONTROL);
	cr0 = v->hvm.state.cr0;
	return cr0_write(v, (cr0 & ~mask) | (msw & mask) | (cr0 & CR0_PE));
}

enum exit_next exit_cr(struct vcpu *v, const struct exit *x)
{
	bool ok = true;
	u64 value;

	switch (x->cr.access) {
	case CR_WRITE:
		value = gpr_read(v, x->cr.gpr);
		ok = cr_write(v, x->cr.number, is_64bit_code(v) ? value : (u32)value);
		break;
	case CR_READ:
		gpr_write(v, x->cr.gpr, cr_read(v, x->cr.number));
		break;
	case CR_STORE_MSW:
		return vcpu_emulate(v, NULL);
	case CR_CLEAR_TS:
		hvm_fetch(&v->hvm, STATE_CONTROL);
		ok = cr0_write(v, v->hvm.state.cr0 & ~CR0_TS);
		break;
	default:
		ok = msw_load(v, x->cr.msw);
	}
	if (!ok)
		return raise_gp(v);
	if (!(v->hvm.debug.what & HVM_DEBUG_SPACES))
		return NEXT_ADVANCE;
	vcpu_advance(v, x->insn_len); /* so that the debugger sees to it before the next instruction */
	return NEXT_LEAVE;
}

/* Debug registers are the guest's own while it runs, but for a debugger's needs. */
enum exit_next exit_dr(struct vcpu *v, const struct exit *x)
{
	if (v->vm->debug)
		return debug_register_access(v);
	vm_fault(v, x, "unexpected debug-register exit");
	return NEXT_LEAVE;
}

enum exit_next exit_xsetbv(struct vcpu *v, const struct exit *x)
{
	const u64 *gpr = v->hvm.state.gpr;
	u64 value = gpr[GPR_RDX] << 32 | (u32)gpr[GPR_RAX];

	(void)x;
	hvm_fetch(&v->hvm, STATE_SEGMENTS);
	if ((u32)gpr[GPR_RCX] || !policy_xcr0_valid(v->vm->cpuid.xfeatures, value) ||
	    GET(SEG_DPL, v->hvm.state.seg[SEG_SS].access))
		return raise_gp(v);
	v->hvm.state.xcr0 = value;
	xsetbv(0, value);
	return NEXT_ADVANCE;
}
