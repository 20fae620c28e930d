// SPDX-License-Identifier: Apache-2.0
// The VMRUN checker over arbitrary VMCBs: it must come to an end with sound findings, whatever the fields hold.
// Input: a mode of the guest, bits of the processor, then records of 10 bytes: an offset (modulo) and 8 bytes for
// there.
#include <string.h>

#include "base/assert.h"
#include "fake/vmcb.h"

#define RECORD_BYTES 10

static struct vmcb vmcb;

/* Is it one of the VMCB's fields, with the value that it has? */
static bool is_field(const struct finding_field *field)
{
	const char *name;
	u64 value;

	for (unsigned i = 0; (name = vmcb_field(&vmcb, i, &value)); i++)
		if (!strcmp(name, field->name))
			return value == field->value;
	return false;
}

static void examine(void *ctx, const struct svm_finding *finding)
{
	unsigned *count = ctx;
	char line[320];

	++*count;
	ASSERT(finding->rule < SVM_RULE_COUNT);
	ASSERT(finding->field_count >= 1 && finding->field_count <= SVM_FINDING_FIELDS);
	for (unsigned i = 0; i < finding->field_count; i++)
		ASSERT(is_field(&finding->field[i]));
	ASSERT((finding->must_be_0 & finding->field[0].value) == finding->must_be_0);
	ASSERT(svm_finding_format(line, sizeof(line), finding) < sizeof(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct svm_check_caps caps = fake_svm_caps();
	unsigned first = 0, second = 0, total;

	if (size < 2)
		return 0;
	fake_vmcb_init(&vmcb, data[0] % FAKE_MODE_COUNT);
	caps.has_long_mode = !(data[1] & 1);
	caps.has_x2avic_ext = data[1] & 2;
	caps.features = data[1] & 4 ? 0 : caps.features;
	caps.cr4_bits = data[1] & 8 ? 0 : caps.cr4_bits;
	caps.physical_bits = data[1] & 16 ? 52 : data[1] & 32 ? 32 : caps.physical_bits;
	for (size_t at = 2; at + RECORD_BYTES <= size; at += RECORD_BYTES)
		memcpy(vmcb.bytes + load_u16(data + at) % (VMCB_BYTES - 8), data + at + 2, 8);
	total = svm_entry_check(&vmcb, &caps, examine, &first);
	ASSERT(total == first);
	total = svm_entry_check(&vmcb, &caps, examine, &second);
	ASSERT(total == second && second == first);
	return 0;
}
