// SPDX-License-Identifier: Apache-2.0
// Local APIC: reset state, modes, register access by MMIO and MSR (SDM 3A, APIC; x2APIC).
#include "unit/dev/lapic_guest.h"

static void powers_up_as_the_manual_says(void **state)
{
	struct guest g = guest_at_reset(3);

	(void)state;
	assert_int_equal(g.l.base, BASE_RESET_BSP);
	assert_int_equal(guest_read(&g, X_ID), 3u << 24);
	assert_int_equal(guest_read(&g, X_VERSION) & 0xff, 0x15);
	assert_int_equal(guest_read(&g, X_VERSION) >> 16 & 0xff, 5);
	assert_int_equal(guest_read(&g, X_SVR), 0xff);
	assert_int_equal(guest_read(&g, X_DFR), 0xffffffff);
	for (u32 offset = X_LVT_TIMER; offset <= X_LVT_ERROR; offset += 16)
		assert_int_equal(guest_read(&g, offset), 0x10000);
	for (u32 offset = X_ISR; offset < X_ESR; offset += 16)
		assert_int_equal(guest_read(&g, offset), 0);
	static const u32 zero[] = {X_TPR,      X_PPR,           X_LDR,           X_ESR,         X_ICR,
				   X_ICR_HIGH, X_TIMER_INITIAL, X_TIMER_CURRENT, X_TIMER_DIVIDE};
	for (size_t i = 0; i < ARRAY_COUNT(zero); i++)
		assert_int_equal(guest_read(&g, zero[i]), 0);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	assert_int_equal(lapic_pending_vector(&g.l), 0);
}

static void only_a_bsp_has_the_bsp_flag(void **state)
{
	struct lapic l;
	struct lapic_config config = guest_config(1);

	(void)state;
	config.is_bsp = false;
	lapic_init(&l, &config);
	assert_int_equal(l.base, 0xfee00800);
}

static void init_keeps_base_and_id(void **state)
{
	struct guest g = guest_x2apic(0x123);

	(void)state;
	assert_int_equal(guest_wrmsr(&g, 0x808, 0x20), OK);
	guest_receive(&g, 0x80, false);
	lapic_init_signal(&g.l);
	assert_true(lapic_valid(&g.l));
	assert_int_equal(g.l.base, BASE_X2APIC);
	assert_int_equal(guest_rdmsr(&g, 0x802), 0x123);
	assert_int_equal(guest_rdmsr(&g, 0x808), 0);
	assert_int_equal(guest_rdmsr(&g, 0x80f), 0xff);
	assert_int_equal(lapic_pending_vector(&g.l), 0);
	lapic_reset(&g.l, true);
	assert_int_equal(g.l.base, BASE_RESET_BSP);
}

static void mode_changes_follow_the_diagram(void **state)
{
	static const u64 mode_bits[] = {0, 0x400, 0x800, 0xc00}; /* disabled, invalid, xAPIC, x2APIC */
	static const bool legal[4][4] = {
		[0] = {true, false, true, false},
		[2] = {true, false, true, true},
		[3] = {true, false, false, true},
	};

	(void)state;
	for (int from = 0; from < 4; from++) {
		for (int to = 0; from != 1 && to < 4; to++) {
			struct guest g = guest_at_reset(0);

			if (from == 0)
				assert_int_equal(lapic_base_write(&g.l, 0xfee00100, &g.fx), OK);
			if (from == 3)
				assert_int_equal(lapic_base_write(&g.l, BASE_X2APIC, &g.fx), OK);

			u64 before = g.l.base;
			err_t err = lapic_base_write(&g.l, 0xfee00100 | mode_bits[to], &g.fx);

			assert_int_equal(err, legal[from][to] ? OK : ERR_FAULT);
			assert_int_equal(g.l.base, legal[from][to] ? (0xfee00100 | mode_bits[to]) : before);
			assert_int_equal(g.fx.flags & LAPIC_MODE, legal[from][to] && from != to ? LAPIC_MODE : 0);
			assert_true(lapic_valid(&g.l));
		}
	}
}

static void base_checks_reserved_bits(void **state)
{
	struct guest g = guest_at_reset(0);

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		bool reserved = bit < 8 || bit == 9 || bit >= 39;

		if (bit == 8 || bit == 10 || bit == 11)
			continue;
		assert_int_equal(lapic_base_write(&g.l, BASE_RESET_BSP ^ BIT(bit), &g.fx), reserved ? ERR_FAULT : OK);
	}
	g.l.has_x2apic = false;
	assert_int_equal(lapic_base_write(&g.l, BASE_X2APIC, &g.fx), ERR_FAULT);
	assert_int_equal(lapic_base_write(&g.l, 0xfed40900, &g.fx), OK);
	assert_int_equal(g.fx.flags, LAPIC_MODE);
	assert_int_equal(lapic_base_write(&g.l, 0xfed40900, &g.fx), OK);
	assert_int_equal(g.fx.flags, 0);
}

static void disabling_forgets_the_registers(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_write(&g, X_ID, 0x77000000);
	assert_int_equal(guest_read(&g, X_ID), 0x77000000);
	guest_write(&g, X_LVT_TIMER, 0x20040);
	guest_write(&g, X_TIMER_INITIAL, 1000);
	assert_int_not_equal(lapic_next_event(&g.l), NEVER);
	guest_receive(&g, 0x55, false);
	assert_int_equal(lapic_base_write(&g.l, 0xfee00100, &g.fx), OK);
	assert_true(g.fx.flags & LAPIC_TIMER);
	assert_int_equal(lapic_next_event(&g.l), NEVER);
	assert_int_equal(lapic_pending_vector(&g.l), 0);
	assert_int_equal(guest_read(&g, X_VERSION), 0xffffffff);
	assert_int_equal(guest_write(&g, X_SVR, 0x1ff), 0);
	assert_int_equal(lapic_base_write(&g.l, BASE_RESET_BSP, &g.fx), OK);
	assert_int_equal(guest_read(&g, X_SVR), 0xff);
	assert_int_equal(guest_read(&g, X_ID), 0);
}

static void cr8_works_in_every_mode(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	lapic_set_cr8(&g.l, 9);
	assert_int_equal(guest_read(&g, X_TPR), 0x90);
	assert_int_equal(lapic_base_write(&g.l, 0xfee00100, &g.fx), OK);
	assert_int_equal(g.l.tpr >> 4, 0);
	lapic_set_cr8(&g.l, 5);
	assert_true(lapic_valid(&g.l));
	assert_int_equal(lapic_base_write(&g.l, BASE_RESET_BSP, &g.fx), OK);
	assert_int_equal(guest_read(&g, X_TPR), 0x50);
}

static void registers_keep_their_writable_bits(void **state)
{
	static const struct {
		u32 offset, mask, fixed;
	} rows[] = {
		{X_TPR, 0xff, 0},
		{X_LDR, 0xff000000, 0},
		{X_DFR, 0xf0000000, 0x0fffffff},
		{X_ICR_HIGH, 0xff000000, 0},
		{X_LVT_TIMER, 0x700ff, 0},
		{X_LVT_THERMAL, 0x107ff, 0},
		{X_LVT_PERF, 0x107ff, 0},
		{X_LVT_LINT0, 0x1a7ff, 0},
		{X_LVT_LINT1, 0x1a7ff, 0},
		{X_LVT_ERROR, 0x100ff, 0},
		{X_TIMER_DIVIDE, 0xb, 0},
		{X_SVR, 0x13ff, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct guest g = guest_enabled(0);

		guest_write(&g, rows[i].offset, 0xffffffff);
		assert_int_equal(guest_read(&g, rows[i].offset), rows[i].mask | rows[i].fixed);
		guest_write(&g, rows[i].offset, 0);
		if (rows[i].offset != X_SVR)
			assert_int_equal(guest_read(&g, rows[i].offset), rows[i].fixed);
	}
}

static void timer_mode_bit_18_needs_the_feature(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	g.l.has_tsc_deadline = false;
	guest_write(&g, X_LVT_TIMER, 0x700ff);
	assert_int_equal(guest_read(&g, X_LVT_TIMER), 0x300ff);
	assert_int_equal(lapic_base_write(&g.l, BASE_X2APIC, &g.fx), OK);
	assert_int_equal(guest_wrmsr(&g, 0x832, 0x40030), ERR_FAULT);
	assert_int_equal(guest_wrmsr(&g, 0x832, 0x20030), OK);
}

static void read_only_registers_ignore_writes(void **state)
{
	static const u32 offsets[] = {X_VERSION, X_APR, X_PPR, X_ISR, X_TMR, X_IRR, X_TIMER_CURRENT};
	struct guest g = guest_enabled(0);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(offsets); i++) {
		u32 before = guest_read(&g, offsets[i]);

		assert_int_equal(guest_write(&g, offsets[i], ~before), 0);
		assert_int_equal(guest_read(&g, offsets[i]), before);
	}
	guest_write(&g, X_ESR, 0);
	assert_int_equal(guest_read(&g, X_ESR), 0);
}

static void reads_beside_a_register(void **state)
{
	struct guest g = guest_at_reset(0xab);

	(void)state;
	assert_int_equal(guest_read(&g, X_ID + 3), 0xab);
	assert_int_equal(guest_read(&g, X_ID + 4), 0);
	assert_int_equal(guest_read(&g, X_ID + 12), 0);
	guest_write(&g, X_TPR + 4, 0x30);
	guest_write(&g, X_TPR + 1, 0x30);
	assert_int_equal(guest_read(&g, X_TPR), 0);
}

static void reserved_registers_are_errors(void **state)
{
	(void)state;
	for (u32 offset = 0; offset < 0x1000; offset += 16) {
		bool reserved = offset < 0x20 || (offset >= 0x40 && offset <= 0x70) ||
				(offset >= 0x290 && offset <= 0x2f0) || (offset >= 0x3a0 && offset <= 0x3d0) ||
				offset >= 0x3f0;
		struct guest g = guest_enabled(0);
		u32 read = guest_read(&g, offset);

		guest_write(&g, X_ESR, 0);
		assert_int_equal(guest_read(&g, X_ESR), reserved ? 0x80 : 0);
		if (!reserved)
			continue;
		assert_int_equal(read, 0);
		guest_write(&g, offset, 0xffffffff);
		guest_write(&g, X_ESR, 0);
		assert_int_equal(guest_read(&g, X_ESR), 0x80);
		guest_write(&g, X_ESR, 0);
		assert_int_equal(guest_read(&g, X_ESR), 0);
	}
}

/* Table "Local APIC Register Address Map Supported by x2APIC": r, w, or both; all else faults. */
static const char *x2apic_access(u32 msr)
{
	if (msr >= 0x810 && msr <= 0x827)
		return "r";
	switch (msr) {
	case 0x802:
	case 0x803:
	case 0x80a:
	case 0x80d:
	case 0x839:
		return "r";
	case 0x80b:
	case 0x83f:
		return "w";
	case 0x808:
	case 0x80f:
	case 0x828:
	case 0x830:
	case 0x832 ... 0x838:
	case 0x83e:
		return "rw";
	default:
		return "";
	}
}

static void msrs_fault_where_the_table_says(void **state)
{
	(void)state;
	for (u32 msr = 0x800; msr < 0x900; msr++) {
		struct guest g = guest_x2apic(0);
		const char *access = x2apic_access(msr);
		u64 value;

		assert_int_equal(lapic_msr_read(&g.l, msr, g.now_ns, &value), strchr(access, 'r') ? OK : ERR_FAULT);
		assert_int_equal(guest_wrmsr(&g, msr, 0), strchr(access, 'w') ? OK : ERR_FAULT);
		if (msr != 0x830)
			assert_int_equal(guest_wrmsr(&g, msr, BIT(32)), ERR_FAULT);
	}
}

static void msrs_fault_on_reserved_bits(void **state)
{
	static const struct {
		u32 msr;
		u64 defined;
	} rows[] = {
		{0x808, 0xff},       {0x80b, 0},
		{0x80f, 0x13ff},     {0x828, 0},
		{0x832, 0x710ff},    {0x833, 0x117ff},
		{0x834, 0x117ff},    {0x835, 0x1f7ff},
		{0x836, 0x1f7ff},    {0x837, 0x110ff},
		{0x83e, 0xb},        {0x83f, 0xff},
		{0x838, 0xffffffff}, {0x830, 0xffffffff000cdfff},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		for (unsigned bit = 0; bit < 64; bit++) {
			struct guest g = guest_x2apic(0);

			assert_int_equal(guest_wrmsr(&g, rows[i].msr, BIT(bit)),
					 rows[i].defined & BIT(bit) ? OK : ERR_FAULT);
		}
}

static void msrs_need_x2apic_mode(void **state)
{
	struct guest g = guest_enabled(0);
	u64 value;

	(void)state;
	assert_int_equal(lapic_msr_read(&g.l, 0x803, 0, &value), ERR_FAULT);
	assert_int_equal(guest_wrmsr(&g, 0x80b, 0), ERR_FAULT);
	assert_int_equal(lapic_base_write(&g.l, 0xfee00100, &g.fx), OK);
	assert_int_equal(lapic_msr_read(&g.l, 0x803, 0, &value), ERR_FAULT);
}

static void mmio_is_dead_in_x2apic_mode(void **state)
{
	struct guest g = guest_x2apic(0);

	(void)state;
	assert_int_equal(guest_read(&g, X_VERSION), 0xffffffff);
	guest_write(&g, X_TPR, 0x40);
	assert_int_equal(guest_rdmsr(&g, 0x808), 0);
}

static void x2apic_ids_are_32_bits(void **state)
{
	struct guest g = guest_enabled(0x12345);

	(void)state;
	assert_int_equal(guest_read(&g, X_ID), 0x45000000);
	guest_write(&g, X_ID, 0x99000000);
	guest_write(&g, X_ICR_HIGH, 0x07000000);
	assert_int_equal(lapic_base_write(&g.l, BASE_X2APIC, &g.fx), OK);
	assert_int_equal(guest_rdmsr(&g, 0x802), 0x12345);
	assert_int_equal(guest_rdmsr(&g, 0x80d), 0x1234u << 16 | 1u << 5);
	assert_int_equal(guest_rdmsr(&g, 0x830) >> 32, 0);
}

static void modes_share_the_registers(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_write(&g, X_TPR, 0x31);
	guest_write(&g, X_LVT_PERF, 0x450);
	guest_receive(&g, 0x92, true);
	assert_int_equal(lapic_base_write(&g.l, BASE_X2APIC, &g.fx), OK);
	assert_int_equal(guest_rdmsr(&g, 0x808), 0x31);
	assert_int_equal(guest_rdmsr(&g, 0x80a), 0x31);
	assert_int_equal(guest_rdmsr(&g, 0x834), 0x450);
	assert_int_equal(guest_rdmsr(&g, 0x824), 1u << (0x92 - 0x80));
	assert_int_equal(guest_rdmsr(&g, 0x81c), 1u << (0x92 - 0x80));
	assert_int_equal(guest_take(&g), 0x92);
	assert_int_equal(guest_rdmsr(&g, 0x814), 1u << (0x92 - 0x80));
	assert_int_equal(guest_wrmsr(&g, 0x80b, 0), OK);
	assert_int_equal(g.fx.flags & LAPIC_EOI, LAPIC_EOI);
	assert_int_equal(g.fx.eoi_vector, 0x92);
}

static void software_disable_masks_the_lvt(void **state)
{
	struct guest g = guest_enabled(0);

	(void)state;
	guest_write(&g, X_LVT_LINT0, 0x700);
	guest_write(&g, X_LVT_TIMER, 0x40);
	guest_write(&g, X_LVT_THERMAL, 0x41);
	guest_receive(&g, 0x60, false);
	guest_write(&g, X_SVR, 0xff);
	assert_int_equal(guest_read(&g, X_LVT_THERMAL), 0x10041);
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0x10700);
	assert_int_equal(guest_read(&g, X_LVT_TIMER), 0x10040);
	guest_write(&g, X_LVT_LINT0, 0x700);
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0x10700);
	guest_write(&g, X_LVT_TIMER, 0x40);
	assert_int_equal(guest_read(&g, X_LVT_TIMER), 0x10040);
	assert_int_equal(guest_receive(&g, 0x61, false), 0);
	assert_int_equal(guest_take(&g), 0x60); /* what was pending is held, and wants to be handled */
	guest_write(&g, X_SVR, 0x1ff);
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0x10700);
}

static void virtual_wire_is_what_firmware_leaves(void **state)
{
	struct guest g = guest_at_reset(0);

	(void)state;
	assert_false(lapic_extint_accepted(&g.l));
	lapic_virtual_wire(&g.l);
	assert_true(lapic_valid(&g.l));
	assert_true(lapic_extint_accepted(&g.l));
	assert_int_equal(guest_read(&g, X_SVR), 0x1ff);
	assert_int_equal(guest_read(&g, X_LVT_LINT0), 0x700);
	assert_int_equal(guest_read(&g, X_LVT_LINT1), 0x400);
}

/* A corrupt or hostile saved state must not pass. */
static void validity_sees_each_inconsistency(void **state)
{
	struct guest g = guest_enabled(0);
	struct lapic good;

	(void)state;
	guest_write(&g, X_LVT_TIMER, 0x20040);
	guest_write(&g, X_TIMER_INITIAL, 1000);
	guest_receive(&g, 0x50, false);
	guest_take(&g);
	guest_receive(&g, 0x70, false);
	good = g.l;
#define SPOILS(change)                                                                                                 \
	do {                                                                                                           \
		struct lapic l = good;                                                                                 \
		l.change;                                                                                              \
		assert_false(lapic_valid(&l));                                                                         \
	} while (0)
	SPOILS(base |= 1);
	SPOILS(base = 0xfee00500);
	SPOILS(phys_bits = 0);
	SPOILS(phys_bits = 64);
	SPOILS(irr[0] |= 1);
	SPOILS(isr[0] |= 0x8000);
	SPOILS(irr[3] |= 1ull << 63);
	SPOILS(isr[3] |= 1ull << 63);
	SPOILS(irr_max = 0x71);
	SPOILS(isr_max = 0);
	SPOILS(ppr = 0);
	SPOILS(pending = 0);
	SPOILS(tpr = 0xf0);
	SPOILS(svr |= 0x400);
	SPOILS(svr = 0xff);
	SPOILS(esr = 1);
	SPOILS(esr_pending = 0x100);
	SPOILS(ldr = 1);
	SPOILS(dfr = 0);
	SPOILS(icr_low = 0x1000);
	SPOILS(lint = 4);
	SPOILS(lvt[LAPIC_LVT_ERROR] = 0x400);
	SPOILS(lvt[LAPIC_LVT_PERF] = 0x4000);
	SPOILS(timer_hz = 0);
	SPOILS(timer_hz = 1000000001);
	SPOILS(timer_divide = 4);
	SPOILS(timer_initial = 0);
	SPOILS(timer_expiry += 25);
	SPOILS(deadline_tsc = 1);
	SPOILS(event_ns = NEVER);
	SPOILS(event_ns += 1);
#undef SPOILS
	assert_true(lapic_valid(&good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(powers_up_as_the_manual_says),
		cmocka_unit_test(only_a_bsp_has_the_bsp_flag),
		cmocka_unit_test(init_keeps_base_and_id),
		cmocka_unit_test(mode_changes_follow_the_diagram),
		cmocka_unit_test(base_checks_reserved_bits),
		cmocka_unit_test(disabling_forgets_the_registers),
		cmocka_unit_test(cr8_works_in_every_mode),
		cmocka_unit_test(registers_keep_their_writable_bits),
		cmocka_unit_test(timer_mode_bit_18_needs_the_feature),
		cmocka_unit_test(read_only_registers_ignore_writes),
		cmocka_unit_test(reads_beside_a_register),
		cmocka_unit_test(reserved_registers_are_errors),
		cmocka_unit_test(msrs_fault_where_the_table_says),
		cmocka_unit_test(msrs_fault_on_reserved_bits),
		cmocka_unit_test(msrs_need_x2apic_mode),
		cmocka_unit_test(mmio_is_dead_in_x2apic_mode),
		cmocka_unit_test(x2apic_ids_are_32_bits),
		cmocka_unit_test(modes_share_the_registers),
		cmocka_unit_test(software_disable_masks_the_lvt),
		cmocka_unit_test(virtual_wire_is_what_firmware_leaves),
		cmocka_unit_test(validity_sees_each_inconsistency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
