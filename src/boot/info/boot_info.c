// SPDX-License-Identifier: Apache-2.0
// The record of what the boot loader said: adding to it without ever passing its bounds.
#include "boot/info/boot_info.h"

#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"

void boot_info_init(struct boot_info *info, const char *protocol)
{
	memset(info, 0, sizeof(*info));
	info->protocol = protocol;
	info->memory_source = "nothing";
	info->text_bytes = 1; /* offset 0 is the empty text */
}

void boot_info_add_range(struct boot_info *info, u64 base, u64 bytes, u32 kind)
{
	struct memory_range *last = info->range_count ? &info->ranges[info->range_count - 1] : NULL;

	if (last && last->kind == kind && last->bytes && bytes && base >= last->base &&
	    base - last->base == last->bytes && base + bytes > base) {
		last->bytes += bytes;
		return;
	}
	if (info->range_count == BOOT_RANGES_MAX) {
		info->lost.ranges++;
		return;
	}
	info->ranges[info->range_count++] = (struct memory_range){base, bytes, kind};
}

void boot_info_copy_text(struct boot_info *info, char *field, size_t size, const char *string, size_t length)
{
	size_t n = str_length_within(string, length);

	if (n > size - 1) {
		n = size - 1;
		info->lost.texts++;
	}
	memcpy(field, string, n);
	field[n] = '\0';
}

/* Put a text of `length` bytes into the pool; the empty text's offset when there is nothing to put. */
static u32 text_add(struct boot_info *info, const char *string, size_t length)
{
	size_t room = BOOT_TEXT_BYTES - info->text_bytes;
	u32 at = info->text_bytes;

	if (!length)
		return 0;
	if (room < length + 1) {
		info->lost.texts++;
		if (room < 2)
			return 0;
		length = room - 1;
	}
	memcpy(&info->text[at], string, length);
	info->text[at + length] = '\0';
	info->text_bytes += (u32)length + 1;
	return at;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Loaders give the path of the file as name or a name of the user's choice: what counts is the part after the last '/'.
 */
static u32 name_add(struct boot_info *info, const char *word, size_t length)
{
	char fallback[16];

	for (size_t i = length; i > 0; i--) {
		if (word[i - 1] == '/') {
			word += i;
			length -= i;
			break;
		}
	}
	if (length)
		return text_add(info, word, length);
	return text_add(info, fallback, fmt_string(fallback, sizeof(fallback), "module%u", info->module_count + 1));
}

void boot_info_add_module(struct boot_info *info, u64 start, u64 bytes, const char *string, size_t length)
{
	size_t end = str_length_within(string, length);
	size_t from = 0;
	size_t word = 0;

	if (info->module_count == BOOT_MODULES_MAX) {
		info->lost.modules++;
		return;
	}
	while (end && is_blank(string[end - 1]))
		end--;
	while (from < end && is_blank(string[from]))
		from++;
	while (from + word < end && !is_blank(string[from + word]))
		word++;

	struct boot_module *module = &info->modules[info->module_count];
	module->start = HPA(start);
	module->bytes = bytes;
	module->name = name_add(info, string + from, word);
	for (from += word; from < end && is_blank(string[from]); from++)
		;
	module->arguments = text_add(info, string + from, end - from);
	info->module_count++;
}

const char *boot_module_name(const struct boot_info *info, u32 index)
{
	return &info->text[info->modules[index].name];
}

const char *boot_module_arguments(const struct boot_info *info, u32 index)
{
	return &info->text[info->modules[index].arguments];
}

u32 boot_module_find(const struct boot_info *info, const char *name)
{
	u32 i;

	for (i = 0; i < info->module_count; i++)
		if (strcmp(boot_module_name(info, i), name) == 0)
			break;
	return i;
}

bool boot_info_valid(const struct boot_info *info)
{
	if (info->range_count > BOOT_RANGES_MAX || info->module_count > BOOT_MODULES_MAX)
		return false;
	if (info->text_bytes > BOOT_TEXT_BYTES || info->text[0] != '\0' || info->text[info->text_bytes - 1] != '\0')
		return false;
	if (info->rsdp_bytes != 0 && info->rsdp_bytes != 20 && info->rsdp_bytes != BOOT_RSDP_BYTES)
		return false;
	for (u32 i = 0; i < info->module_count; i++)
		if (info->modules[i].name >= info->text_bytes || info->modules[i].arguments >= info->text_bytes)
			return false;
	return str_length_within(info->loader, BOOT_LOADER_BYTES) < BOOT_LOADER_BYTES &&
	       str_length_within(info->command_line, BOOT_COMMAND_LINE_BYTES) < BOOT_COMMAND_LINE_BYTES;
}
