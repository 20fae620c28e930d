// SPDX-License-Identifier: Apache-2.0
// Bringing up the other CPUs (SDM 3A, MP Initialization Protocol Algorithm for MP Systems).
#include "host/smp.h"

#include "base/mem.h"
#include "boot/info/acpi.h"
#include "host/apic.h"
#include "host/clock.h"
#include "host/layout.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/mtrr.h"
#include "host/numa.h"
#include "host/panic.h"
#include "host/tsc_sync.h"
#include "x86/regs/control.h"
#include "x86/regs/msr.h"

/* Page 0 is the real-mode interrupt table's and the BIOS's. */
#define LOW_START 0x1000
#define LOW_END (640 * KIB)

/* SDM 3A, Typical AP Initialization Sequence: INIT, 10 ms, then two start-up messages 200 us apart. */
#define INIT_WAIT_US 10000
#define STARTUP_WAIT_US 200

extern const u8 trampoline_start[], trampoline_end[], trampoline_gdt[], trampoline_gdt_base[], trampoline_far32[],
	trampoline_far64[], trampoline_cr3[], trampoline_code32[], trampoline_code64[];
extern u64 boot_pml4[];

/* What the trampoline's last part reads: the order is known there. */
struct smp_start {
	u64 cr3;
	u64 stack_top;
	struct cpu *cpu;
};
_Static_assert(offsetof(struct smp_start, cr3) == 0 && offsetof(struct smp_start, stack_top) == 8 &&
		       offsetof(struct smp_start, cpu) == 16,
	       "boot/trampoline.S");
struct smp_start *smp_slot;

/* What the boot CPU's registers are, for the others to have the same. */
static struct {
	u64 cr0, cr4, efer, pat;
	struct mtrr_state mtrr;
} model;

static u64 low_page;
static err_t (*enable_cpu)(struct cpu *cpu);
static void (*released)(struct cpu *cpu);

void smp_reserve(const struct memory_range *free, u32 free_count)
{
	for (u32 i = 0; i < free_count; i++) {
		u64 start = ALIGN_UP(MAX(free[i].base, LOW_START), PAGE_BYTES);
		u64 end = MIN(free[i].base + free[i].bytes, LOW_END);

		if (start + PAGE_BYTES <= end)
			low_page = ALIGN_DOWN(end - PAGE_BYTES, PAGE_BYTES);
	}
}

static void wait_us(u64 us)
{
	u64 end = clock_tsc() + clock_ns_to_tsc(us * NS_PER_US);

	while (clock_tsc() < end)
		pause();
}

static void word_fill(u8 *page, const u8 *where, u64 value)
{
	store_u32(page + (where - trampoline_start), (u32)value);
}

static void trampoline_place(void)
{
	u8 *page = (u8 *)(u64)memory_map_device(HPA(low_page), PAGE_BYTES);

	memcpy(page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	word_fill(page, trampoline_gdt_base, low_page + (u64)(trampoline_gdt - trampoline_start));
	word_fill(page, trampoline_far32, low_page + (u64)(trampoline_code32 - trampoline_start));
	word_fill(page, trampoline_far64, low_page + (u64)(trampoline_code64 - trampoline_start));
	word_fill(page, trampoline_cr3, (u64)boot_pml4 - LAYOUT_IMAGE);
}

static void model_read(void)
{
	model.cr0 = read_cr0();
	model.cr4 = read_cr4() & ~CR4_VMXE; /* whoever enables VMX sets it */
	model.efer = rdmsr(MSR_EFER) & ~EFER_SVME;
	model.pat = rdmsr(MSR_PAT);
	mtrr_read(&model.mtrr);
}

static void model_adopt(void)
{
	write_cr0(model.cr0);
	write_cr4(model.cr4);
	wrmsr(MSR_EFER, model.efer);
	if (rdmsr(MSR_PAT) != model.pat)
		wrmsr(MSR_PAT, model.pat);
	mtrr_adopt(&model.mtrr);
}

static err_t enable(struct cpu *cpu)
{
	err_t err;

	memory_lock_take();
	err = enable_cpu(cpu);
	memory_lock_drop();
	return err;
}

void smp_ap_start(struct cpu *cpu)
{
	cpu_init(cpu, cpu->index);
	model_adopt();
	apic_cpu_init(cpu);
	apic_timer_cpu_init();
	if (enable(cpu)) {
		cpu_phase_set(cpu, CPU_FAILED);
		cpu_halt();
	}
	cpu_phase_set(cpu, CPU_UP);
	tsc_sync_answer(cpu);
	while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE))
		pause();
	cpu_phase_set(cpu, CPU_RUNNING);
	released(cpu);
	panic("CPU %u has nothing more to do", cpu->index);
}

/* Wait till it is up or has failed. False: it did not come. */
static bool has_come(struct cpu *cpu)
{
	u64 end = clock_tsc() + clock_ns_to_tsc(SMP_PATIENCE_MS * NS_PER_MS);

	while (cpu_phase_of(cpu) == CPU_STARTING && clock_tsc() < end)
		pause();
	if (cpu_phase_of(cpu) != CPU_STARTING)
		return true;
	/* Did it take its stack in the last moment? Then it is on its way, and must be waited for. */
	if (__atomic_exchange_n(&smp_slot, NULL, __ATOMIC_SEQ_CST))
		return false;
	while (cpu_phase_of(cpu) == CPU_STARTING)
		pause();
	return true;
}

/* Send for one CPU. Whoever comes is CPU `cpu`: its own local APIC tells who it is. */
static bool cpu_send_for(u32 apic_id, struct smp_start *start)
{
	u8 page = (u8)(low_page / PAGE_BYTES);

	__atomic_store_n(&smp_slot, start, __ATOMIC_RELEASE);
	apic_send_init(apic_id);
	wait_us(INIT_WAIT_US);
	for (u32 i = 0; i < 2 && cpu_phase_of(start->cpu) == CPU_STARTING; i++) {
		apic_send_startup(apic_id, page);
		wait_us(STARTUP_WAIT_US);
	}
	return has_come(start->cpu);
}

static struct cpu *cpu_make(u32 index, u32 apic_id)
{
	struct pool *pool = host_numa_pool(apic_id);
	struct cpu *cpu;

	memory_lock_take();
	cpu = pool_alloc(pool, pool_pages(sizeof(*cpu)));
	memory_lock_drop();
	if (!cpu || memory_map_stacks(index, pool))
		return NULL;
	cpu->index = index;
	return cpu;
}

static void tsc_tell(const struct cpu *cpu, const struct tsc_bounds *b)
{
	if (b->is_torn)
		log_warn("CPU %u: its TSC does not keep pace with CPU 0's: guests' clocks may waver", cpu->index);
	else if (cpu->tsc_offset)
		log_info("CPU %u: its TSC is %ld ticks ahead of CPU 0's, made up for", cpu->index,
			 -(s64)cpu->tsc_offset);
}

/* The next CPU number for this local APIC. False: there is no memory for more. */
static bool cpu_bring_up(u32 apic_id)
{
	static struct cpu *cpu; /* one that did not come leaves its place to the next */
	static struct smp_start start;
	struct tsc_bounds bounds;

	if (!cpu)
		cpu = cpu_make(cpu_count, apic_id);
	if (!cpu) {
		log_warn("no memory for CPU %u", cpu_count);
		return false;
	}
	start = (struct smp_start){
		.cr3 = pagetable_root(memory_host_table()).v,
		.stack_top = memory_stack_top(cpu->index, IST_NONE),
		.cpu = cpu,
	};
	if (!cpu_send_for(apic_id, &start)) {
		log_warn("CPU with APIC ID %u did not come up in %u ms: left out", apic_id, SMP_PATIENCE_MS);
		return true;
	}
	if (cpu_phase_of(cpu) == CPU_FAILED) {
		log_warn("CPU with APIC ID %u cannot be used as CPU 0 is: left out", apic_id);
		cpu = NULL; /* it keeps its stack */
		return true;
	}
	bounds = tsc_sync_measure(cpu);
	tsc_tell(cpu, &bounds);
	cpu_at[cpu_count] = cpu;
	__atomic_store_n(&cpu_count, cpu_count + 1, __ATOMIC_RELEASE);
	cpu = NULL;
	return true;
}

static bool may_start(const struct acpi_info *acpi, u32 limit)
{
	if (acpi->cpu_count <= 1 || limit <= 1)
		return false;
	if (!low_page)
		log_warn("no free page below 1 MiB: the other CPUs cannot be started");
	return low_page;
}

void smp_start(const struct acpi_info *acpi, u32 limit, err_t (*enable_one)(struct cpu *cpu))
{
	enable_cpu = enable_one;
	limit = MIN(limit, CPUS_MAX);
	if (acpi->cpu_count > limit)
		log_info("%u CPUs are not started: ETERNA is to use %u", acpi->cpu_count - limit, limit);
	if (may_start(acpi, limit)) {
		trampoline_place();
		model_read();
		for (u32 i = 0; i < MIN(acpi->cpu_count, ACPI_CPUS_MAX) && cpu_count < limit; i++) {
			u32 apic_id = acpi->cpu_apic_id[i];

			if (apic_id == boot_cpu.apic_id)
				continue;
			if (!apic_can_reach(apic_id))
				log_warn("CPU with APIC ID %u is out of reach without x2APIC mode: left out", apic_id);
			else if (!cpu_bring_up(apic_id))
				break;
		}
	}
	log_info("%u CPU%s in use of %u", cpu_count, cpu_count > 1 ? "s" : "", acpi->cpu_count);
}

void smp_release(void (*run)(struct cpu *cpu))
{
	__atomic_store_n(&released, run, __ATOMIC_RELEASE);
}
