// SPDX-License-Identifier: Apache-2.0
// The 8259 pair from any valid state: every access, line and acknowledge leaves a valid state, and who is served is
// who the datasheet's rule of priorities names.
// cbmc: src/dev/pic.c src/dev/pic_chip.c --unwind 9
#include "dev/pic_priv.h"
#include "proof.h"

static struct pic_chip any_chip(void)
{
	return (struct pic_chip){
		.lines = nondet_u8(),
		.irr = nondet_u8(),
		.isr = nondet_u8(),
		.imr = nondet_u8(),
		.elcr = nondet_u8(),
		.lowest = nondet_u8(),
		.step = nondet_u8(),
		.icw1 = nondet_u8(),
		.icw2 = nondet_u8(),
		.icw3 = nondet_u8(),
		.icw4 = nondet_u8(),
		.rotates = nondet_bool(),
		.special_mask = nondet_bool(),
		.reads_isr = nondet_bool(),
		.polls = nondet_bool(),
	};
}

static struct pic any_valid_pic(void)
{
	struct pic p;

	p.chip[MASTER] = any_chip();
	p.chip[SLAVE] = any_chip();
	p.intr = nondet_bool();
	ASSUME(pic_valid(&p));
	return p;
}

void harness_write(void)
{
	struct pic p = any_valid_pic();
	u32 port = nondet_u32();

	pic_write(&p, (u16)port, nondet_u8());
	PROVE(pic_valid(&p));
	REACHED();
}

void harness_read(void)
{
	struct pic p = any_valid_pic();
	u32 port = nondet_u32();

	(void)pic_read(&p, (u16)port);
	PROVE(pic_valid(&p));
	REACHED();
}

void harness_line(void)
{
	struct pic p = any_valid_pic();
	u32 irq = nondet_u32();

	ASSUME(irq < PIC_IRQS);
	pic_set_line(&p, irq, nondet_bool());
	PROVE(pic_valid(&p));
	REACHED();
}

/* An acknowledge with nothing pending changes no chip; one with something pending serves it. */
void harness_ack(void)
{
	struct pic p = any_valid_pic(), before = p;
	u8 vector = pic_ack(&p);
	unsigned ir = pic_chip_request(&before.chip[MASTER]);

	PROVE(pic_valid(&p));
	if (!before.intr) {
		PROVE(vector == (u8)(before.chip[MASTER].icw2 + 7));
		PROVE(p.chip[MASTER].isr == before.chip[MASTER].isr && p.chip[SLAVE].isr == before.chip[SLAVE].isr);
	} else if (ir != CASCADE_IR || !pic_chip_cascades(&before.chip[MASTER])) {
		PROVE(vector == (u8)(before.chip[MASTER].icw2 + ir));
		PROVE(p.chip[SLAVE].isr == before.chip[SLAVE].isr);
	} else {
		PROVE(vector == 0xff ||
		      vector == (u8)(before.chip[SLAVE].icw2 + pic_chip_request(&before.chip[SLAVE])));
	}
	REACHED();
}

/* 0 for the highest priority. */
static unsigned rank(const struct pic_chip *c, unsigned ir)
{
	return (ir - c->lowest - 1) & 7;
}

/* The rule itself, for any input: requested, not masked, and above all others that ask or keep it back. */
void harness_priority(void)
{
	struct pic_chip c = any_chip();
	unsigned ir, other = nondet_u32();
	bool nests;

	ASSUME(pic_chip_valid(&c) && other < 8);
	ir = pic_chip_request(&c);
	nests = ir == CASCADE_IR && (c.icw4 & 0x10) && pic_chip_cascades(&c);

	bool asks = (c.irr & ~c.imr) >> other & 1;
	bool keeps_back = c.isr >> other & 1 && !(c.special_mask && (c.imr >> other & 1));

	if (ir != NO_IR) {
		PROVE(c.step == 0 && (c.irr & ~c.imr) >> ir & 1);
		PROVE(!asks || rank(&c, ir) <= rank(&c, other));
		PROVE(!keeps_back || rank(&c, ir) < rank(&c, other) || (nests && other == ir));
	} else if (asks && c.step == 0) {
		/* Somebody at or above `other` is in service. */
		bool found = false;

		for (unsigned i = 0; i < 8; i++)
			found |= (c.isr >> i & 1) && !(c.special_mask && (c.imr >> i & 1)) &&
				 rank(&c, i) <= rank(&c, other);
		PROVE(found);
	}
	REACHED();
}
