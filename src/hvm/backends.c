// SPDX-License-Identifier: Apache-2.0
// The backends in this image, from the list that mk/image.mk writes: a line BACKEND(name) for each folder beside this.
#include "hvm/backends.h"

#define BACKEND(name) extern const struct hvm_ops name##_ops;
#include "hvm/backend_list.inc"
#undef BACKEND

const struct hvm_ops *const hvm_backends[] = {
#define BACKEND(name) &name##_ops,
#include "hvm/backend_list.inc"
#undef BACKEND
	NULL};
