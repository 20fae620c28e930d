// SPDX-License-Identifier: Apache-2.0
// Any port accesses and lines keep the 8259 pair's invariants; an acknowledge gives a vector that was asked for.
#include "dev/pic.h"

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes);

static void acknowledge(struct pic *p)
{
	const struct pic before = *p;
	u8 vector = pic_ack(p);
	unsigned ir = vector & 7;

	if (!pic_pending(&before)) {
		ASSERT(vector == before.chip[0].icw2 + 7 && p->chip[0].isr == before.chip[0].isr);
		return;
	}
	if (p->chip[1].isr == before.chip[1].isr && vector == before.chip[0].icw2 + ir)
		ASSERT(before.chip[0].irr & ~before.chip[0].imr & 1u << 2 ||
		       (before.chip[0].irr & ~before.chip[0].imr & 1u << ir));
	else if (vector != 0xff)
		ASSERT(before.chip[1].irr & ~before.chip[1].imr & 1u << ir);
}

int LLVMFuzzerTestOneInput(const u8 *in, size_t bytes)
{
	static const u16 ports[8] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x20, 0xa0};
	struct pic p;

	pic_init(&p);
	for (size_t i = 0; i + 2 <= bytes; i += 2) {
		u16 port = ports[in[i] >> 2 & 7];

		switch (in[i] & 3) {
		case 0:
			pic_write(&p, port, in[i + 1]);
			break;
		case 1:
			(void)pic_read(&p, port);
			break;
		case 2:
			pic_set_line(&p, in[i + 1] & 15, in[i + 1] & 16);
			break;
		default:
			acknowledge(&p);
			break;
		}
		ASSERT(pic_valid(&p));
	}
	return 0;
}
