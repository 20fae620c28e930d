// SPDX-License-Identifier: Apache-2.0
// The 8259A pair: lines, acknowledge, and the ports. One chip's rules are in pic_chip.c.
#include "dev/pic.h"

#include "dev/pic_priv.h"

#include "base/assert.h"
#include "base/mem.h"

#define DESC_STRUCT struct pic
DESC_DEFINE(pic, PIC_FIELDS, 1);
#undef DESC_STRUCT

#define VECTOR_FLOATING 0xff /* what the CPU reads when no chip drives the bus */

/* IRQ 0, 1, 2, 8 and 13 are edge-triggered for good (ICH, ELCR1 and ELCR2). */
static const u8 elcr_writable[2] = {0xf8, 0xde};

/* INT of the slave is the master's IR2. It is never late, so a request that it takes back is gone. */
static void update(struct pic *p)
{
	if (pic_chip_request(&p->chip[SLAVE]) != NO_IR)
		pic_chip_set_line(&p->chip[MASTER], CASCADE_IR, true);
	else
		pic_chip_withdraw(&p->chip[MASTER], CASCADE_IR);
	p->intr = pic_chip_request(&p->chip[MASTER]) != NO_IR;
}

void pic_init(struct pic *p)
{
	memset(p, 0, sizeof(*p));
	pic_reset(p);
}

void pic_reset(struct pic *p)
{
	pic_chip_reset(&p->chip[MASTER], 0x08, BIT(CASCADE_IR));
	pic_chip_reset(&p->chip[SLAVE], 0x70, CASCADE_IR);
	update(p);
}

bool pic_valid(const struct pic *p)
{
	const struct pic_chip *master = &p->chip[MASTER], *slave = &p->chip[SLAVE];

	if (!pic_chip_valid(master) || !pic_chip_valid(slave))
		return false;
	if ((master->elcr & ~elcr_writable[MASTER]) || (slave->elcr & ~elcr_writable[SLAVE]))
		return false;
	if (master->irr & ~master->lines & BIT(CASCADE_IR))
		return false;
	return (master->lines >> CASCADE_IR & 1) == (pic_chip_request(slave) != NO_IR) &&
	       p->intr == (pic_chip_request(master) != NO_IR);
}

void pic_set_line(struct pic *p, unsigned irq, bool asserted)
{
	ASSERT(irq < PIC_IRQS);
	if (irq == CASCADE_IR)
		return;
	pic_chip_set_line(&p->chip[irq / 8], irq % 8, asserted);
	update(p);
}

/* INT of a slave goes low with the acknowledge, and up again if there is more: the master sees an edge. */
static u8 slave_ack(struct pic *p)
{
	struct pic_chip *slave = &p->chip[SLAVE];

	pic_chip_withdraw(&p->chip[MASTER], CASCADE_IR);
	if ((slave->icw3 & 7) != CASCADE_IR)
		return VECTOR_FLOATING;
	return (u8)(slave->icw2 + pic_chip_ack(slave));
}

u8 pic_ack(struct pic *p)
{
	struct pic_chip *master = &p->chip[MASTER];
	bool is_real = p->intr;
	unsigned ir = pic_chip_ack(master);
	u8 vector = (u8)(master->icw2 + ir);

	if (is_real && ir == CASCADE_IR && pic_chip_cascades(master))
		vector = slave_ack(p);
	update(p);
	return vector;
}

u8 pic_read(struct pic *p, u16 port)
{
	u8 value;

	switch (port) {
	case PIC_MASTER_PORT:
	case PIC_MASTER_PORT + 1:
		value = pic_chip_read(&p->chip[MASTER], port & 1);
		break;
	case PIC_SLAVE_PORT:
	case PIC_SLAVE_PORT + 1:
		if (p->chip[SLAVE].polls) /* a poll acknowledges: INT goes low, as in slave_ack() */
			pic_chip_withdraw(&p->chip[MASTER], CASCADE_IR);
		value = pic_chip_read(&p->chip[SLAVE], port & 1);
		break;
	case PIC_ELCR_PORT:
	case PIC_ELCR_PORT + 1:
		return p->chip[port & 1].elcr;
	default:
		return 0xff;
	}
	update(p);
	return value;
}

void pic_write(struct pic *p, u16 port, u8 value)
{
	switch (port) {
	case PIC_MASTER_PORT:
	case PIC_MASTER_PORT + 1:
		pic_chip_write(&p->chip[MASTER], port & 1, value);
		break;
	case PIC_SLAVE_PORT:
	case PIC_SLAVE_PORT + 1:
		pic_chip_write(&p->chip[SLAVE], port & 1, value);
		break;
	case PIC_ELCR_PORT:
	case PIC_ELCR_PORT + 1:
		pic_chip_set_elcr(&p->chip[port & 1], value & elcr_writable[port & 1]);
		break;
	default:
		return;
	}
	update(p);
}
