// SPDX-License-Identifier: Apache-2.0
// The key `apic_ids`: a list of numbers and ranges in, the vcpus' APIC ids out.
#include "config/apic_ids.h"

#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"

#define NUMBER_BYTES 8
#define NO_NUMBER (VNUMA_APIC_ID_MAX + 1)

static const char *blanks_skip(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

/* The number at `*text`, which moves behind it and the blanks after it; NO_NUMBER: none, or one too high. */
static u32 number_read(const char **text)
{
	char word[NUMBER_BYTES];
	const char *c = blanks_skip(*text);
	size_t n = 0;
	u64 number;

	while (*c && !strchr(" \t,-", *c) && n < NUMBER_BYTES - 1)
		word[n++] = *c++;
	word[n] = '\0';
	*text = blanks_skip(c);
	return str_to_u64(word, &number) ? NO_NUMBER : (u32)MIN(number, NO_NUMBER);
}

static bool has_id(const struct config_apic_ids *ids, u32 id)
{
	for (u32 i = 0; i < ids->count; i++)
		if (ids->id[i] == id)
			return true;
	return false;
}

static err_t id_add(struct config_apic_ids *ids, u32 id, char *why, size_t size)
{
	if (ids->count == VNUMA_VCPUS_MAX) {
		fmt_string(why, size, "more than %u ids", VNUMA_VCPUS_MAX);
		return ERR_SPACE;
	}
	if (id == VNUMA_APIC_ID_ALL)
		fmt_string(why, size, "%u is nobody's: it stands for all", id);
	else if (has_id(ids, id))
		fmt_string(why, size, "%u is there twice", id);
	else if (!ids->count && id > CONFIG_APIC_ID_FIRST_MAX)
		fmt_string(why, size, "%u is too high for vcpu 0, whose id is at most %u", id,
			   CONFIG_APIC_ID_FIRST_MAX);
	else {
		ids->id[ids->count++] = (u16)id;
		return OK;
	}
	return ERR_RANGE;
}

static err_t list_read(const char *value, struct config_apic_ids *ids, char *why, size_t size)
{
	const char *at = value;
	err_t err = OK;

	do {
		u32 first = number_read(&at);
		u32 last = first;

		if (*at == '-') {
			at++;
			last = number_read(&at);
		}
		if (first > last || last > VNUMA_APIC_ID_MAX || (*at && *at != ',')) {
			fmt_string(why, size, "\"%s\" is not a list of APIC ids such as 0-1,256, each at most %u",
				   value, VNUMA_APIC_ID_MAX);
			return ERR_FORMAT;
		}
		for (u32 id = first; !err && id <= last; id++)
			err = id_add(ids, id, why, size);
	} while (!err && *at++);
	return err;
}

err_t config_apic_ids_read(const char *value, struct config_apic_ids *ids, char *why, size_t size)
{
	struct config_apic_ids read = {.count = 0};
	err_t err = *value ? list_read(value, &read, why, size) : OK;

	if (!err)
		*ids = read;
	return err;
}

bool config_apic_ids_fit(const struct vm_config *vm, char *why, size_t size)
{
	struct vnuma v = {.node_count = vm->numa.vnode_count, .has_apic_ids = true};

	if (!vm->apic_ids.count)
		return true;
	if (vm->apic_ids.count != vm->vcpus) {
		fmt_string(why, size, "%u ids for the %u vcpus of [vm %s]", vm->apic_ids.count, vm->vcpus, vm->name);
		return false;
	}
	memcpy(v.node, vm->numa.vnode, sizeof(v.node));
	memcpy(v.apic_id, vm->apic_ids.id, sizeof(v.apic_id));
	if (vnuma_package_shift(&v) < VNUMA_NO_SHIFT)
		return true;
	fmt_string(why, size, "no bits of them tell the nodes of [vm %s] apart", vm->name);
	return false;
}

bool config_apic_ids_valid(const struct config_apic_ids *ids)
{
	if (ids->count > VNUMA_VCPUS_MAX || (ids->count && ids->id[0] > CONFIG_APIC_ID_FIRST_MAX))
		return false;
	for (u32 i = 0; i < ids->count; i++)
		for (u32 j = 0; j < i; j++)
			if (ids->id[i] == ids->id[j])
				return false;
	return !has_id(ids, VNUMA_APIC_ID_ALL);
}
