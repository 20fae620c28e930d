// SPDX-License-Identifier: Apache-2.0
// The line editor.
#include "ctl/line.h"

#define CTRL_C 0x03
#define BACKSPACE 0x08
#define CTRL_U 0x15
#define DELETE 0x7f

static bool line_end(struct line *l, struct fmt_sink *out)
{
	l->text[l->length] = '\0';
	l->length = 0;
	fmt_print(out, "\n");
	return true;
}

static void erase_one(struct line *l, struct fmt_sink *out)
{
	if (!l->length)
		return;
	l->length--;
	fmt_print(out, "\b \b");
}

bool line_put(struct line *l, u8 byte, struct fmt_sink *out)
{
	bool had_cr = l->had_cr;

	l->had_cr = byte == '\r';
	switch (byte) {
	case '\n':
		return had_cr ? false : line_end(l, out);
	case '\r':
		return line_end(l, out);
	case CTRL_C:
		l->length = 0;
		return line_end(l, out);
	case CTRL_U:
		while (l->length)
			erase_one(l, out);
		return false;
	case BACKSPACE:
	case DELETE:
		erase_one(l, out);
		return false;
	default:
		break;
	}
	if (byte < ' ' || l->length + 1 >= LINE_BYTES) {
		fmt_print(out, "\a");
		return false;
	}
	l->text[l->length++] = (char)byte;
	out->put(out, (char)byte);
	return false;
}
