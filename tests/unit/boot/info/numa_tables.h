/* SPDX-License-Identifier: Apache-2.0 */
/* A small machine memory with SRAT, SLIT and HMAT, built at the offsets of the ACPI specification. */
#ifndef ETERNA_TESTS_NUMA_TABLES_H
#define ETERNA_TESTS_NUMA_TABLES_H

#include "boot/info/numa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "base/mem.h"

#define BASE 0x10000ull
#define RSDP 0x10000ull
#define XSDT 0x10100ull
#define SRAT 0x11000ull
#define SLIT 0x18000ull
#define HMAT 0x1a000ull
#define ENABLED 1u

static u8 memory_bytes[0x10000];
static struct numa numa;

static inline const void *map(struct acpi_memory *memory, u64 hpa, u64 bytes)
{
	(void)memory;
	if (hpa < BASE || !range_is_inside(hpa - BASE, bytes, sizeof(memory_bytes)))
		return NULL;
	return memory_bytes + (hpa - BASE);
}

static struct acpi_memory memory = {map};

static inline u8 *at(u64 hpa)
{
	return memory_bytes + (hpa - BASE);
}

static inline void set_sum(u8 *bytes, u32 count, u32 where)
{
	u8 sum = 0;

	bytes[where] = 0;
	for (u32 i = 0; i < count; i++)
		sum = (u8)(sum + bytes[i]);
	bytes[where] = (u8)(0 - sum);
}

/* Tables grow entry by entry, and are closed by parse(). */

static u32 srat_length, slit_length, hmat_length;

static inline void finish(u64 hpa, const char *signature, u32 length)
{
	memcpy(at(hpa), signature, 4);
	store_u32(at(hpa) + 4, length);
	set_sum(at(hpa), length, 9);
}

static inline void add_cpu(u32 domain, u8 apic_id, u32 flags)
{
	u8 *e = at(SRAT) + srat_length;

	e[1] = 16;
	e[2] = (u8)domain;
	e[3] = apic_id;
	store_u32(e + 4, flags);
	e[9] = (u8)(domain >> 8);
	e[10] = (u8)(domain >> 16);
	e[11] = (u8)(domain >> 24);
	srat_length += 16;
}

static inline void add_x2apic(u32 domain, u32 apic_id, u32 flags)
{
	u8 *e = at(SRAT) + srat_length;

	e[0] = 2;
	e[1] = 24;
	store_u32(e + 4, domain);
	store_u32(e + 8, apic_id);
	store_u32(e + 12, flags);
	srat_length += 24;
}

static inline void add_memory(u32 domain, u64 base, u64 bytes, u32 flags)
{
	u8 *e = at(SRAT) + srat_length;

	e[0] = 1;
	e[1] = 40;
	store_u32(e + 2, domain);
	store_u64(e + 8, base);
	store_u64(e + 16, bytes);
	store_u32(e + 28, flags);
	srat_length += 40;
}

static inline void set_slit(u64 count, const u8 *matrix)
{
	store_u64(at(SLIT) + 36, count);
	memcpy(at(SLIT) + 44, matrix, count * count);
	slit_length = (u32)(44 + count * count);
}

static inline void add_attributes(u32 initiator, u32 domain, u16 flags)
{
	u8 *s = at(HMAT) + hmat_length;

	store_u32(s + 4, 40);
	store_u16(s + 8, flags);
	store_u32(s + 12, initiator);
	store_u32(s + 16, domain);
	hmat_length += 40;
}

/* Every domain of 0..targets-1 from every domain of 0..initiators-1. */
static inline void add_locality(u8 hierarchy, u8 type, u32 initiators, u32 targets, u64 unit, const u16 *entries)
{
	u8 *s = at(HMAT) + hmat_length;
	u32 bytes = 32 + 4 * (initiators + targets) + 2 * initiators * targets;

	store_u16(s, 1);
	store_u32(s + 4, bytes);
	s[8] = hierarchy;
	s[9] = type;
	store_u32(s + 12, initiators);
	store_u32(s + 16, targets);
	store_u64(s + 24, unit);
	for (u32 i = 0; i < initiators; i++)
		store_u32(s + 32 + 4 * i, i);
	for (u32 i = 0; i < targets; i++)
		store_u32(s + 32 + 4 * (initiators + i), i);
	for (u32 i = 0; i < initiators * targets; i++)
		store_u16(s + 32 + 4 * (initiators + targets) + 2 * i, entries[i]);
	hmat_length += bytes;
}

static inline int build(void **state)
{
	u8 *p = at(RSDP);

	(void)state;
	memset(memory_bytes, 0, sizeof(memory_bytes));
	memcpy(p, "RSD PTR ", 8);
	p[15] = 2;
	store_u64(p + 24, XSDT);
	set_sum(p, 20, 8);
	set_sum(p, 36, 32);
	store_u64(at(XSDT) + 36, SRAT);
	store_u64(at(XSDT) + 44, SLIT);
	store_u64(at(XSDT) + 52, HMAT);
	finish(XSDT, "XSDT", 60);
	at(SRAT)[8] = 3;
	store_u32(at(SRAT) + 36, 1);
	srat_length = 48;
	slit_length = 0;
	at(HMAT)[8] = 2;
	hmat_length = 40;
	return 0;
}

static inline void close_tables(void)
{
	finish(SRAT, "SRAT", srat_length);
	if (slit_length)
		finish(SLIT, "SLIT", slit_length);
	if (hmat_length > 40)
		finish(HMAT, "HMAT", hmat_length);
}

static inline void parse_as_is(void)
{
	numa_parse(&memory, at(RSDP), 36, &numa);
	assert_true(numa_valid(&numa));
}

static inline void parse(void)
{
	close_tables();
	parse_as_is();
}

static inline void parses_as_one_node(enum numa_reason reason)
{
	parse_as_is();
	assert_int_equal(numa.node_count, 1);
	assert_int_equal(numa.reason, reason);
	assert_int_equal(numa.distance[0][0], 10);
	assert_int_equal(numa.range_count, 0);
}

static inline u32 defects(enum numa_defect_kind kind)
{
	return numa.defect[kind].count;
}

static inline u32 defects_in_all(void)
{
	u32 sum = 0;

	for (u32 i = 0; i < NUMA_DEFECT_KINDS; i++)
		sum += numa.defect[i].count;
	return sum;
}

static inline void has_only(enum numa_defect_kind kind, u32 count)
{
	assert_int_equal(defects(kind), count);
	assert_int_equal(defects_in_all(), count);
}

/* Domains 0 and 1: two processors and a GiB each, below the hole of PCs. */
static inline void two_nodes(void)
{
	static const u8 matrix[] = {10, 21, 31, 10};

	add_cpu(0, 0, ENABLED);
	add_cpu(0, 1, ENABLED);
	add_cpu(1, 2, ENABLED);
	add_x2apic(1, 3, ENABLED);
	add_memory(0, 0, 640 * KIB, ENABLED);
	add_memory(0, MIB, GIB - MIB, ENABLED);
	add_memory(1, GIB, GIB, ENABLED);
	set_slit(2, matrix);
}

#define TEST(name) cmocka_unit_test_setup(name, build)

#endif
