// SPDX-License-Identifier: Apache-2.0
// The compiled DSDT as an array; the build makes dsdt.inc out of dsdt.asl.
#include "dev/acpi/dsdt.h"

const u8 acpi_dsdt[] = {
#include "dev/acpi/dsdt.inc"
};
const u32 acpi_dsdt_bytes = sizeof(acpi_dsdt);
