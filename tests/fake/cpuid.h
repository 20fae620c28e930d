/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts for tests of the policies: a server CPU of 2017 by its data sheet, one with every feature, one with none. */
#ifndef ETERNA_TESTS_FAKE_CPUID_H
#define ETERNA_TESTS_FAKE_CPUID_H

#include "policy/host.h"
#include "x86/regs/control.h"

struct fake_leaf {
	u32 leaf, subleaf, reg[4];
};

/* The one of `leaves` that was asked for; one that is not there is 0. */
static inline void fake_leaf_find(const struct fake_leaf *leaves, size_t count, u32 leaf, u32 subleaf, u32 out[4])
{
	out[0] = out[1] = out[2] = out[3] = 0;
	for (size_t i = 0; i < count; i++)
		if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf)
			for (unsigned r = 0; r < 4; r++)
				out[r] = leaves[i].reg[r];
}

/* XSAVE components of Intel CPUs with AVX-512, PKRU and AMX: size, offset, flags. */
static inline void fake_xsave_leaf(u32 subleaf, u32 out[4])
{
	static const struct {
		u32 subleaf, bytes, offset, flags;
	} components[] = {
		{2, 256, 576, 0},   {3, 64, 960, 0}, {4, 64, 1024, 0},  {5, 64, 1088, 0},    {6, 512, 1152, 0},
		{7, 1024, 1664, 0}, {9, 8, 2688, 0}, {17, 64, 2752, 2}, {18, 8192, 2816, 6},
	};

	out[0] = out[1] = out[2] = out[3] = 0;
	if (subleaf == 0) {
		out[CPUID_EAX] = 0x602ff;
		out[CPUID_EBX] = out[CPUID_ECX] = 11008;
	}
	if (subleaf == 1)
		out[CPUID_EAX] = 0x1f;
	for (size_t i = 0; i < ARRAY_COUNT(components); i++) {
		if (components[i].subleaf != subleaf)
			continue;
		out[CPUID_EAX] = components[i].bytes;
		out[CPUID_EBX] = components[i].offset;
		out[CPUID_ECX] = components[i].flags;
	}
}

/* Each feature bit is 1. */
static inline void fake_cpuid_full(void *ctx, u32 leaf, u32 subleaf, u32 out[4])
{
	(void)ctx;
	out[0] = out[1] = out[2] = out[3] = UINT32_MAX;
	if (leaf == 0)
		out[CPUID_EAX] = 0x20;
	if (leaf == 0xd)
		fake_xsave_leaf(subleaf, out);
	if (leaf == 0x80000000)
		out[CPUID_EAX] = 0x80000020;
	if (leaf == 0x80000008)
		out[CPUID_EAX] = 0x392e; /* 46 physical, 57 linear bits */
}

/* Each feature bit is 0, and there is no leaf but the first of either range. */
static inline void fake_cpuid_empty(void *ctx, u32 leaf, u32 subleaf, u32 out[4])
{
	(void)ctx;
	(void)subleaf;
	out[0] = out[1] = out[2] = out[3] = 0;
	if (leaf == 0x80000000)
		out[CPUID_EAX] = 0x80000000;
}

/* Skylake-SP: family 6, model 0x55, 20 cores. */
static inline void fake_cpuid_skylake(void *ctx, u32 leaf, u32 subleaf, u32 out[4])
{
	static const struct fake_leaf leaves[] = {
		{0x0, 0, {0x16, 0x756e6547, 0x6c65746e, 0x49656e69}},
		{0x1, 0, {0x50654, 0x05400800, 0x77fefbff, 0xbfebfbff}},
		{0x2, 0, {0x76036301, 0xf0b5ff, 0, 0xc30000}},
		{0x4, 0, {0x7c004121, 0x01c0003f, 63, 0}},
		{0x4, 1, {0x7c004122, 0x01c0003f, 63, 0}},
		{0x4, 2, {0x7c004143, 0x03c0003f, 1023, 0}},
		{0x4, 3, {0x7c0fc163, 0x0280003f, 0x6fff, 4}},
		{0x5, 0, {0x40, 0x40, 3, 0x2020}},
		{0x6, 0, {0xef7, 2, 9, 0}},
		{0x7, 0, {0, 0xd39ffffb, 0x8, 0xbc000400}},
		{0xa, 0, {0x07300404, 0, 0, 0x603}},
		{0xb, 0, {1, 2, 0x100, 5}},
		{0xb, 1, {6, 40, 0x201, 5}},
		{0x15, 0, {2, 0xa8, 0, 0}},
		{0x16, 0, {2100, 3700, 100, 0}},
		{0x80000000, 0, {0x80000008, 0, 0, 0}},
		{0x80000001, 0, {0, 0, 0x121, 0x2c100800}},
		{0x80000002, 0, {0x65746e49, 0x2952286c, 0x6f655820, 0x2952286e}},
		{0x80000006, 0, {0, 0, 0x01006040, 0}},
		{0x80000007, 0, {0, 0, 0, 0x100}},
		{0x80000008, 0, {0x302e, 0, 0, 0}},
	};

	(void)ctx;
	fake_leaf_find(leaves, ARRAY_COUNT(leaves), leaf, subleaf, out);
	if (leaf == 0xd)
		fake_xsave_leaf(subleaf, out);
}

/* Zen 2, family 0x17, model 0x31: 64 cores of two threads, four of which share an L3. */
static inline void fake_cpuid_epyc(void *ctx, u32 leaf, u32 subleaf, u32 out[4])
{
	static const struct fake_leaf leaves[] = {
		{0x0, 0, {0x10, 0x68747541, 0x444d4163, 0x69746e65}},
		{0x1, 0, {0x830f10, 0x00800800, 0x7ed8320b, 0x178bfbff}},
		{0x7, 0, {0, 0x219c91a9, 0x400004, 0}},
		{0xb, 0, {1, 2, 0x100, 0}},
		{0xb, 1, {7, 128, 0x201, 0}},
		{0x80000000, 0, {0x80000020, 0x68747541, 0x444d4163, 0x69746e65}},
		{0x80000001, 0, {0x830f10, 0x40000000, 0x75c237ff, 0x2fd3fbff}},
		{0x80000006, 0, {0x48006400, 0x68006400, 0x02006140, 0x08009140}},
		{0x80000008, 0, {0x3030, 0x018cf757, 0x0000707f, 0x00010007}},
		{0x8000001d, 0, {0x4121, 0x01c0003f, 63, 0}},
		{0x8000001d, 1, {0x4122, 0x01c0003f, 63, 0}},
		{0x8000001d, 2, {0x4143, 0x01c0003f, 1023, 2}},
		{0x8000001d, 3, {0x1c163, 0x03c0003f, 0x3fff, 1}},
		{0x8000001e, 0, {0x55, 0x12a, 0x303, 0}},
	};

	(void)ctx;
	fake_leaf_find(leaves, ARRAY_COUNT(leaves), leaf, subleaf, out);
}

#define FAKE_BACKEND_ALL (POLICY_RDTSCP | POLICY_INVPCID | POLICY_XSAVES | POLICY_USER_WAIT | POLICY_SPEC_CTRL)
#define FAKE_XFEATURES_ALL (XFEATURE_X87 | XFEATURE_SSE | XFEATURE_AVX | XFEATURE_AVX512 | XFEATURE_PKRU | XFEATURE_AMX)

#endif
