// SPDX-License-Identifier: Apache-2.0
// What runs once the machine is ETERNA's: nothing yet, so it is given back.
#include "main/start_vms.h"

#include "host/power.h"
#include "hvm/hvm.h"

void start_vms(const struct boot_info *boot)
{
	(void)boot;
	hvm->cpu_disable();
	power_off(POWER_STATUS_OK);
}
