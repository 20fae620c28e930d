/* SPDX-License-Identifier: Apache-2.0 */
/* A line being typed: echo, backspace, Ctrl-U, Ctrl-C. */
#ifndef ETERNA_CTL_LINE_H
#define ETERNA_CTL_LINE_H

#include "base/fmt.h"

#define LINE_BYTES 256

struct line {
	u32 length;
	bool had_cr;           /* a line feed right after a carriage return is part of it */
	char text[LINE_BYTES]; /* ended by a NUL once line_put() has said so */
};

static inline void line_init(struct line *l)
{
	*l = (struct line){0};
}

/*
 * A byte was typed; the echo goes to `out`. True: the line is complete in l->text, without its end; the next byte
 * starts a new one. What does not fit is not taken (BEL).
 */
bool line_put(struct line *l, u8 byte, struct fmt_sink *out);

#endif
