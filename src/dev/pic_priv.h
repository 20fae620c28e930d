/* SPDX-License-Identifier: Apache-2.0 */
/* One 8259A, as pic.c uses it. */
#ifndef ETERNA_DEV_PIC_PRIV_H
#define ETERNA_DEV_PIC_PRIV_H

#include "base/bits.h"
#include "dev/pic.h"

enum { MASTER, SLAVE };

#define CASCADE_IR 2
#define NO_IR 8

void pic_chip_reset(struct pic_chip *c, u8 icw2, u8 icw3);
bool pic_chip_valid(const struct pic_chip *c);

void pic_chip_set_line(struct pic_chip *c, unsigned ir, bool level);
/* The line falls and its request with it. */
void pic_chip_withdraw(struct pic_chip *c, unsigned ir);

void pic_chip_set_elcr(struct pic_chip *c, u8 elcr);

/* The input that INT is asserted for, NO_IR if it is not. */
unsigned pic_chip_request(const struct pic_chip *c);

/* Acknowledge; the input, 7 if there was none (then nothing gets in service). */
unsigned pic_chip_ack(struct pic_chip *c);

/* Is there a slave behind CASCADE_IR as this (master) chip was told? */
bool pic_chip_cascades(const struct pic_chip *c);

/* `a0` is the chip's address pin. */
u8 pic_chip_read(struct pic_chip *c, unsigned a0);
void pic_chip_write(struct pic_chip *c, unsigned a0, u8 value);

#endif
