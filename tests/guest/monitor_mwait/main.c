// SPDX-License-Identifier: Apache-2.0
// MONITOR and MWAIT: offered, they run and end; not offered, they are #UD. PAUSE, and the undefined UMWAIT family.
#include "apic.h"
#include "check.h"
#include "machine.h"
#include "trap.h"

#define VECTOR 0x50

static volatile unsigned fired;

static void on_timer(struct trap_frame *f)
{
	(void)f;
	fired++;
	lapic_eoi();
}

static void offered(void)
{
	static volatile u64 watched;

	__asm__ volatile(TRY_BEGIN "monitor" TRY_END : : "a"(&watched), "c"(0), "d"(0) : "memory");
	check_equal(trap_vector(), TRAP_NONE, "MONITOR runs");
	lapic_write(LAPIC_TIMER_DIVIDE, 0xb);
	lapic_write(LAPIC_LVT_TIMER, VECTOR);
	for (int i = 0; i < 10; i++) {
		lapic_write(LAPIC_TIMER_INITIAL, 100000);
		__asm__ volatile("monitor" : : "a"(&watched), "c"(0), "d"(0) : "memory");
		__asm__ volatile("sti; mwait; cli" : : "a"(0), "c"(0) : "memory");
	}
	check(true, "MWAIT ended ten times, %u interrupts", fired);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	__asm__ volatile(TRY_BEGIN "monitor" TRY_END : : "a"(&watched), "c"(1), "d"(0) : "memory");
	check_equal(trap_vector(), VECTOR_GP, "MONITOR with an unknown extension is #GP");
}

static void user_monitor(void)
{
	__asm__ volatile("monitor; hlt" : : "a"(0), "c"(0), "d"(0));
}

void guest_main(void)
{
	pic_init();
	lapic_init();
	trap_set_handler(VECTOR, on_timer);
	if (has_feature_1c(FEATURE_1C_MONITOR)) {
		offered();
	} else {
		check_equal(TRY_ASM("xor %%ecx, %%ecx; xor %%edx, %%edx; mov %%rsp, %%rax; monitor"),
			    machine_is_tcg() ? TRAP_NONE : VECTOR_UD, "MONITOR");
		if (!machine_is_tcg())
			check_equal(TRY_ASM("xor %%ecx, %%ecx; xor %%eax, %%eax; mwait"), VECTOR_UD, "MWAIT is #UD");
	}
	check_equal(user_run(user_monitor), VECTOR_UD, "MONITOR in ring 3 is #UD");
	for (int i = 0; i < 100000; i++)
		pause();
	check(true, "100,000 times PAUSE");
	if (!(feature_7().ecx & BIT(5)) && !processor_is_tcg())
		check_equal(TRY_ASM("xor %%ecx, %%ecx; .byte 0xf2,0x0f,0xae,0xf1"), VECTOR_UD, "UMWAIT is #UD");
}
