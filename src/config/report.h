/* SPDX-License-Identifier: Apache-2.0 */
/* Inside config/: reporting an error, and counting it. */
#ifndef ETERNA_CONFIG_REPORT_H
#define ETERNA_CONFIG_REPORT_H

#include "base/fmt.h"
#include "config/config.h"

/* Longest message; what is longer is cut. */
#define CONFIG_LINE_BYTES 400

struct config_report {
	struct config_sink *sink;
	struct config *config;
};

/* Hand "eterna.conf:LINE: ..." to the sink; without the line where it is 0. */
void config_report(struct config_report *report, u32 line, const char *format, ...) FORMAT_LIKE_PRINTF(3, 4);

#endif
