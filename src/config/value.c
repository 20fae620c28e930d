// SPDX-License-Identifier: Apache-2.0
// Values of keys: text in, a checked number, choice, name or list out.
#include "base/assert.h"
#include "base/checked.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/apic_ids.h"
#include "config/keys.h"
#include "config/numa.h"

/* Where the words for a bad value go. */
struct why {
	char *text;
	size_t size;
};

static err_t read_number(const struct config_key *key, const char *value, void *dst, struct why why)
{
	u64 number;
	err_t err = str_to_u64(value, &number);

	if (err || number < key->min || number > key->max) {
		fmt_string(why.text, why.size, "\"%s\" is not a number from %llu to %llu", value,
			   (unsigned long long)key->min, (unsigned long long)key->max);
		return err ? err : ERR_RANGE;
	}
	store_u32(dst, (u32)number);
	return OK;
}

static err_t read_bytes(const struct config_key *key, const char *value, void *dst, struct why why)
{
	char least[32];
	char most[32];
	u64 bytes;
	err_t err = str_to_bytes(value, &bytes);

	fmt_bytes(least, sizeof(least), key->min);
	fmt_bytes(most, sizeof(most), key->max);
	if (err == ERR_FORMAT) {
		fmt_string(why.text, why.size, "\"%s\" is not a size such as 512M or 2G", value);
		return err;
	}
	if (err || bytes < key->min || bytes > key->max) {
		fmt_string(why.text, why.size, "\"%s\" is not within %s and %s", value, least, most);
		return ERR_RANGE;
	}
	if (!IS_ALIGNED(bytes, CONFIG_MEMORY_STEP)) {
		fmt_string(why.text, why.size, "\"%s\" is not a multiple of 2 MiB", value);
		return ERR_ALIGN;
	}
	store_u64(dst, bytes);
	return OK;
}

/* Number of `value` among the words of "a|b|c"; their count if it is none of them. */
static u32 choice_find(const char *choices, const char *value)
{
	size_t length = strlen(value);
	u32 i = 0;

	for (const char *word = choices; *word; i++) {
		const char *bar = strchr(word, '|');
		size_t word_length = bar ? (size_t)(bar - word) : strlen(word);

		if (word_length == length && strncmp(word, value, length) == 0)
			return i;
		word += word_length + (bar ? 1 : 0);
	}
	return i;
}

static u32 choice_count(const char *choices)
{
	return choice_find(choices, "|"); /* a bar is in no word */
}

static err_t read_choice(const struct config_key *key, const char *value, void *dst, struct why why)
{
	u32 choice = choice_find(key->choices, value);

	if (choice == choice_count(key->choices)) {
		fmt_string(why.text, why.size, "\"%s\" is none of %s", value, key->choices);
		return ERR_FORMAT;
	}
	store_u32(dst, choice);
	return OK;
}

static err_t read_switch(const char *value, void *dst, struct why why)
{
	u32 choice = choice_find("off|on|no|yes", value);

	if (choice > 3) {
		fmt_string(why.text, why.size, "\"%s\" is none of on|off|yes|no", value);
		return ERR_FORMAT;
	}
	*(bool *)dst = choice & 1;
	return OK;
}

static err_t read_text(const struct config_key *key, const char *value, char *dst, struct why why)
{
	if (strlen(value) >= key->max) {
		fmt_string(why.text, why.size, "%llu characters are too many; at most %llu",
			   (unsigned long long)strlen(value), (unsigned long long)key->max - 1);
		return ERR_SPACE;
	}
	memcpy(dst, value, strlen(value) + 1);
	return OK;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One name, without blanks inside. */
static err_t read_name(const char *text, size_t length, char *dst, struct why why)
{
	if (!length) {
		fmt_string(why.text, why.size, "the name of a boot module is missing");
		return ERR_FORMAT;
	}
	for (size_t i = 0; i < length; i++) {
		if (is_blank(text[i]) || text[i] == ',') {
			fmt_string(why.text, why.size, "\"%.*s\" is not one name", (int)MIN(length, 80u), text);
			return ERR_FORMAT;
		}
	}
	if (length >= CONFIG_MODULE_NAME_BYTES) {
		fmt_string(why.text, why.size, "the name of %llu characters is too long; at most %u",
			   (unsigned long long)length, CONFIG_MODULE_NAME_BYTES - 1);
		return ERR_SPACE;
	}
	memcpy(dst, text, length);
	dst[length] = '\0';
	return OK;
}

/* Names between commas. */
static err_t read_names(const char *value, struct config_names *dst, struct why why)
{
	struct config_names names = {.count = 0};

	while (*value) {
		const char *comma = strchr(value, ',');
		size_t length = comma ? (size_t)(comma - value) : strlen(value);
		const char *next = value + length + (comma ? 1 : 0);

		for (; length && is_blank(*value); value++)
			length--;
		while (length && is_blank(value[length - 1]))
			length--;
		if (names.count == CONFIG_INITRDS_MAX) {
			fmt_string(why.text, why.size, "more than %u names", CONFIG_INITRDS_MAX);
			return ERR_SPACE;
		}
		err_t err = read_name(value, length, names.name[names.count], why);
		if (err)
			return err;
		names.count++;
		value = next;
	}
	*dst = names;
	return OK;
}

static err_t read_cpus(const char *value, struct cpu_set *dst, struct why why)
{
	err_t err = OK;

	if (!*value)
		*dst = (struct cpu_set){{0}};
	else
		err = cpu_set_read(value, dst);
	if (err)
		fmt_string(why.text, why.size, "\"%s\" is not a list of CPUs such as 2-3 or 0,4, each at most %u",
			   value, CPU_SET_MAX - 1);
	return err;
}

/* Nanoseconds that a unit has; 0 if it is none. */
static u64 time_unit(const char *unit)
{
	static const struct {
		const char *name;
		u64 ns;
	} units[] = {{"us", NS_PER_US}, {"ms", NS_PER_MS}, {"s", NS_PER_SEC}, {"m", 60 * NS_PER_SEC}};

	for (u32 i = 0; i < ARRAY_COUNT(units); i++)
		if (!strcmp(unit, units[i].name))
			return units[i].ns;
	return 0;
}

/* "10ms", "10 ms", or "0". */
static err_t time_parse(const char *value, u64 *ns)
{
	u64 number = 0;
	u32 digits = 0;

	for (; value[digits] >= '0' && value[digits] <= '9'; digits++)
		if (!checked_mul(number, 10, &number) || !checked_add(number, (u64)(value[digits] - '0'), &number))
			return ERR_RANGE;
	value += digits;
	while (is_blank(*value))
		value++;
	if (!digits || (*value ? !time_unit(value) : number != 0))
		return ERR_FORMAT;
	*ns = 0;
	return !number || checked_mul(number, time_unit(value), ns) ? OK : ERR_RANGE;
}

static err_t read_time(const struct config_key *key, const char *value, void *dst, struct why why)
{
	char least[32];
	char most[32];
	u64 ns = 0;
	err_t err = time_parse(value, &ns);

	config_time_text(least, sizeof(least), key->min);
	config_time_text(most, sizeof(most), key->max);
	if (err == ERR_FORMAT) {
		fmt_string(why.text, why.size, "\"%s\" is not a time such as 500us, 10ms or 2s", value);
		return err;
	}
	if (err || ns < key->min || ns > key->max) {
		fmt_string(why.text, why.size, "\"%s\" is not within %s and %s", value, least, most);
		return ERR_RANGE;
	}
	store_u64(dst, ns);
	return OK;
}

err_t config_value_read(const struct config_key *key, const char *value, void *object, char *why, size_t size)
{
	void *dst = (char *)object + key->offset;
	struct why reason = {why, size};

	switch (key->kind) {
	case KIND_NUMBER:
		return read_number(key, value, dst, reason);
	case KIND_BYTES:
		return read_bytes(key, value, dst, reason);
	case KIND_CHOICE:
		return read_choice(key, value, dst, reason);
	case KIND_SWITCH:
		return read_switch(value, dst, reason);
	case KIND_TEXT:
		return read_text(key, value, dst, reason);
	case KIND_MODULE:
		return read_name(value, strlen(value), dst, reason);
	case KIND_MODULES:
		return read_names(value, dst, reason);
	case KIND_NUMA:
		return config_numa_read(value, dst, why, size);
	case KIND_APIC_IDS:
		return config_apic_ids_read(value, dst, why, size);
	case KIND_CPUS:
		return read_cpus(value, dst, reason);
	case KIND_TIME:
		return read_time(key, value, dst, reason);
	}
	return ERR_UNSUPPORTED;
}

void config_values_default(enum config_section section, void *object)
{
	char why[80];

	for (u32 i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if (key->section == section && key->fallback) {
			err_t err = config_value_read(key, key->fallback, object, why, sizeof(why));

			ASSERT(!err);
		}
	}
}
