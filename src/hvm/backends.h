/* SPDX-License-Identifier: Apache-2.0 */
/* The backends in this image, as make BACKENDS="..." chose them, in the order in which they are tried; ends with NULL. */
#ifndef ETERNA_HVM_BACKENDS_H
#define ETERNA_HVM_BACKENDS_H

#include "hvm/hvm.h"

extern const struct hvm_ops *const hvm_backends[];

#endif
