/* SPDX-License-Identifier: Apache-2.0 */
/* For inih in the image: white space as in the C locale. */
#ifndef ETERNA_CONFIG_LIBC_CTYPE_H
#define ETERNA_CONFIG_LIBC_CTYPE_H

static inline int isspace(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
