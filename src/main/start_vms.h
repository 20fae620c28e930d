/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration to running VMs. */
#ifndef ETERNA_MAIN_START_VMS_H
#define ETERNA_MAIN_START_VMS_H

struct acpi_info;
struct boot_info;

/* Read the configuration, start the other CPUs, make the VMs, run them till none is left, power off. */
void start_vms(const struct boot_info *boot, const struct acpi_info *acpi) __attribute__((noreturn));

#endif
