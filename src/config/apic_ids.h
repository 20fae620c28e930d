/* SPDX-License-Identifier: Apache-2.0 */
/* Inside config/: the value of the key `apic_ids`. */
#ifndef ETERNA_CONFIG_APIC_IDS_H
#define ETERNA_CONFIG_APIC_IDS_H

#include "config/config.h"

#define CONFIG_APIC_ID_FIRST_MAX (VNUMA_APIC_ID_ALL - 1) /* vcpu 0 is started by what may know of 8 bits only */

/*
 * Read "0-1,256" or "0,0x100-0x101": numbers and ranges between commas, the vcpus' ids in their order; "" is no ids.
 * Returns OK; otherwise `why` of `size` bytes says what is wrong, and `ids` is as it was.
 */
err_t config_apic_ids_read(const char *value, struct config_apic_ids *ids, char *why, size_t size) MUST_CHECK;

/* As many as there are vcpus, and do they tell the nodes that `numa` has given apart? Else `why` says what is amiss. */
bool config_apic_ids_fit(const struct vm_config *vm, char *why, size_t size);

/* What config_apic_ids_read() promises. */
bool config_apic_ids_valid(const struct config_apic_ids *ids);

#endif
