/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pair of 8259A interrupt controllers of a PC: master at 0x20, slave at 0xa0 behind the master's IR2, and the
 * edge/level registers ELCR at 0x4d0.
 *
 * Sources: 8259A datasheet; for ELCR the PIIX and ICH datasheets, whose chips ignore ICW1's LTIM in its favour.
 * One thing differs from the datasheet: an edge stays requested when its line falls before the acknowledge, where the
 * chip would give the spurious IR7. Lines are looked at when the host gets to it; by then a short high time may be over
 * in which the CPU of a real machine would have taken the interrupt.
 * Left out: MCS-80/85 mode (the CPU is never one) and what only buffered mode's SP/EN pin would show.
 */
#ifndef ETERNA_DEV_PIC_H
#define ETERNA_DEV_PIC_H

#include "base/fields.h"

#define PIC_MASTER_PORT 0x20 /* and 0x21 */
#define PIC_SLAVE_PORT 0xa0  /* and 0xa1 */
#define PIC_ELCR_PORT 0x4d0  /* and 0x4d1 */
#define PIC_IRQS 16

#define PIC_CHIP_FIELDS(F, A, S)                                                                                       \
	F(u8, lines, "IR inputs as they are")                                                                          \
	F(u8, irr, "requests: edges not yet acknowledged, levels")                                                     \
	F(u8, isr, "in service")                                                                                       \
	F(u8, imr, "masks")                                                                                            \
	F(u8, elcr, "bit n: IRn is level-triggered")                                                                   \
	F(u8, lowest, "the IR with the lowest priority, 0 to 7")                                                       \
	F(u8, step, "initialisation: the ICW that is expected next, 0 when done")                                      \
	F(u8, icw1, "as written")                                                                                      \
	F(u8, icw2, "vector of IR0")                                                                                   \
	F(u8, icw3, "master: inputs with a slave; slave: its number")                                                  \
	F(u8, icw4, "as written, 0 if left out")                                                                       \
	F(bool, rotates, "rotate on each automatic EOI")                                                               \
	F(bool, special_mask, "special mask mode")                                                                     \
	F(bool, reads_isr, "a read gives ISR, else IRR")                                                               \
	F(bool, polls, "the next read polls")

struct pic_chip {
	PIC_CHIP_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc pic_chip_desc;

#define PIC_FIELDS(F, A, S)                                                                                            \
	F(bool, intr, "the master's INT output; follows from the chips")                                               \
	S(struct pic_chip, chip, 2, pic_chip_desc, "master and slave")

struct pic {
	PIC_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc pic_desc;

/* As PC firmware leaves the pair: vectors 0x08 and 0x70, all lines edge-triggered and masked. */
void pic_init(struct pic *p);

/* The same, but the lines keep their levels: they are their drivers'. */
void pic_reset(struct pic *p);

bool pic_valid(const struct pic *p);

/* A byte access to one of the six ports; other ports read 0xff and ignore writes. */
u8 pic_read(struct pic *p, u16 port);
void pic_write(struct pic *p, u16 port, u8 value);

/* Line `irq` (0 to 15; 2 is the cascade and ignored) is now high (asserted) or low. */
void pic_set_line(struct pic *p, unsigned irq, bool asserted);

/* Does no edge of line `irq` reach the CPU? */
static inline bool pic_is_masked(const struct pic *p, unsigned irq)
{
	return p->chip[irq / 8].imr >> irq % 8 & 1;
}

/* Is INTR asserted to the CPU? */
static inline bool pic_pending(const struct pic *p)
{
	return p->intr;
}

/* The CPU's interrupt acknowledge: the vector. With nothing pending it is the spurious IRQ 7's, not in service. */
u8 pic_ack(struct pic *p);

#endif
