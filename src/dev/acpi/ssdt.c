// SPDX-License-Identifier: Apache-2.0
// A processor device for each vcpu, and the serial ports that a guest need not have, in AML: ACPI specification, "AML
// Grammar Definition".
#include "base/bits.h"
#include "dev/acpi/tables_priv.h"

#define AML_SCOPE 0x10
#define AML_DEVICE "\x5b\x82"
#define AML_NAME 0x08
#define AML_STRING 0x0d
#define AML_BYTE 0x0a
#define AML_DWORD 0x0c
#define AML_BUFFER 0x11

#define EISAID_PNP0501 0x0105d041

/* "Resource Data Types": an I/O port descriptor, an IRQ descriptor with flags, the end tag. */
#define RESOURCE_IO 0x47
#define RESOURCE_IO_DECODE16 1
#define RESOURCE_IRQ 0x23
#define RESOURCE_IRQ_EDGE_SHARED 0x11
#define RESOURCE_END 0x79
#define COM_RESOURCE_BYTES 14
#define COM_REGISTERS 8

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

static void put_com_resources(struct table_writer *w, u16 port, u32 irq)
{
	put_u8(w, RESOURCE_IO);
	put_u8(w, RESOURCE_IO_DECODE16);
	put_u16(w, port);
	put_u16(w, port);
	put_u8(w, 1); /* alignment */
	put_u8(w, COM_REGISTERS);
	put_u8(w, RESOURCE_IRQ);
	put_u16(w, (u16)BIT(irq));
	put_u8(w, RESOURCE_IRQ_EDGE_SHARED);
	put_u8(w, RESOURCE_END);
	put_u8(w, 0); /* no checksum */
}

/* COM1 and COM3 share IRQ 4, COM2 and COM4 IRQ 3. */
static void put_com(struct table_writer *w, u32 com)
{
	static const u16 ports[ACPI_COMS] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
	char name[4] = {'C', 'O', 'M', (char)('1' + com)};

	put_bytes(w, AML_DEVICE, 2);
	put_u8(w, SSDT_COM_BYTES - 2);
	put_bytes(w, name, 4);
	put_u8(w, AML_NAME);
	put_bytes(w, "_HID", 4);
	put_u8(w, AML_DWORD);
	put_u32(w, EISAID_PNP0501);
	put_u8(w, AML_NAME);
	put_bytes(w, "_UID", 4);
	put_u8(w, AML_BYTE);
	put_u8(w, (u8)(com + 1));
	put_u8(w, AML_NAME);
	put_bytes(w, "_CRS", 4);
	put_u8(w, AML_BUFFER);
	put_u8(w, COM_RESOURCE_BYTES + 3);
	put_u8(w, AML_BYTE);
	put_u8(w, COM_RESOURCE_BYTES);
	put_com_resources(w, ports[com], com & 1 ? 3 : 4);
}

u32 put_ssdt(struct table_writer *w, const struct acpi_config *config)
{
	static const char scope[] = "\\_SB_";
	u32 length = 3 + 5 + config->vcpu_count * SSDT_VCPU_BYTES;
	u32 at = table_begin(w, "SSDT", 2);

	for (u32 com = 1; com < ACPI_COMS; com++)
		length += config->com_mask >> com & 1 ? SSDT_COM_BYTES : 0;
	put_u8(w, AML_SCOPE);
	put_u8(w, (u8)(0x80 | (length & 15))); /* two more bytes of package length */
	put_u16(w, (u16)(length >> 4));
	put_bytes(w, scope, 5);
	for (u32 id = 0; id < config->vcpu_count; id++)
		put_cpu(w, id);
	for (u32 com = 1; com < ACPI_COMS; com++)
		if (config->com_mask >> com & 1)
			put_com(w, com);
	table_end(w);
	return at;
}
