// SPDX-License-Identifier: Apache-2.0
// Log lines: "eterna: [level:] text", to the console and the log ring.
#include "host/log.h"

#include "base/ring.h"
#include "host/console.h"

#define LOG_BYTES (32 * KIB)

static u8 log_bytes[LOG_BYTES];
static struct ring log_ring = {.bytes = log_bytes, .size = LOG_BYTES};
static enum log_level shown = LOG_INFO;

static void log_put(struct fmt_sink *sink, char c)
{
	(void)sink;
	ring_force(&log_ring, (u8)c);
	console_put_text(c);
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error: ", [LOG_WARN] = "warning: ", [LOG_INFO] = "", [LOG_DEBUG] = "debug: "};
	struct fmt_sink sink = {log_put};
	va_list args;

	if (level > shown)
		return;
	console_fresh_line();
	fmt_print(&sink, "eterna: %s", names[level]);
	va_start(args, format);
	fmt_print_args(&sink, format, args);
	va_end(args);
	log_put(&sink, '\n');
}

void log_set_level(enum log_level level)
{
	shown = level;
}

void log_replay(struct fmt_sink *sink)
{
	for (u32 i = 0; i < ring_used(&log_ring); i++)
		sink->put(sink, (char)ring_peek(&log_ring, i));
}
