// SPDX-License-Identifier: Apache-2.0
// Compiled into Bochs: a model of IPI virtualization, which Bochs 3.0 names but does not have.
//
// SDM 3C, IPI Virtualization; Virtualizing Memory-Mapped APIC Accesses; Virtualizing MSR-Based APIC Accesses; Checks on
// VM-Execution Controls. Never compared with a processor that has it, nor yet line by line with the manual
// (docs/testing.md). Not modelled: SENDUIPI in a guest, whose IPI still exits. Bochs runs one instruction of one processor
// after another, so what the manual wants to be atomic is so without doing anything for it. What it does not want to be
// atomic is taken apart: between finding the descriptor and posting there goes some time, mostly none, but at each
// fourth IPI up to IPI_LAG_TICKS instructions, in which other processors change what they like.
//
// Where this is hooked in: mend() of tools/deps/bochs. What follows knows a processor as `cpu`, with its VMCS current.

#include "pc_system.h"

#define IPI_COMMAND_OFFSET 0x300
#define IPI_COMMAND_HIGH_OFFSET 0x310
#define IPI_VECTOR_FIRST 16

// An IPI command that can be virtualized is fixed, physical, edge, without a shorthand, and not under way.
#define IPI_COMMAND_RESERVED 0xfff32000u
#define IPI_COMMAND_OTHER_KIND 0x000c9f00u

// An entry of the table of pointers, and the dwords of a posted-interrupt descriptor behind its 256 requests.
#define IPI_POINTER_VALID 1u
#define IPI_POINTER_RESERVED 0x3eu
#define IPI_NOTIFICATION_OFFSET 32
#define IPI_OUTSTANDING 1u
#define IPI_SUPPRESSED 2u

static inline Bit32u ipi_dword_read(BX_CPU_C *cpu, bx_phy_address at)
{
	Bit32u value;

	cpu->access_read_physical(at, sizeof(value), &value);
	return value;
}

static inline void ipi_dword_write(BX_CPU_C *cpu, bx_phy_address at, Bit32u value)
{
	cpu->access_write_physical(at, sizeof(value), &value);
}

// The posted-interrupt descriptor of the virtual processor with that APIC id; 0: the processor knows none.
static inline bx_phy_address ipi_descriptor_of(BX_CPU_C *cpu, Bit32u apic_id)
{
	bx_phy_address table = cpu->VMread64(VMCS_64BIT_CONTROL_PID_POINTER_TABLE_ADDRESS);
	bx_phy_address entry = table + 8 * (bx_phy_address)apic_id;
	Bit64u pointer;

	if (apic_id > cpu->VMread16(VMCS_16BIT_CONTROL_LAST_PID_POINTER_INDEX))
		return 0;
	pointer = ipi_dword_read(cpu, entry) | (Bit64u)ipi_dword_read(cpu, entry + 4) << 32;
	if (!(pointer & IPI_POINTER_VALID) || pointer & IPI_POINTER_RESERVED || !IsValidPhyAddr(pointer & ~(Bit64u)0x3f))
		return 0;
	return (bx_phy_address)(pointer & ~(Bit64u)0x3f);
}

// Put the request there, and notify who is named there unless that was done already or is not wanted.
static inline void ipi_post(BX_CPU_C *cpu, bx_phy_address descriptor, Bit8u vector)
{
	bx_phy_address request = descriptor + vector / 32 * 4;
	bx_phy_address notification = descriptor + IPI_NOTIFICATION_OFFSET;
	Bit32u state, destination;

	ipi_dword_write(cpu, request, ipi_dword_read(cpu, request) | 1u << vector % 32);
	state = ipi_dword_read(cpu, notification);
	destination = ipi_dword_read(cpu, notification + 4);
	if (state & (IPI_OUTSTANDING | IPI_SUPPRESSED))
		return;
	ipi_dword_write(cpu, notification, state | IPI_OUTSTANDING);
	cpu->lapic->send_ipi(cpu->x2apic_mode() ? destination : destination >> 8 & 0xff, state >> 16 & 0xff);
}

// Posts that take their time, in the order in which they began.
#define IPI_LAG_TICKS 2000
#define IPI_WAITING_MAX 64

struct ipi_waiting {
	BX_CPU_C *cpu;
	bx_phy_address descriptor;
	Bit64u due;
	Bit8u vector;
};

static struct ipi_waiting ipi_waiting[IPI_WAITING_MAX];
static unsigned ipi_first, ipi_count;
static int ipi_timer = -1;

static inline void ipi_wait(Bit64u due)
{
	Bit64u now = bx_pc_system.time_ticks();

	bx_pc_system.activate_timer_ticks(ipi_timer, due > now ? due - now : 1, 0);
}

static inline void ipi_due(void *context)
{
	(void)context;
	while (ipi_count && ipi_waiting[ipi_first].due <= bx_pc_system.time_ticks()) {
		struct ipi_waiting w = ipi_waiting[ipi_first];

		ipi_first = (ipi_first + 1) % IPI_WAITING_MAX;
		ipi_count--;
		ipi_post(w.cpu, w.descriptor, w.vector);
	}
	if (ipi_count)
		ipi_wait(ipi_waiting[ipi_first].due);
}

// The same numbers at each run.
static inline Bit32u ipi_lag()
{
	static Bit32u state = 1;

	state = state * 1103515245 + 12345;
	return state >> 16 & 3 ? 0 : (state >> 18) % IPI_LAG_TICKS;
}

static inline void ipi_post_some_time(BX_CPU_C *cpu, bx_phy_address descriptor, Bit8u vector)
{
	struct ipi_waiting w = {cpu, descriptor, bx_pc_system.time_ticks() + ipi_lag(), vector};
	struct ipi_waiting *last = &ipi_waiting[(ipi_first + ipi_count - 1) % IPI_WAITING_MAX];

	if (ipi_timer < 0)
		ipi_timer = bx_pc_system.register_timer(NULL, ipi_due, 1, 0, 0, "ipi");
	if (ipi_count && w.due < last->due)
		w.due = last->due;
	if (ipi_count == IPI_WAITING_MAX || w.due <= bx_pc_system.time_ticks()) {
		ipi_post(cpu, descriptor, vector);
		return;
	}
	ipi_waiting[(ipi_first + ipi_count++) % IPI_WAITING_MAX] = w;
	if (ipi_count == 1)
		ipi_wait(w.due);
}

// The processor virtualizes the IPI, or else the write of the command exits, behind the instruction.
static inline void ipi_virtualize(BX_CPU_C *cpu, Bit32u command, Bit32u apic_id)
{
	Bit8u vector = command & 0xff;
	bx_phy_address descriptor = 0;

	if (!(command & IPI_COMMAND_OTHER_KIND) && vector >= IPI_VECTOR_FIRST)
		descriptor = ipi_descriptor_of(cpu, apic_id);
	if (descriptor)
		ipi_post_some_time(cpu, descriptor, vector);
	else
		cpu->VMexit(VMX_VMEXIT_APIC_WRITE, IPI_COMMAND_OFFSET);
}

// A store to the low half of the command register, which has the value. False: it is none of this, but perhaps a self
// IPI, which the processor knows without.
static inline bool ipi_store(BX_CPU_C *cpu, Bit32u command)
{
	if (!cpu->vmcs.vmexec_ctrls3.IPI_VIRTUALIZATION() || command & (IPI_COMMAND_RESERVED | IPI_COMMAND_OTHER_KIND))
		return false;
	ipi_virtualize(cpu, command, cpu->VMX_Read_Virtual_APIC(IPI_COMMAND_HIGH_OFFSET) >> 24);
	return true;
}

// WRMSR to the command register of x2APIC mode. False: it is not virtualized.
static inline bool ipi_wrmsr(BX_CPU_C *cpu, Bit64u command)
{
	if (!cpu->vmcs.vmexec_ctrls3.IPI_VIRTUALIZATION())
		return false;
	if ((Bit32u)command & IPI_COMMAND_RESERVED)
		cpu->exception(BX_GP_EXCEPTION, 0);
	cpu->VMX_Write_Virtual_X2APIC(IPI_COMMAND_OFFSET, command);
	ipi_virtualize(cpu, (Bit32u)command, command >> 32);
	return true;
}

// What a VM entry checks of the controls that belong to it.
static inline bool ipi_controls_valid(BX_CPU_C *cpu)
{
	bx_phy_address table, last;

	if (!cpu->vmcs.vmexec_ctrls3.IPI_VIRTUALIZATION())
		return true;
	table = cpu->VMread64(VMCS_64BIT_CONTROL_PID_POINTER_TABLE_ADDRESS);
	last = table + 8 * (bx_phy_address)cpu->VMread16(VMCS_16BIT_CONTROL_LAST_PID_POINTER_INDEX);
	return cpu->vmcs.vmexec_ctrls1.TPR_SHADOW() && !(table & 7) && IsValidPhyAddr(table) && IsValidPhyAddr(last);
}
