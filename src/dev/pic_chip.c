// SPDX-License-Identifier: Apache-2.0
// One 8259A: priorities, acknowledge, EOI and the command words (8259A datasheet, Programming the 8259A).
#include "dev/pic_priv.h"

#define DESC_STRUCT struct pic_chip
DESC_DEFINE(pic_chip, PIC_CHIP_FIELDS, 1);
#undef DESC_STRUCT

#define ICW1_IS_ICW1 BIT(4)
#define ICW1_SINGLE BIT(1)
#define ICW1_HAS_ICW4 BIT(0)
#define ICW2_VECTOR BITS(7, 3)
#define ICW4_8086 BIT(0)
#define ICW4_AUTO_EOI BIT(1)
#define ICW4_NESTS_SLAVES BIT(4) /* special fully nested mode */

#define OCW2_IR BITS(2, 0)
#define OCW2_COMMAND BITS(7, 5)
enum ocw2_command {
	AUTO_ROTATE_OFF = 0,
	EOI = 1,
	EOI_OF = 3,
	AUTO_ROTATE_ON = 4,
	EOI_ROTATE = 5,
	SET_LOWEST = 6,
	EOI_OF_ROTATE = 7,
};

#define OCW3_IS_OCW3 BIT(3)
#define OCW3_SETS_SPECIAL_MASK BIT(6)
#define OCW3_SPECIAL_MASK BIT(5)
#define OCW3_POLL BIT(2)
#define OCW3_SETS_READ BIT(1)
#define OCW3_READ_ISR BIT(0)

#define SPURIOUS_IR 7

void pic_chip_reset(struct pic_chip *c, u8 icw2, u8 icw3)
{
	*c = (struct pic_chip){
		.lines = c->lines,
		.imr = 0xff,
		.lowest = 7,
		.icw1 = ICW1_IS_ICW1 | ICW1_HAS_ICW4,
		.icw2 = icw2,
		.icw3 = icw3,
		.icw4 = ICW4_8086,
	};
}

/* A level request is its line. */
bool pic_chip_valid(const struct pic_chip *c)
{
	return c->lowest < 8 && (c->step == 0 || (c->step >= 2 && c->step <= 4)) && !(c->icw2 & 7) &&
	       !((c->irr ^ c->lines) & c->elcr);
}

bool pic_chip_cascades(const struct pic_chip *c)
{
	return !(c->icw1 & ICW1_SINGLE) && (c->icw3 & BIT(CASCADE_IR));
}

/* The set bit of `set` with the highest priority, NO_IR for none; *rank is 0 for the highest, 8 for none. */
static unsigned first_by_priority(const struct pic_chip *c, u8 set, unsigned *rank)
{
	for (*rank = 0; *rank < 8; (*rank)++) {
		unsigned ir = (c->lowest + 1 + *rank) & 7;

		if (set >> ir & 1)
			return ir;
	}
	return NO_IR;
}

/* In service and so keeping others back: in special mask mode a masked level keeps nobody back. */
static u8 blocking(const struct pic_chip *c)
{
	return c->special_mask ? c->isr & ~c->imr : c->isr;
}

unsigned pic_chip_request(const struct pic_chip *c)
{
	unsigned rank, service_rank;
	u8 requests = c->irr & (u8)~c->imr;

	if (!requests || c->step)
		return NO_IR;

	unsigned ir = first_by_priority(c, requests, &rank);
	unsigned in_service = first_by_priority(c, blocking(c), &service_rank);

	if (rank < service_rank)
		return ir;
	if (ir == in_service && ir == CASCADE_IR && (c->icw4 & ICW4_NESTS_SLAVES) && pic_chip_cascades(c))
		return ir; /* the slave has something above what is in service there */
	return NO_IR;
}

void pic_chip_set_line(struct pic_chip *c, unsigned ir, bool level)
{
	u8 bit = (u8)BIT(ir);

	if (!level) {
		c->lines &= (u8)~bit;
		c->irr &= (u8) ~(bit & c->elcr);
	} else {
		if (!(c->lines & bit) || (c->elcr & bit))
			c->irr |= bit;
		c->lines |= bit;
	}
}

void pic_chip_set_elcr(struct pic_chip *c, u8 elcr)
{
	c->elcr = elcr;
	c->irr = (u8)((c->irr & ~elcr) | (c->lines & elcr));
}

void pic_chip_withdraw(struct pic_chip *c, unsigned ir)
{
	pic_chip_set_line(c, ir, false);
	c->irr &= (u8)~BIT(ir);
}

unsigned pic_chip_ack(struct pic_chip *c)
{
	unsigned ir = pic_chip_request(c);

	if (ir == NO_IR)
		return SPURIOUS_IR;
	if (!(c->elcr >> ir & 1))
		c->irr &= (u8)~BIT(ir);
	if (!(c->icw4 & ICW4_AUTO_EOI))
		c->isr |= (u8)BIT(ir);
	else if (c->rotates)
		c->lowest = (u8)ir;
	return ir;
}

/* --- writes ------------------------------------------------------------------------------------------------------ */

/* Starts the initialisation: edges are forgotten, masks cleared, priorities and modes as from power-up. */
static void icw1_write(struct pic_chip *c, u8 value)
{
	c->icw1 = value;
	c->step = 2;
	c->irr = c->lines & c->elcr;
	c->isr = 0;
	c->imr = 0;
	c->lowest = 7;
	c->rotates = false;
	c->special_mask = false;
	c->reads_isr = false;
	c->polls = false;
	if (!(value & ICW1_HAS_ICW4))
		c->icw4 = 0;
}

static u8 step_after(const struct pic_chip *c, u8 step)
{
	if (step == 2 && !(c->icw1 & ICW1_SINGLE))
		return 3;
	return step < 4 && (c->icw1 & ICW1_HAS_ICW4) ? 4 : 0;
}

static void icw_write(struct pic_chip *c, u8 value)
{
	if (c->step == 2)
		c->icw2 = value & ICW2_VECTOR;
	else if (c->step == 3)
		c->icw3 = value;
	else
		c->icw4 = value;
	c->step = step_after(c, c->step);
}

/* Ends one level, NO_IR for none, and may give it the lowest priority. */
static void end_of_interrupt(struct pic_chip *c, unsigned ir, bool rotates)
{
	if (ir == NO_IR)
		return;
	c->isr &= (u8)~BIT(ir);
	if (rotates)
		c->lowest = (u8)ir;
}

static void ocw2_write(struct pic_chip *c, u8 value)
{
	unsigned rank;
	unsigned ir = (unsigned)GET(OCW2_IR, value);

	switch (GET(OCW2_COMMAND, value)) {
	case EOI:
	case EOI_ROTATE: /* not specific: what is served now; in special mask mode masked levels are spared */
		end_of_interrupt(c, first_by_priority(c, blocking(c), &rank), GET(OCW2_COMMAND, value) == EOI_ROTATE);
		break;
	case EOI_OF:
	case EOI_OF_ROTATE:
		end_of_interrupt(c, ir, GET(OCW2_COMMAND, value) == EOI_OF_ROTATE);
		break;
	case AUTO_ROTATE_ON:
	case AUTO_ROTATE_OFF:
		c->rotates = GET(OCW2_COMMAND, value) == AUTO_ROTATE_ON;
		break;
	case SET_LOWEST:
		c->lowest = (u8)ir;
		break;
	default:
		break;
	}
}

static void ocw3_write(struct pic_chip *c, u8 value)
{
	if (value & OCW3_SETS_SPECIAL_MASK)
		c->special_mask = value & OCW3_SPECIAL_MASK;
	if (value & OCW3_POLL) /* "if P and RR are both set, the poll comes first" */
		c->polls = true;
	if (value & OCW3_SETS_READ)
		c->reads_isr = value & OCW3_READ_ISR;
}

void pic_chip_write(struct pic_chip *c, unsigned a0, u8 value)
{
	if (a0 && c->step)
		icw_write(c, value);
	else if (a0)
		c->imr = value;
	else if (value & ICW1_IS_ICW1)
		icw1_write(c, value);
	else if (value & OCW3_IS_OCW3)
		ocw3_write(c, value);
	else
		ocw2_write(c, value);
}

/* --- reads ------------------------------------------------------------------------------------------------------- */

#define POLL_PENDING 0x80

/* The read after a poll command is an acknowledge at either address. */
static u8 poll_read(struct pic_chip *c)
{
	bool is_pending = pic_chip_request(c) != NO_IR;
	unsigned ir = pic_chip_ack(c);

	c->polls = false;
	return is_pending ? (u8)(POLL_PENDING | ir) : 0;
}

u8 pic_chip_read(struct pic_chip *c, unsigned a0)
{
	if (c->polls)
		return poll_read(c);
	if (a0)
		return c->imr;
	return c->reads_isr ? c->isr : c->irr;
}
