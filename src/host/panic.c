// SPDX-License-Identifier: Apache-2.0
// Dumps of host exceptions and fatal errors. Nothing here takes a lock or memory.
#include "host/panic.h"

#include "base/assert.h"
#include "host/backtrace.h"
#include "host/console.h"
#include "host/cpu.h"
#include "host/ipi.h"
#include "host/power.h"
#include "host/trap.h"
#include "x86/insn.h"

static void (*reporter)(void);
static void (*cleanup_run)(void);
static u32 panicking; /* number of the CPU that is, plus 1 */

void panic_set_reporter(void (*report)(void))
{
	reporter = report;
}

void panic_set_cleanup(void (*cleanup)(void))
{
	cleanup_run = cleanup;
}

static void NORETURN stop(void)
{
	if (cleanup_run)
		cleanup_run();
	power_off(POWER_STATUS_ERROR);
}

bool panic_is_under_way(void)
{
	return __atomic_load_n(&panicking, __ATOMIC_ACQUIRE);
}

/* A second failure inside the dump must not start another one. Of two CPUs that fail, the first one speaks. */
static void enter_panic(void)
{
	u32 own = this_cpu()->index + 1;
	u32 first = 0;

	cli();
	if (!__atomic_compare_exchange_n(&panicking, &first, own, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (first != own) {
			cpu_phase_set(this_cpu(), CPU_STOPPED);
			cpu_halt();
		}
		console_print("eterna: panic inside a panic\n");
		power_off(POWER_STATUS_ERROR);
	}
	ipi_stop_others();
	console_void_lock();
	console_fresh_line();
	if (cpu_count > 1)
		console_print("eterna: CPU %u of %u, the others are stopped\n", this_cpu()->index, cpu_count);
}

static void report(void)
{
	if (reporter)
		reporter();
}

void panic(const char *format, ...)
{
	va_list args;

	enter_panic();
	console_print("eterna: panic: ");
	va_start(args, format);
	fmt_print_args(&console_sink, format, args);
	va_end(args);
	console_print("\n");
	backtrace_print((u64)__builtin_frame_address(0));
	report();
	stop();
}

void fatal(const char *format, ...)
{
	va_list args;

	cli();
	console_print("eterna: error: ");
	va_start(args, format);
	fmt_print_args(&console_sink, format, args);
	va_end(args);
	console_print("\n");
	stop();
}

void assert_fail(const char *expr, const char *file, unsigned line)
{
	panic("%s:%u: ASSERT(%s)", file, line, expr);
}

/* The stack protector's two symbols. The guard is constant in the image's data; entropy is mixed in at boot. */
u64 __stack_chk_guard = 0x9d1bc04ae26f7300;
void __attribute__((no_stack_protector)) panic_seed_stack_guard(u64 entropy)
{
	/* The lowest byte stays 0: text that overflows cannot write it. */
	__stack_chk_guard ^= entropy << 8;
}

void NORETURN __stack_chk_fail(void);
void __stack_chk_fail(void)
{
	panic("stack smashed in the caller");
}

static const char *vector_name(u64 vector)
{
	static const char *const names[] = {
		"#DE divide error",
		"#DB debug",
		"NMI",
		"#BP breakpoint",
		"#OF overflow",
		"#BR bound range",
		"#UD invalid opcode",
		"#NM no device",
		"#DF double fault",
		"coprocessor overrun",
		"#TS invalid TSS",
		"#NP segment not present",
		"#SS stack fault",
		"#GP general protection",
		"#PF page fault",
		"reserved",
		"#MF x87 error",
		"#AC alignment",
		"#MC machine check",
		"#XM SIMD error",
		"#VE virtualization",
		"#CP control protection",
	};

	return vector < ARRAY_COUNT(names) ? names[vector] : "reserved";
}

void panic_trap(const struct trap_frame *f)
{
	enter_panic();
	console_print("eterna: panic: host exception %lu, %s, error code %#lx\n", f->vector, vector_name(f->vector),
		      f->error_code);
	console_print("  rip %016lx  ", f->rip);
	backtrace_print_symbol(f->rip);
	console_print("  cs %04lx  rflags %08lx  rsp %016lx  ss %04lx\n", f->cs, f->rflags, f->rsp, f->ss);
	console_print("  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
	console_print("  rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
	console_print("  r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
	console_print("  r13 %016lx  r14 %016lx  r15 %016lx\n", f->r13, f->r14, f->r15);
	console_print("  cr0 %016lx  cr2 %016lx  cr3 %016lx  cr4 %016lx\n", read_cr0(), read_cr2(), read_cr3(),
		      read_cr4());
	backtrace_print(f->rbp);
	report();
	stop();
}
