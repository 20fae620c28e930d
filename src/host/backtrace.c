// SPDX-License-Identifier: Apache-2.0
// Frame-pointer walk over the symbol table that tools/build/symbols adds to the image.
#include "host/backtrace.h"

#include "host/console.h"
#include "host/layout.h"
#include "host/memory.h"

struct symbol {
	u32 address; /* low 32 bits */
	u32 name;    /* offset in symbol_names */
};

/* Weak: the first of the two links has no table. */
extern const u32 symbol_count __attribute__((weak));
extern const struct symbol symbol_table[] __attribute__((weak));
extern const char symbol_names[] __attribute__((weak));

#define BACKTRACE_DEPTH_MAX 32

/* The function that `inside` is in, and how far `address` is from its start. */
static void symbol_print(u64 inside, u64 address)
{
	const struct symbol *found = NULL;

	if (inside >= (u64)text_start && inside < (u64)text_end && &symbol_count)
		for (u32 i = 0; i < symbol_count && symbol_table[i].address <= (u32)inside; i++)
			found = &symbol_table[i];
	if (found)
		console_print("%s+%#x\n", &symbol_names[found->name], (u32)address - found->address);
	else
		console_print("?\n");
}

void backtrace_print_symbol(u64 address)
{
	symbol_print(address, address);
}

/* A frame is two words, in the image or on a mapped stack. */
static bool frame_is_plausible(u64 frame)
{
	return IS_ALIGNED(frame, 8) && (frame >= LAYOUT_IMAGE || memory_is_stack(frame));
}

void backtrace_print(u64 frame_pointer)
{
	console_print("  backtrace:\n");
	for (unsigned i = 0; i < BACKTRACE_DEPTH_MAX && frame_is_plausible(frame_pointer); i++) {
		const u64 *frame = (const u64 *)frame_pointer;

		if (!frame[1])
			break;
		console_print("    %016lx  ", frame[1]);
		/* Behind a call that does not return another function may begin. */
		symbol_print(frame[1] - 1, frame[1]);
		if (frame[0] <= frame_pointer)
			break;
		frame_pointer = frame[0];
	}
}
