// SPDX-License-Identifier: Apache-2.0
// The list of backends: the one place that names them.
#include "hvm/backends.h"

const struct hvm_ops *const hvm_backends[] = {&vmx_ops, NULL};
