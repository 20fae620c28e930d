/* SPDX-License-Identifier: Apache-2.0 */
/* An 8042 keyboard controller with two ports and nothing plugged in: what probing and rebooting guests need. */
#ifndef ETERNA_DEV_KBC_H
#define ETERNA_DEV_KBC_H

#include "dev/power.h"

#include "base/fields.h"

#define KBC_PORT_DATA 0x60
#define KBC_PORT_COMMAND 0x64 /* read: status */

#define KBC_RAM_BYTES 32

#define KBC_FIELDS(F, A, S)                                                                                            \
	F(u8, status, "status register")                                                                               \
	F(u8, output, "output buffer")                                                                                 \
	F(u8, output_port, "output port: A20 in bit 1")                                                                \
	F(u8, pending, "command that waits for a data byte, or 0")                                                     \
	A(u8, ram, KBC_RAM_BYTES, "controller memory; byte 0 is the command byte")

struct kbc {
	KBC_FIELDS(FIELD_MEMBER, FIELD_ARRAY, FIELD_STRUCTS)
};

extern const struct desc kbc_desc;

/* As firmware leaves it: tested, keyboard interrupt and translation on, auxiliary port off. */
void kbc_reset(struct kbc *k);

bool kbc_valid(const struct kbc *k);

/*
 * Access port 0x60 or 0x64, a byte at a time. A byte sent to either absent device is answered by 0xfe with the timeout
 * bit. Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
 */
u8 kbc_read(struct kbc *k, u16 port);
enum power_request kbc_write(struct kbc *k, u16 port, u8 value);

/* Levels of IRQ 1 and IRQ 12. */
bool kbc_irq1(const struct kbc *k);
bool kbc_irq12(const struct kbc *k);

#endif
