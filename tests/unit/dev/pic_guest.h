/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest does with the 8259 pair, in few words, for the tests; every access checks the invariant. */
#ifndef ETERNA_TESTS_PIC_GUEST_H
#define ETERNA_TESTS_PIC_GUEST_H

#include "dev/pic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define EOI 0x20
#define READ_IRR 0x0a
#define READ_ISR 0x0b
#define POLL 0x0c
#define SET_SPECIAL_MASK 0x68
#define CLEAR_SPECIAL_MASK 0x48

static inline void out(struct pic *p, u16 port, u8 value)
{
	pic_write(p, port, value);
	assert_true(pic_valid(p));
}

static inline u8 in(struct pic *p, u16 port)
{
	u8 value = pic_read(p, port);

	assert_true(pic_valid(p));
	return value;
}

static inline void line(struct pic *p, unsigned irq, bool asserted)
{
	pic_set_line(p, irq, asserted);
	assert_true(pic_valid(p));
}

/* Acknowledges what must be pending. */
static inline u8 ack(struct pic *p)
{
	assert_true(pic_pending(p));

	u8 vector = pic_ack(p);

	assert_true(pic_valid(p));
	return vector;
}

/* ICW1 to ICW4 as an OS gives them: vectors 0x20 and 0x28, all unmasked. */
static inline struct pic programmed(u8 master_icw4, u8 slave_icw4)
{
	struct pic p;

	pic_init(&p);
	assert_true(pic_valid(&p));
	out(&p, 0x20, 0x11);
	out(&p, 0x21, 0x20);
	out(&p, 0x21, 0x04);
	out(&p, 0x21, master_icw4);
	out(&p, 0xa0, 0x11);
	out(&p, 0xa1, 0x28);
	out(&p, 0xa1, 0x02);
	out(&p, 0xa1, slave_icw4);
	return p;
}

static inline u8 isr(struct pic *p, u16 port)
{
	out(p, port, READ_ISR);
	return in(p, port);
}

static inline u8 irr(struct pic *p, u16 port)
{
	out(p, port, READ_IRR);
	return in(p, port);
}

#endif
