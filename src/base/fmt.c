// SPDX-License-Identifier: Apache-2.0
// Formatted text: parses one conversion at a time into a spec, then prints it.
#include "base/fmt.h"

#include "base/bits.h"
#include "base/str.h"

struct spec {
	bool left;
	bool zero;
	bool prefix; /* '#' */
	int width;
	int precision;  /* -1: none */
	unsigned bytes; /* of the integer argument */
};

static void put_padding(struct fmt_sink *sink, char c, int count)
{
	for (; count > 0; count--)
		sink->put(sink, c);
}

static void put_text(struct fmt_sink *sink, const struct spec *spec, const char *s, size_t length)
{
	int padding = spec->width - (int)length;

	if (!spec->left)
		put_padding(sink, ' ', padding);
	for (size_t i = 0; i < length; i++)
		sink->put(sink, s[i]);
	if (spec->left)
		put_padding(sink, ' ', padding);
}

static void put_string(struct fmt_sink *sink, const struct spec *spec, const char *s)
{
	size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

	if (!s)
		s = "(null)";
	put_text(sink, spec, s, str_length_within(s, max));
}

static void put_character(struct fmt_sink *sink, const struct spec *spec, char c)
{
	put_text(sink, spec, &c, 1);
}

static void put_number(struct fmt_sink *sink, const struct spec *spec, u64 value, unsigned base, const char *sign,
		       const char *digits)
{
	char text[24];
	int count = 0;
	int padding;

	do {
		text[count++] = digits[value % base];
		value /= base;
	} while (value);
	padding = spec->width - count - (int)strlen(sign);
	if (!spec->left && !spec->zero)
		put_padding(sink, ' ', padding);
	while (*sign)
		sink->put(sink, *sign++);
	if (!spec->left && spec->zero)
		put_padding(sink, '0', padding);
	while (count)
		sink->put(sink, text[--count]);
	if (spec->left)
		put_padding(sink, ' ', padding);
}

static int parse_count(const char **p, va_list *args)
{
	int n = 0;

	if (**p == '*') {
		(*p)++;
		return va_arg(*args, int);
	}
	for (; **p >= '0' && **p <= '9'; (*p)++)
		n = n * 10 + (**p - '0');
	return n;
}

static void parse_spec(const char **p, struct spec *spec, va_list *args)
{
	*spec = (struct spec){.precision = -1, .bytes = sizeof(int)};
	for (;; (*p)++) {
		if (**p == '-')
			spec->left = true;
		else if (**p == '0')
			spec->zero = true;
		else if (**p == '#')
			spec->prefix = true;
		else
			break;
	}
	spec->width = parse_count(p, args);
	if (spec->width < 0) { /* only '*' can be */
		spec->left = true;
		spec->width = -spec->width;
	}
	if (**p == '.') {
		(*p)++;
		spec->precision = parse_count(p, args);
	}
	for (;; (*p)++) {
		if (**p == 'l' || **p == 'z')
			spec->bytes = 8;
		else if (**p == 'h')
			spec->bytes = spec->bytes == 2 ? 1 : 2;
		else
			break;
	}
}

static u64 take_unsigned(const struct spec *spec, va_list *args)
{
	u64 value = spec->bytes == 8 ? va_arg(*args, u64) : va_arg(*args, u32);

	return value & bits_byte_mask(spec->bytes);
}

static void put_signed(struct fmt_sink *sink, const struct spec *spec, va_list *args)
{
	s64 value = (s64)bits_sign_extend(take_unsigned(spec, args), spec->bytes);

	put_number(sink, spec, value < 0 ? 0 - (u64)value : (u64)value, 10, value < 0 ? "-" : "", "0123456789");
}

static void put_conversion(struct fmt_sink *sink, char kind, const struct spec *spec, va_list *args)
{
	switch (kind) {
	case 'd':
	case 'i':
		put_signed(sink, spec, args);
		break;
	case 'u':
		put_number(sink, spec, take_unsigned(spec, args), 10, "", "0123456789");
		break;
	case 'x':
		put_number(sink, spec, take_unsigned(spec, args), 16, spec->prefix ? "0x" : "", "0123456789abcdef");
		break;
	case 'X':
		put_number(sink, spec, take_unsigned(spec, args), 16, spec->prefix ? "0X" : "", "0123456789ABCDEF");
		break;
	case 'p':
		put_number(sink, spec, (u64)(uintptr_t)va_arg(*args, void *), 16, "0x", "0123456789abcdef");
		break;
	case 'c':
		put_character(sink, spec, (char)va_arg(*args, int));
		break;
	case 's':
		put_string(sink, spec, va_arg(*args, const char *));
		break;
	case '%':
		sink->put(sink, '%');
		break;
	default:
		sink->put(sink, '%');
		sink->put(sink, kind);
	}
}

void fmt_print_args(struct fmt_sink *sink, const char *format, va_list args)
{
	va_list copy;

	va_copy(copy, args);
	for (const char *p = format; *p; p++) {
		struct spec spec;

		if (*p != '%') {
			sink->put(sink, *p);
			continue;
		}
		p++;
		parse_spec(&p, &spec, &copy);
		if (!*p)
			break;
		put_conversion(sink, *p, &spec, &copy);
	}
	va_end(copy);
}

void fmt_print(struct fmt_sink *sink, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fmt_print_args(sink, format, args);
	va_end(args);
}

struct buffer_sink {
	struct fmt_sink sink;
	char *buf;
	size_t size;
	size_t length;
};

static void buffer_put(struct fmt_sink *sink, char c)
{
	struct buffer_sink *b = CONTAINER_OF(sink, struct buffer_sink, sink);

	if (b->length + 1 < b->size)
		b->buf[b->length] = c;
	b->length++;
}

size_t fmt_string_args(char *buf, size_t size, const char *format, va_list args)
{
	struct buffer_sink b = {.sink.put = buffer_put, .buf = buf, .size = size};

	fmt_print_args(&b.sink, format, args);
	if (size)
		buf[MIN(b.length, size - 1)] = '\0';
	return b.length;
}

size_t fmt_string(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = fmt_string_args(buf, size, format, args);
	va_end(args);
	return length;
}

size_t fmt_bytes(char *buf, size_t size, u64 bytes)
{
	static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	unsigned i = 0;

	while (bytes && bytes % 1024 == 0 && i + 1 < ARRAY_COUNT(unit)) {
		bytes /= 1024;
		i++;
	}
	return fmt_string(buf, size, "%llu %s", (unsigned long long)bytes, unit[i]);
}
