/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest asks of the machine as a whole by writing to a device. */
#ifndef ETERNA_DEV_POWER_H
#define ETERNA_DEV_POWER_H

enum power_request {
	POWER_NONE,
	POWER_OFF,        /* ACPI S5 */
	POWER_RESET,      /* the whole machine */
	POWER_RESET_CPUS, /* INIT to the processors; devices and memory keep their state */
};

#endif
