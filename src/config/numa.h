/* SPDX-License-Identifier: Apache-2.0 */
/* Inside config/: the value of the key `numa`. */
#ifndef ETERNA_CONFIG_NUMA_H
#define ETERNA_CONFIG_NUMA_H

#include "config/config.h"

#define CONFIG_NUMA_VALUES "auto, spread, node N, or nodes between commas: node N cpus A-B memory SIZE"

/*
 * Read "auto", "spread", "node 1", or "node 0 cpus 0-1+4 memory 512M, node 1 cpus 2-3 memory 512M": a node without
 * `cpus` has none, one without `memory` neither.
 * Returns OK; otherwise `why` of `size` bytes says what is wrong, and `numa` is as it was.
 */
err_t config_numa_read(const char *value, struct config_numa *numa, char *why, size_t size) MUST_CHECK;

/* Do the nodes have each vcpu and all memory, once? Else `why` says what is amiss. */
bool config_numa_fits(const struct vm_config *vm, char *why, size_t size);

bool config_numa_valid(const struct config_numa *numa);

#endif
