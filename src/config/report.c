// SPDX-License-Identifier: Apache-2.0
// Errors of the configuration as lines of text.
#include "config/report.h"

#include "base/str.h"

void config_report(struct config_report *report, u32 line, const char *format, ...)
{
	char text[CONFIG_LINE_BYTES];
	size_t used;
	va_list args;

	if (line)
		used = fmt_string(text, sizeof(text), CONFIG_FILE_NAME ":%u: ", line);
	else
		used = fmt_string(text, sizeof(text), CONFIG_FILE_NAME ": ");
	va_start(args, format);
	fmt_string_args(text + used, sizeof(text) - used, format, args);
	va_end(args);
	report->config->error_count++;
	report->sink->error(report->sink, line, text);
}
