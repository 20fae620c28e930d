/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine under the test guest is, for the few places where an emulator is known to differ from the manual. */
#ifndef GUEST_RUNTIME_MACHINE_H
#define GUEST_RUNTIME_MACHINE_H

#include "cpu.h"

/* The 12 characters of CPUID 0x40000000, or "" where CPUID 1 says that there is no hypervisor. */
const char *machine_hypervisor(void);

/* QEMU without hardware virtualisation and without ETERNA: its devices run by the host's clock. */
bool machine_is_tcg(void);

/*
 * The processor is that of QEMU's TCG, which skips checks that the manual demands, with ETERNA or without. Under ETERNA
 * CPUID does not tell, so tests/emu/run-matrix does, by "processor=tcg" on the command line.
 */
bool processor_is_tcg(void);

/* Reads that word while memory is as the loader left it. Called before guest_main(). */
void machine_init(void);

bool machine_is_intel(void);

/* Bytes of memory from 1 MiB up, by the Multiboot information. */
u64 machine_memory_above_1m(void);

/* The kernel command line, "" where there is none. */
const char *machine_command_line(void);

/* Features, by name of the CPUID bit. */
static inline bool has_feature_1c(unsigned bit)
{
	return cpuid(1).ecx >> bit & 1;
}

static inline bool has_feature_1d(unsigned bit)
{
	return cpuid(1).edx >> bit & 1;
}

static inline struct cpuid feature_7(void)
{
	return cpuid(0).eax >= 7 ? cpuid(7) : (struct cpuid){0};
}

static inline struct cpuid feature_80000001(void)
{
	return cpuid(0x80000000).eax >= 0x80000001 ? cpuid(0x80000001) : (struct cpuid){0};
}

#define FEATURE_1C_MONITOR 3
#define FEATURE_1C_VMX 5
#define FEATURE_1C_SMX 6
#define FEATURE_1C_PCID 17
#define FEATURE_1C_X2APIC 21
#define FEATURE_1C_TSC_DEADLINE 24
#define FEATURE_1C_XSAVE 26
#define FEATURE_1C_OSXSAVE 27
#define FEATURE_1C_AVX 28
#define FEATURE_1C_HYPERVISOR 31

static inline bool has_rdtscp(void)
{
	return feature_80000001().edx >> 27 & 1;
}

#endif
