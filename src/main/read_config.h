/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration out of the boot modules, and more VMs while ETERNA runs. */
#ifndef ETERNA_MAIN_READ_CONFIG_H
#define ETERNA_MAIN_READ_CONFIG_H

#include "base/fmt.h"
#include "config/config.h"

struct boot_info;

/* Read eterna.conf, or do without, and hold it against the machine. False: what is wrong has been logged. */
bool config_read(const struct boot_info *boot, struct config *config);

/*
 * Read one VM from `text`, as in eterna.conf, section's head included. It is checked like those of the file, what is
 * wrong is printed to `out`. Context: after config_read(); host loop's work.
 */
err_t config_read_vm(const char *text, struct vm_config *vm, struct fmt_sink *out) MUST_CHECK;

#endif
