// SPDX-License-Identifier: Apache-2.0
/*
 * What exits cost the guest, in TSC ticks per iteration: the median and the worst of LOOPS loops of TURNS iterations.
 * Each row is "bench: NAME | median M | worst W | loops L x T turns"; the row "empty loop" is contained in each.
 * On a machine that counts instructions one tick is one instruction.
 */
#include "acpi.h"
#include "apic.h"
#include "check.h"
#include "machine.h"
#include "print.h"
#include "trap.h"

#define LOOPS 21
#define TURNS 1000
#define TIMER_VECTOR 0x50
#define IPI_VECTOR 0x51
#define X2APIC_VECTOR 0x52
#define APIC_BASE_X2APIC BIT(10)
#define MSR_X2APIC_TPR 0x808
#define MSR_X2APIC_EOI 0x80b
#define MSR_X2APIC_SELF_IPI 0x83f
#define FAR_DEADLINE (1ull << 62)
#define UART_SCRATCH 0x3ff
#define HPET_CAPABILITIES 0xfed00000
#define HPET_COUNTER 0xfed000f0

static u64 samples[64];
static volatile unsigned taken;
static u16 pm_timer;

static void sort(u64 *v, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		for (unsigned j = i; j > 0 && v[j - 1] > v[j]; j--) {
			u64 t = v[j];

			v[j] = v[j - 1];
			v[j - 1] = t;
		}
}

static void report(const char *name, unsigned loops, unsigned turns)
{
	sort(samples, loops);
	print("bench: %-28s | median %6llu | worst %6llu | loops %u x %u turns\n", name,
	      (unsigned long long)(samples[loops / 2] / turns), (unsigned long long)(samples[loops - 1] / turns), loops,
	      turns);
}

/* Each row is a function of its own, so that the loop around it is the same. */
#define ROW(function, name, statement)                                                                                 \
	static void function(void)                                                                                     \
	{                                                                                                              \
		for (unsigned i = 0; i < LOOPS; i++) {                                                                 \
			u64 begin = rdtsc();                                                                           \
                                                                                                                       \
			for (unsigned turn = 0; turn < TURNS; turn++) {                                                \
				statement;                                                                             \
				__asm__ volatile("" : : : "memory");                                                   \
			}                                                                                              \
			samples[i] = rdtsc() - begin;                                                                  \
		}                                                                                                      \
		report(name, LOOPS, TURNS);                                                                            \
	}

static inline void vmcall(void)
{
	u64 rax = ~0ull; /* no such hypercall */

	__asm__ volatile("vmcall" : "+a"(rax) : : "memory");
}

static inline void vmmcall(void)
{
	u64 rax = ~0ull;

	__asm__ volatile("vmmcall" : "+a"(rax) : : "memory");
}

static inline void self_ipi(void)
{
	unsigned before = taken;

	lapic_write(LAPIC_ICR_LOW, ICR_SELF | ICR_ASSERT | IPI_VECTOR);
	while (taken == before)
		pause();
}

ROW(empty_row, "empty loop", )
ROW(cpuid_row, "CPUID", cpuid(0))
ROW(cpuid_version_row, "CPUID leaf 1", cpuid(1))
ROW(vmcall_row, "VMCALL", vmcall())
ROW(vmmcall_row, "VMMCALL", vmmcall())
ROW(rdmsr_row, "RDMSR APIC_BASE", rdmsr(MSR_APIC_BASE))
ROW(rdmsr_unknown_row, "RDMSR unknown, #GP", {
	u64 v;
	try_rdmsr(0x12345678, &v);
})
ROW(wrmsr_bios_sign_row, "WRMSR BIOS_SIGN_ID", wrmsr(0x8b, 0))
ROW(wrmsr_row, "WRMSR TSC_DEADLINE", wrmsr(MSR_TSC_DEADLINE, FAR_DEADLINE))
ROW(rdtsc_row, "RDTSC", rdtsc())
ROW(out_row, "OUT UART scratch", outb(UART_SCRATCH, 0x55))
ROW(out_unused_row, "OUT POST port 80", outb(0x80, 0))
ROW(in_row, "IN PM timer", inl(pm_timer))
ROW(tpr_row, "LAPIC write TPR", lapic_write(LAPIC_TPR, 0))
ROW(eoi_row, "LAPIC write EOI", lapic_write(LAPIC_EOI, 0))
ROW(icr_row, "LAPIC write ICR, to nobody", lapic_write(LAPIC_ICR_LOW, ICR_OTHERS | ICR_ASSERT | IPI_VECTOR))
ROW(lapic_read_row, "LAPIC read ID", lapic_read(LAPIC_ID))
ROW(hpet_row, "HPET read", (void)PHYS(u32, HPET_COUNTER))
ROW(cr0_row, "MOV CR0, TS toggled", write_cr0(read_cr0() ^ CR0_TS))
ROW(cr0_exit_row, "MOV CR0, CD toggled", write_cr0(read_cr0() ^ CR0_CD))
ROW(cr3_row, "MOV CR3", write_cr3(read_cr3()))
ROW(cr4_row, "MOV CR4, PGE toggled", write_cr4(read_cr4() ^ CR4_PGE))
ROW(cr8_row, "MOV CR8", write_cr8(0))
ROW(ipi_row, "self IPI, taken", self_ipi())
ROW(sti_row, "STI;NOP;CLI", irq_window())

static inline void x2apic_self_ipi(void)
{
	unsigned before = taken;

	wrmsr(MSR_X2APIC_SELF_IPI, X2APIC_VECTOR);
	while (taken == before)
		pause();
}

ROW(x2apic_tpr_row, "x2APIC write TPR", wrmsr(MSR_X2APIC_TPR, 0))
ROW(x2apic_eoi_row, "x2APIC write EOI", wrmsr(MSR_X2APIC_EOI, 0))
ROW(x2apic_ipi_row, "x2APIC self IPI, taken", x2apic_self_ipi())

static void on_x2apic_ipi(struct trap_frame *f)
{
	(void)f;
	taken++;
	wrmsr(MSR_X2APIC_EOI, 0);
}

static void on_ipi(struct trap_frame *f)
{
	(void)f;
	taken++;
	lapic_eoi();
}

static volatile u64 woken_tsc;

static void on_timer(struct trap_frame *f)
{
	(void)f;
	woken_tsc = rdtsc();
	lapic_eoi();
}

/* From the deadline to the handler; with a count instead of a deadline, the whole sleep. */
static void hlt_row(void)
{
	bool deadline = has_feature_1c(FEATURE_1C_TSC_DEADLINE);

	irq_off();
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb);
	lapic_write(LAPIC_LVT_TIMER, TIMER_VECTOR | (deadline ? (u32)LVT_TSC_DEADLINE : 0));
	for (unsigned i = 0; i < LOOPS; i++) {
		u64 sum = 0;

		for (unsigned turn = 0; turn < 10; turn++) {
			u64 from = rdtsc() + (deadline ? 20000 : 0);

			if (deadline)
				wrmsr(MSR_TSC_DEADLINE, from);
			else
				lapic_write(LAPIC_TIMER_INITIAL, 20000);
			halt_until_irq();
			sum += woken_tsc - from;
		}
		samples[i] = sum;
	}
	report(deadline ? "HLT, wake behind deadline" : "HLT, sleep of 20000 counts", LOOPS, 10);
}

/* Memory that nothing has touched: `step` apart, `turns` places a loop. */
static void touch(const char *name, u64 from, u64 step, unsigned loops, unsigned turns)
{
	for (unsigned i = 0; i < loops; i++) {
		u64 begin = rdtsc();

		for (unsigned turn = 0; turn < turns; turn++, from += step)
			(void)PHYS(u8, from);
		samples[i] = rdtsc() - begin;
	}
	report(name, loops, turns);
}

static void touch_rows(void)
{
	u64 end = MIB + machine_memory_above_1m();
	unsigned large = (unsigned)MIN((end - 32 * MIB) / (2 * MIB), 64ull);

	/* The first 2 MiB hold the legacy hole, so no mapping there can be large. */
	touch("first touch, 4 KiB page", 0x20000, PAGE_BYTES, 12, 8);
	if (end > 64 * MIB)
		touch("first touch, 2 MiB page", 32 * MIB, 2 * MIB, large / 4, 4);
}

/* The way back to xAPIC mode would be through a disabled APIC: this comes last. */
static void x2apic_rows(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_X2APIC);
	x2apic_tpr_row();
	x2apic_eoi_row();
	x2apic_ipi_row();
}

/* A row about deadlines that never come. */
static void deadline_row(void)
{
	lapic_write(LAPIC_LVT_TIMER, TIMER_VECTOR | (u32)LVT_TSC_DEADLINE);
	wrmsr_row();
	wrmsr(MSR_TSC_DEADLINE, 0);
}

void guest_main(void)
{
	unsigned loops_of_ipis = 1;

	pic_init();
	lapic_init();
	trap_set_handler(IPI_VECTOR, on_ipi);
	trap_set_handler(TIMER_VECTOR, on_timer);
	trap_set_handler(X2APIC_VECTOR, on_x2apic_ipi);
	pm_timer = acpi_pm_timer_port();
	touch_rows();
	empty_row();
	cpuid_row();
	cpuid_version_row();
	if (TRY_ASM("mov $-1, %%rax; vmcall") == TRAP_NONE)
		vmcall_row();
	if (TRY_ASM("mov $-1, %%rax; vmmcall") == TRAP_NONE)
		vmmcall_row();
	rdmsr_row();
	rdmsr_unknown_row();
	if (try_wrmsr(0x8b, 0) == TRAP_NONE)
		wrmsr_bios_sign_row();
	if (has_feature_1c(FEATURE_1C_TSC_DEADLINE))
		deadline_row();
	rdtsc_row();
	out_row();
	out_unused_row();
	if (pm_timer)
		in_row();
	tpr_row();
	eoi_row();
	icr_row();
	lapic_read_row();
	if (PHYS(u32, HPET_CAPABILITIES) + 1 > 1)
		hpet_row();
	cr0_row();
	write_cr0(read_cr0() & ~CR0_TS);
	cr0_exit_row();
	write_cr0(read_cr0() & ~CR0_CD);
	cr3_row();
	cr4_row();
	cr8_row();
	sti_row();
	irq_on();
	ipi_row();
	hlt_row();
	if (has_feature_1c(FEATURE_1C_X2APIC)) {
		irq_on();
		x2apic_rows();
		loops_of_ipis++;
	}
	check(taken == loops_of_ipis * LOOPS * TURNS, "every self IPI was taken");
}
