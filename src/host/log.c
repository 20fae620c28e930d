// SPDX-License-Identifier: Apache-2.0
// Log lines: "eterna: [level:] text", to the console and the log ring.
#include "host/log.h"

#include "base/ring.h"
#include "host/console.h"
#include "host/lock.h"

#define LOG_BYTES (32 * KIB)

static u8 log_bytes[LOG_BYTES];
static struct ring log_ring = {.bytes = log_bytes, .size = LOG_BYTES};
static struct lock lock = LOCK_INIT(LOCK_CONSOLE);
static enum log_level shown = LOG_INFO;

/* One line, gathered: what does not fit is cut. */
struct line_sink {
	struct fmt_sink sink; /* first */
	u32 bytes;
	char text[512];
};

static void line_put(struct fmt_sink *sink, char c)
{
	struct line_sink *line = (struct line_sink *)sink;

	if (line->bytes < sizeof(line->text))
		line->text[line->bytes++] = c;
}

static void line_write(struct line_sink *line)
{
	if (line->bytes == sizeof(line->text))
		line->bytes--;
	line->text[line->bytes++] = '\n';
	lock_take(&lock);
	for (u32 i = 0; i < line->bytes; i++)
		ring_force(&log_ring, (u8)line->text[i]);
	lock_drop(&lock);
	console_write(line->text, line->bytes, true);
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error: ", [LOG_WARN] = "warning: ", [LOG_INFO] = "", [LOG_DEBUG] = "debug: "};
	struct line_sink line;
	va_list args;

	if (level > shown)
		return;
	line.sink = (struct fmt_sink){line_put};
	line.bytes = 0;
	fmt_print(&line.sink, "eterna: %s", names[level]);
	va_start(args, format);
	fmt_print_args(&line.sink, format, args);
	va_end(args);
	line_write(&line);
}

void log_set_level(enum log_level level)
{
	shown = level;
}

void log_replay(struct fmt_sink *sink)
{
	/* A line that comes meanwhile may shorten what is old: better than the lock held all along. */
	for (u32 i = 0;; i++) {
		bool is_there;
		char c;

		lock_take(&lock);
		is_there = i < ring_used(&log_ring);
		c = is_there ? (char)ring_peek(&log_ring, i) : '\0';
		lock_drop(&lock);
		if (!is_there)
			return;
		sink->put(sink, c);
	}
}
