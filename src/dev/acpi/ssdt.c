// SPDX-License-Identifier: Apache-2.0
// A processor device for each vcpu, in AML: ACPI specification, "AML Grammar Definition".
#include "dev/acpi/tables_priv.h"

#define AML_SCOPE 0x10
#define AML_DEVICE "\x5b\x82"
#define AML_NAME 0x08
#define AML_STRING 0x0d
#define AML_DWORD 0x0c

static void put_cpu(struct table_writer *w, u32 id)
{
	static const char digits[16] = "0123456789ABCDEF";
	char name[4] = {'C', digits[id >> 8 & 15], digits[id >> 4 & 15], digits[id & 15]};

	put_bytes(w, AML_DEVICE, 2);
	put_u8(w, SSDT_VCPU_BYTES - 2); /* package length, itself included */
	put_bytes(w, name, 4);
	put_u8(w, AML_NAME);
	put_bytes(w, "_HID", 4);
	put_u8(w, AML_STRING);
	put_bytes(w, "ACPI0007", 9);
	put_u8(w, AML_NAME);
	put_bytes(w, "_UID", 4);
	put_u8(w, AML_DWORD);
	put_u32(w, id);
}

u32 put_ssdt(struct table_writer *w, u32 vcpu_count)
{
	static const char scope[] = "\\_SB_";
	u32 length = 3 + 5 + vcpu_count * SSDT_VCPU_BYTES;
	u32 at = table_begin(w, "SSDT", 2);

	put_u8(w, AML_SCOPE);
	put_u8(w, (u8)(0x80 | (length & 15))); /* two more bytes of package length */
	put_u16(w, (u16)(length >> 4));
	put_bytes(w, scope, 5);
	for (u32 id = 0; id < vcpu_count; id++)
		put_cpu(w, id);
	table_end(w);
	return at;
}
