// SPDX-License-Identifier: Apache-2.0
// The page walk over tables of random entries: its answer depends on them alone, and it changes nothing but A/D bits.
// fuzz: -max_len=512
#include "emul/walk.h"

#define MODEL_RAM_BYTES (32 * KIB)
#include "../tests/unit/emul/model.h"

#define TABLES 5 /* pages of entries, at 0x1000 */

static struct model m;

struct input {
	const u8 *at;
	size_t left;
};

static u64 take(struct input *in, unsigned bytes)
{
	u64 value = 0;

	for (; bytes && in->left; bytes--, in->left--)
		value = value << 8 | *in->at++;
	return value;
}

/* Control bits of any mode; what the hardware would not allow together is left out. */
static void registers_set(struct input *in)
{
	u64 bits = take(in, 2);

	m.cpu = cpu_state_reset;
	m.cpu.cr0 |= CR0_PE | (bits & 1 ? 0 : CR0_PG) | (bits & 2 ? CR0_WP : 0);
	m.cpu.cr4 = (bits & 4 ? CR4_PAE : 0) | (bits & 8 ? CR4_PSE : 0) | (bits & 16 ? CR4_SMEP : 0) |
		    (bits & 32 ? CR4_SMAP : 0) | (bits & 64 ? CR4_PKE : 0) | (bits & 128 ? CR4_LA57 : 0);
	m.cpu.efer = (bits & 256 ? EFER_NXE : 0);
	if ((bits & 512) && (m.cpu.cr4 & CR4_PAE))
		m.cpu.efer |= EFER_LMA;
	m.cpu.rflags |= bits & 1024 ? RFLAGS_AC : 0;
	m.emul.limits.phys_bits = (u8)(32 + take(in, 1) % 21);
	m.emul.limits.has_gib_pages = bits & 2048;
	m.emul.limits.pkru = (u32)take(in, 4);
	m.cpu.cr3 = 0x1000 + (take(in, 1) & 7) * 0x800;
}

/* Entries point back into the tables, mostly. */
static void tables_fill(struct input *in)
{
	memset(m.ram + 0x1000, 0, TABLES * PAGE_BYTES);
	while (in->left > 12) {
		u64 at = take(in, 2) % (TABLES * PAGE_BYTES / 4) * 4;
		u64 kind = take(in, 1);
		u64 entry = kind & 1 ? take(in, 8) : (0x1000 + (kind & 6) * 0x800) | take(in, 1) | MODEL_RWU;

		memcpy(m.ram + 0x1000 + at, &entry, at % 8 ? 4 : 8);
	}
}

/* Only bits 5 and 6 of an entry may have been set. */
static void memory_check(const u8 *was)
{
	for (u32 i = 0; i < MODEL_RAM_BYTES; i++)
		if (m.ram[i] != was[i]) {
			assert(i % 4 == 0 && (m.ram[i] & ~(MODEL_A | MODEL_D)) == (was[i] & ~(MODEL_A | MODEL_D)));
			assert((m.ram[i] & was[i]) == was[i]);
		}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

/*
 * Another walk must agree: all bits are set now, or it faults as before. Except in PAE paging, where an entry that is a
 * PDPTE as well becomes invalid as one by its A bit.
 */
static void check_again(gva_t gva, unsigned access, err_t err, gpa_t gpa, u32 code)
{
	bool is_pae = (m.cpu.cr4 & CR4_PAE) && !(m.cpu.efer & EFER_LMA);
	gpa_t again = gpa;
	u32 code_again = code;

	if (is_pae)
		return;
	assert(walk(&m.memory, &m.cpu, &m.emul.limits, gva, access, &again, &code_again) == err);
	assert(again.v == gpa.v && code_again == code);
	if (err)
		return;
	assert(walk(&m.memory, &m.cpu, &m.emul.limits, gva, access | WALK_PEEK, &again, &code_again) == OK);
	assert(again.v == gpa.v && gpa.v < BIT(52));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static u8 was[MODEL_RAM_BYTES];
	struct input in = {data, bytes};
	gpa_t gpa = GPA(0);
	u32 code = 0;

	model_init(&m);
	registers_set(&in);
	gva_t gva = GVA(take(&in, 8));
	unsigned access = (unsigned)take(&in, 1) & (WALK_WRITE | WALK_FETCH | WALK_USER | WALK_IMPLICIT);

	if ((access & WALK_FETCH) && (access & WALK_WRITE))
		access &= ~WALK_WRITE;
	tables_fill(&in);
	memcpy(was, m.ram, sizeof(was));
	err_t err = walk(&m.memory, &m.cpu, &m.emul.limits, gva, access, &gpa, &code);

	assert(err == OK || err == ERR_FAULT);
	memory_check(was);
	check_again(gva, access, err, gpa, code);
	return 0;
}
