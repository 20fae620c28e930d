/* SPDX-License-Identifier: Apache-2.0 */
/* ETERNA's own messages: to the console and into a ring that the prompt's `log` shows. One line a call, no newline. */
#ifndef ETERNA_HOST_LOG_H
#define ETERNA_HOST_LOG_H

#include "base/fmt.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_line(enum log_level level, const char *format, ...) FORMAT_LIKE_PRINTF(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Messages above `level` are not kept and not shown; LOG_INFO at start. */
void log_set_level(enum log_level level);

/* Write what the ring still holds to `sink`, oldest first. */
void log_replay(struct fmt_sink *sink);

#endif
