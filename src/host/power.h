/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the machine's run: power off, with a status line that the launcher reads. */
#ifndef ETERNA_HOST_POWER_H
#define ETERNA_HOST_POWER_H

#include "base/types.h"

struct acpi_info;

/* Exit statuses of tools/eterna-run. */
enum power_status { POWER_STATUS_OK = 0, POWER_STATUS_ERROR = 3 };

/* Remember how this machine powers off. */
void power_init(const struct acpi_info *acpi);

/* Print "eterna: exit status N", write out the console, power off. */
void power_off(u8 status) NORETURN;

#endif
