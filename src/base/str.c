// SPDX-License-Identifier: Apache-2.0
// String functions.
#include "base/str.h"

#include "base/checked.h"
#include "base/mem.h"

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (u8)*a < (u8)*b ? -1 : 1;
		if (!*a)
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

size_t str_length_within(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

err_t str_copy(char *dst, size_t size, const char *s)
{
	size_t n = str_length_within(s, size - 1);

	memcpy(dst, s, n);
	dst[n] = '\0';
	return s[n] ? ERR_SPACE : OK;
}

bool str_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

/* Read the digits at *s and step over them. */
static err_t number_parse(const char **s, u64 *out)
{
	unsigned base = 10;
	u64 value = 0;

	if ((*s)[0] == '0' && ((*s)[1] == 'x' || (*s)[1] == 'X')) {
		base = 16;
		*s += 2;
	}
	if (digit_value(**s) >= base)
		return ERR_FORMAT;
	for (; digit_value(**s) < base; (*s)++)
		if (!checked_mul(value, base, &value) || !checked_add(value, digit_value(**s), &value))
			return ERR_RANGE;
	*out = value;
	return OK;
}

err_t str_to_u64(const char *s, u64 *out)
{
	u64 value = 0;
	err_t err = number_parse(&s, &value);

	if (err)
		return err;
	if (*s)
		return ERR_FORMAT;
	*out = value;
	return OK;
}

/* Step over a size suffix; 0 when it is none. */
static u64 suffix_parse(const char **s)
{
	static const char letters[] = "kKmMgGtT";
	const char *at = **s ? strchr(letters, **s) : NULL;
	u64 unit = 1;

	if (at) {
		unit = 1ull << (((at - letters) / 2 + 1) * 10);
		(*s)++;
		if (**s == 'i' && (*s)[1] == 'B')
			(*s)++;
	}
	if (**s == 'B')
		(*s)++;
	return **s ? 0 : unit;
}

err_t str_to_bytes(const char *s, u64 *out)
{
	u64 value = 0;
	err_t err = number_parse(&s, &value);

	if (err)
		return err;
	u64 unit = suffix_parse(&s);
	if (!unit)
		return ERR_FORMAT;
	return checked_mul(value, unit, out) ? OK : ERR_RANGE;
}
