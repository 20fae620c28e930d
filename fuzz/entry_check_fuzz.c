// SPDX-License-Identifier: Apache-2.0
// The VM-entry checker over arbitrary VMCSs: it must come to an end with sound findings, whatever the fields hold.
// Input: a kind of guest, then records of 10 bytes: a field (index into vmcs.def, modulo) and its value.
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "fake/vmcs.h"

#define RECORD_BYTES 10

static const u32 fields[] = {
#define F(name, encoding, width, type) encoding,
#include "x86/regs/vmcs.def"
#undef F
};

static struct fake_vmcs vmcs;

/* Findings come in no more than a handful for each rule, carry real fields, and their values are the VMCS's. */
static void examine(void *ctx, const struct entry_finding *finding)
{
	unsigned *count = ctx;
	char line[320];

	++*count;
	ASSERT(finding->rule < ENTRY_RULE_COUNT);
	ASSERT(finding->field_count >= 1 && finding->field_count <= ENTRY_FINDING_FIELDS);
	for (unsigned i = 0; i < finding->field_count; i++) {
		ASSERT(strcmp(vmcs_field_name(finding->field[i]), "unknown field") != 0);
		ASSERT(finding->value[i] == fake_read(&vmcs, finding->field[i]));
	}
	ASSERT(!(finding->must_be_1 & finding->value[0]));
	ASSERT((finding->must_be_0 & finding->value[0]) == finding->must_be_0);
	ASSERT(entry_finding_format(line, sizeof(line), finding) < sizeof(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum fake_guest guest = size ? data[0] % FAKE_GUEST_COUNT : FAKE_LONG;
	struct entry_check_caps caps = fake_caps(guest);
	struct entry_check_source source = fake_source(&vmcs);
	unsigned first = 0, second = 0, total;

	fake_vmcs_init(&vmcs, guest);
	for (size_t at = 1; at + RECORD_BYTES <= size; at += RECORD_BYTES)
		vmcs.field[fields[load_u16(data + at) % ARRAY_COUNT(fields)]] = load_u64(data + at + 2);
	total = entry_check(&source, &caps, examine, &first);
	ASSERT(total == first);
	total = entry_check(&source, &caps, examine, &second);
	ASSERT(total == second && second == first);
	return 0;
}
