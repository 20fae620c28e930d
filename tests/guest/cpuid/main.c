// SPDX-License-Identifier: Apache-2.0
// CPUID: leaves agree with one another, with the registers they mirror, and with what CR4 accepts.
#include "apic.h"
#include "base/mem.h"
#include "check.h"
#include "machine.h"
#include "print.h"
#include "trap.h"

static void hypervisor_leaves(void)
{
	struct cpuid c = cpuid(0x40000000);

	if (!has_feature_1c(FEATURE_1C_HYPERVISOR)) {
		skip("no hypervisor by CPUID.1:ECX[31]");
		return;
	}
	print("hypervisor: %s, leaves to %#x\n", machine_hypervisor(), c.eax);
	check(c.eax == 0 || (c.eax >= 0x40000000 && c.eax < 0x40010000), "hypervisor leaves end at a sensible number");
	if (c.eax >= 0x40000010) {
		c = cpuid(0x40000010);
		print("hypervisor: TSC %u kHz, bus %u kHz\n", c.eax, c.ebx);
		check(c.eax != 0, "TSC frequency leaf is filled in");
	}
}

static void upper_halves_are_cleared(void)
{
	u64 a = 0xdeadbeef00000000, b, c = 0xdeadbeef00000000, d;

	__asm__ volatile("mov $-1, %%rbx; mov $-1, %%rdx; cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	check((a | b | c | d) >> 32 == 0, "CPUID clears the upper halves of RAX, RBX, RCX and RDX");
}

static void basic_leaves(void)
{
	struct cpuid zero = cpuid(0);
	struct cpuid one = cpuid(1);
	char vendor[13] = {0};

	memcpy(vendor, &zero.ebx, 4);
	memcpy(vendor + 4, &zero.edx, 4);
	memcpy(vendor + 8, &zero.ecx, 4);
	print("vendor: %s, leaves to %#x, family/model %#x\n", vendor, zero.eax, one.eax);
	check(zero.eax >= 1 && zero.eax < 0x100, "highest basic leaf");
	check((one.edx & 0x0180a179) == 0x0180a179, "FPU, PSE, TSC, MSR, PAE, CX8, PGE, CMOV, MMX and FXSR are there");
	check_equal(one.ebx >> 24, lapic_read(LAPIC_ID) >> 24, "initial APIC ID is the local APIC's");
	check((one.ebx >> 8 & 0xff) == 8, "CLFLUSH line of 64 bytes");
	check(one.edx >> 9 & 1, "APIC");
}

static void beyond_the_highest_leaf(void)
{
	u32 top = cpuid(0).eax;
	struct cpuid beyond = cpuid(top + 0x100), last = cpuid(top);

	if (!machine_is_intel()) {
		skip("leaves beyond the highest: only Intel returns the highest one");
		return;
	}
	check(beyond.eax == last.eax && beyond.ebx == last.ebx && beyond.edx == last.edx,
	      "a leaf beyond the highest gives the highest one");
}

static void extended_leaves(void)
{
	u32 top = cpuid(0x80000000).eax;
	u32 sizes;
	char brand[49] = {0};

	if (!check(top >= 0x80000008 && top < 0x80000100, "highest extended leaf"))
		return;
	check(cpuid(0x80000001).edx >> 29 & 1, "long mode");
	check(cpuid(0x80000001).edx >> 20 & 1, "no-execute");
	sizes = cpuid(0x80000008).eax;
	check((sizes & 0xff) >= 32 && (sizes & 0xff) <= 52, "physical addresses of %u bits", sizes & 0xff);
	check((sizes >> 8 & 0xff) == 48 || (sizes >> 8 & 0xff) == 57, "linear addresses of %u bits", sizes >> 8 & 0xff);
	for (unsigned i = 0; i < 3; i++) {
		struct cpuid c = cpuid(0x80000002 + i);

		memcpy(brand + 16 * i, &c, 16);
	}
	print("brand: %s\n", brand);
}

static void osxsave_mirrors_cr4(void)
{
	u64 cr4 = read_cr4();

	if (!has_feature_1c(FEATURE_1C_XSAVE)) {
		skip("no XSAVE");
		return;
	}
	write_cr4(cr4 | CR4_OSXSAVE);
	check(has_feature_1c(FEATURE_1C_OSXSAVE), "OSXSAVE set with CR4.OSXSAVE");
	write_cr4(cr4 & ~CR4_OSXSAVE);
	check(!has_feature_1c(FEATURE_1C_OSXSAVE), "OSXSAVE clear without CR4.OSXSAVE");
}

static void xsave_leaf(void)
{
	struct cpuid d;
	u64 supported;
	u32 end = 576;

	if (!has_feature_1c(FEATURE_1C_XSAVE) || cpuid(0).eax < 0xd) {
		skip("no XSAVE leaf");
		return;
	}
	write_cr4(read_cr4() | CR4_OSXSAVE);
	d = cpuid_count(0xd, 0);
	supported = (u64)d.edx << 32 | d.eax;
	print("xsave: XCR0 may be %#llx, area %u of %u bytes\n", (unsigned long long)supported, d.ebx, d.ecx);
	check((supported & 3) == 3, "x87 and SSE state");
	check_equal(d.ebx, 576, "area for XCR0 = 1");
	for (u32 i = 2; i < 63; i++) {
		struct cpuid c = cpuid_count(0xd, i);

		if (!(supported >> i & 1))
			continue;
		check(c.eax && c.ebx + c.eax <= d.ecx, "component %u: %u bytes at %u", i, c.eax, c.ebx);
		end = MAX(end, c.ebx + c.eax);
	}
	check_equal(d.ecx, end, "size of the whole area");
	check_equal(try_xsetbv(0, supported), TRAP_NONE, "XCR0 takes all that is offered");
	check_equal(cpuid_count(0xd, 0).ebx, d.ecx, "area after XSETBV");
	check_equal(try_xsetbv(0, 1), TRAP_NONE, "XCR0 back to x87");
}

static void cache_leaf_ends(void)
{
	if (cpuid(0).eax < 4 || !machine_is_intel()) {
		skip("no leaf 4");
		return;
	}
	for (u32 i = 0; i < 16; i++) {
		if (!(cpuid_count(4, i).eax & 0x1f)) {
			check(true, "leaf 4 ends after %u caches", i);
			return;
		}
	}
	check(false, "leaf 4 ends");
}

static void topology_leaf(void)
{
	struct cpuid b;

	if (cpuid(0).eax < 0xb || !(cpuid_count(0xb, 0).ebx & 0xffff)) {
		skip("no leaf 0xb");
		return;
	}
	b = cpuid_count(0xb, 0);
	check_equal(b.edx, lapic_read(LAPIC_ID) >> 24, "x2APIC ID in leaf 0xb");
	check_equal(b.ecx >> 8 & 0xff, 1, "first level is SMT");
	for (u32 i = 0; i < 8; i++) {
		b = cpuid_count(0xb, i);
		if (!(b.ecx >> 8 & 0xff)) {
			check_equal(b.ecx & 0xff, i, "subleaf that ends leaf 0xb returns its number");
			return;
		}
	}
	check(false, "leaf 0xb ends");
}

/* A CR4 bit is accepted exactly when CPUID offers its feature (SDM 3A, Control Registers). */
static void cr4_accepts_what_cpuid_offers(void)
{
	struct cpuid one = cpuid(1), seven = feature_7();
	const struct {
		const char *name;
		u64 bit;
		u32 offered;
	} rows[] = {
		{"VME", CR4_VME, one.edx >> 1 & 1},
		{"PVI", CR4_PVI, one.edx >> 1 & 1},
		{"TSD", CR4_TSD, one.edx >> 4 & 1},
		{"DE", CR4_DE, one.edx >> 2 & 1},
		{"PSE", CR4_PSE, one.edx >> 3 & 1},
		{"MCE", CR4_MCE, one.edx >> 7 & 1},
		{"PGE", CR4_PGE, one.edx >> 13 & 1},
		{"PCE", CR4_PCE, 1},
		{"OSFXSR", CR4_OSFXSR, one.edx >> 24 & 1},
		{"OSXMMEXCPT", CR4_OSXMMEXCPT, one.edx >> 25 & 1},
		{"UMIP", CR4_UMIP, seven.ecx >> 2 & 1},
		{"VMXE", CR4_VMXE, one.ecx >> 5 & 1},
		{"SMXE", CR4_SMXE, one.ecx >> 6 & 1},
		{"FSGSBASE", CR4_FSGSBASE, seven.ebx & 1},
		{"PCIDE", CR4_PCIDE, one.ecx >> 17 & 1},
		{"OSXSAVE", CR4_OSXSAVE, one.ecx >> 26 & 1},
		{"KL", CR4_KL, seven.ecx >> 23 & 1},
		{"SMEP", CR4_SMEP, seven.ebx >> 7 & 1},
		{"SMAP", CR4_SMAP, seven.ebx >> 20 & 1},
		{"PKE", CR4_PKE, seven.ecx >> 3 & 1},
		{"CET", CR4_CET, (seven.ecx >> 7 | seven.edx >> 20) & 1},
		{"PKS", CR4_PKS, seven.ecx >> 31 & 1},
	};
	u64 cr4 = read_cr4();

	write_cr0(read_cr0() | CR0_WP); /* CET wants it */
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		u32 vector;

		if (!rows[i].offered && machine_is_tcg()) {
			skip("CR4.%s: this emulator does not refuse", rows[i].name);
			continue;
		}
		vector = try_write_cr4(cr4 | rows[i].bit);
		if (vector == TRAP_NONE)
			write_cr4(cr4);
		check_equal(vector, rows[i].offered ? TRAP_NONE : VECTOR_GP, "CR4.%s, %s by CPUID", rows[i].name,
			    rows[i].offered ? "offered" : "not offered");
	}
	for (unsigned bit = 32; bit < 64 && !machine_is_tcg(); bit++)
		if (try_write_cr4(cr4 | BIT(bit)) != VECTOR_GP)
			check(false, "CR4 bit %u is refused", bit);
	check_equal(read_cr4(), cr4, "CR4 as before");
}

void guest_main(void)
{
	hypervisor_leaves();
	upper_halves_are_cleared();
	basic_leaves();
	beyond_the_highest_leaf();
	extended_leaves();
	osxsave_mirrors_cr4();
	xsave_leaf();
	cache_leaf_ends();
	topology_leaf();
	cr4_accepts_what_cpuid_offers();
}
