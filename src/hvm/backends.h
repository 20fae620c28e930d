/* SPDX-License-Identifier: Apache-2.0 */
/* The backends in this image, in the order in which they are tried; ends with NULL. make BACKENDS=... names them. */
#ifndef ETERNA_HVM_BACKENDS_H
#define ETERNA_HVM_BACKENDS_H

#include "hvm/hvm.h"

extern const struct hvm_ops *const hvm_backends[];

#endif
