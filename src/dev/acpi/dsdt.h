/* SPDX-License-Identifier: Apache-2.0 */
/* The DSDT as iasl compiled it from dsdt.asl. */
#ifndef ETERNA_DEV_ACPI_DSDT_H
#define ETERNA_DEV_ACPI_DSDT_H

#include "base/types.h"

extern const u8 acpi_dsdt[];
extern const u32 acpi_dsdt_bytes;

#endif
