/* SPDX-License-Identifier: Apache-2.0 */
/* For inih in the image: what it uses of <string.h>, from base/str.c. */
#ifndef ETERNA_CONFIG_LIBC_STRING_H
#define ETERNA_CONFIG_LIBC_STRING_H

#include <stddef.h>

size_t strlen(const char *s);
char *strchr(const char *s, int c);

#endif
