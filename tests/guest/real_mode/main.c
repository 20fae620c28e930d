// SPDX-License-Identifier: Apache-2.0
// Real mode, run for real: code.S stores what it saw, here it is judged.
#include "apic.h"
#include "check.h"
#include "legacy.h"
#include "machine.h"
#include "print.h"

extern const u8 real_start[], real_end[], real_results[];

#define PIT_HZ 1193182

static void timer_start(void)
{
	pic_init();
	pic_set_mask(0xfffe);
	lapic_init();
	lapic_write(LAPIC_LVT_LINT0, LVT_EXTINT);
	outb(0x43, 0x34);
	outb(0x40, (u8)(PIT_HZ / 20 & 0xff));
	outb(0x40, (u8)(PIT_HZ / 20 >> 8));
}

void guest_main(void)
{
	const volatile u16 *r = phys_pointer(LOW_CODE + (u64)(real_results - real_start));
	u16 above = PHYS(u16, 0x100000);

	timer_start();
	for (unsigned round = 1; round <= 3; round++) {
		print("round %u\n", round);
		check_equal(real_call(real_start, real_end), 0x4b1d, "real mode and back");
		check_equal(r[0], LOW_SEGMENT, "CS");
		check_equal(r[1] & 1, 0, "SMSW shows PE clear");
		check_equal(r[2], 1, "16-bit addition wraps");
		check_equal(r[3], 0x3333, "INT through the vector table");
		check_equal(r[4], 0xde, "#DE through the vector table");
		check_equal(r[5], r[6], "its IP is that of DIV");
		if (!processor_is_tcg())
			check_equal(r[7], 0x6b, "#GP beyond the limit of 64 KiB");
		check_equal(r[9], 1, "CPUID");
		check_equal(r[10], 0xa7, "IN and OUT");
		check_equal(r[11], 'g' | 'h' << 8, "REP MOVSW");
		check_equal(r[12], 'c', "REP OUTSB");
		check_equal(r[13], above, "FFFF:0010 is 1 MiB");
		check_equal(r[14], 2, "PUSHF");
		check_equal(r[15], lapic_read(LAPIC_VERSION) & 0xffff,
			    "device memory with a 4 GiB limit (unreal mode)");
		check_equal(r[16], 0x30, "a write to device memory");
		/* The tick that the 8259 held or HLT waited for, and perhaps the next before CLI: so slow that no more
		 * are owed by then. */
		check(r[17] == 1 || r[17] == 2, "HLT ended by the 8254 through the vector table: %u", r[17]);
	}
}
