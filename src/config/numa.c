// SPDX-License-Identifier: Apache-2.0
// The key `numa`: words in, a mode and nodes out.
#include "config/numa.h"

#include "base/cpu_set.h"
#include "base/fmt.h"
#include "base/str.h"

#define WORD_BYTES 64
#define MEMORY_MAX (16 * 1024 * GIB) /* as the key `memory`: sums don't overflow */

/* What is left to be read, the word read last, and where the words for a bad value go. */
struct words {
	const char *left;
	char word[WORD_BYTES];
	char *why;
	size_t size;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word, a comma being one; "" at the end. A longer one is cut, and then is none that is known. */
static const char *word_next(struct words *w)
{
	size_t n = 0;

	while (is_blank(*w->left))
		w->left++;
	if (*w->left == ',')
		w->word[n++] = *w->left++;
	else
		while (*w->left && *w->left != ',' && !is_blank(*w->left)) {
			if (n < WORD_BYTES - 1)
				w->word[n++] = *w->left;
			w->left++;
		}
	w->word[n] = '\0';
	return w->word;
}

static bool is_word(const struct words *w, const char *word)
{
	return !strcmp(w->word, word);
}

static err_t refuse(struct words *w, const char *what)
{
	fmt_string(w->why, w->size, "\"%s\" is %s", w->word, what);
	return ERR_FORMAT;
}

/* CPUs as in cpu_set_read(), with '+' for the comma, which divides nodes here. */
static err_t read_cpus(struct words *w, u64 *vcpus)
{
	struct cpu_set set;
	char text[WORD_BYTES];

	(void)word_next(w);
	for (size_t i = 0; i < WORD_BYTES; i++)
		text[i] = w->word[i] == '+' ? ',' : w->word[i];
	if (cpu_set_read(text, &set) || cpu_set_next(&set, VNUMA_VCPUS_MAX) != CPU_SET_NONE)
		return refuse(w, "no list of vcpus such as 0-1+4");
	*vcpus = set.word[0];
	return OK;
}

static err_t read_memory(struct words *w, u64 *bytes)
{
	if (str_to_bytes(word_next(w), bytes) || !IS_ALIGNED(*bytes, CONFIG_MEMORY_STEP) || *bytes > MEMORY_MAX)
		return refuse(w, "no multiple of 2 MiB such as 512M");
	return OK;
}

static err_t read_host_node(struct words *w, u8 *node)
{
	u64 number;

	if (str_to_u64(word_next(w), &number) || number >= CONFIG_NUMA_HOST_NODES)
		return refuse(w, "no node's number");
	*node = (u8)number;
	return OK;
}

/* "node N" and what it has, up to a comma or the end: then that is the word read last. */
static err_t read_node(struct words *w, struct vnuma_node *node, bool *is_bare)
{
	err_t err;

	*node = (struct vnuma_node){0};
	*is_bare = true;
	if (!is_word(w, "node"))
		return refuse(w, "none of auto, spread, node");
	err = read_host_node(w, &node->host_node);
	while (!err && !str_starts_with(word_next(w), ",") && w->word[0]) {
		*is_bare = false;
		if (is_word(w, "cpus"))
			err = read_cpus(w, &node->vcpus);
		else if (is_word(w, "memory"))
			err = read_memory(w, &node->memory_bytes);
		else
			err = refuse(w, "neither cpus nor memory");
	}
	return err;
}

static err_t read_nodes(struct words *w, struct config_numa *numa)
{
	struct config_numa read = {.mode = CONFIG_NUMA_VNODES};
	bool is_bare = false;

	do {
		err_t err;

		if (read.vnode_count == VNUMA_NODES_MAX) {
			fmt_string(w->why, w->size, "more than %u nodes", VNUMA_NODES_MAX);
			return ERR_SPACE;
		}
		if (read.vnode_count)
			(void)word_next(w);
		err = read_node(w, &read.vnode[read.vnode_count++], &is_bare);
		if (err)
			return err;
	} while (is_word(w, ","));
	if (read.vnode_count == 1 && is_bare) {
		read.mode = CONFIG_NUMA_NODE;
		read.node = read.vnode[0].host_node;
		read.vnode_count = 0;
	}
	*numa = read;
	return OK;
}

err_t config_numa_read(const char *value, struct config_numa *numa, char *why, size_t size)
{
	struct words w = {.left = value, .why = why, .size = size};
	bool is_auto;

	(void)word_next(&w);
	is_auto = is_word(&w, "auto");
	if (!is_auto && !is_word(&w, "spread"))
		return read_nodes(&w, numa);
	if (*word_next(&w))
		return refuse(&w, "one word too many");
	*numa = (struct config_numa){.mode = is_auto ? CONFIG_NUMA_AUTO : CONFIG_NUMA_SPREAD};
	return OK;
}

bool config_numa_fits(const struct vm_config *vm, char *why, size_t size)
{
	u64 vcpus = 0, twice = 0, memory = 0;
	u64 all = ~0ull >> (VNUMA_VCPUS_MAX - vm->vcpus);

	if (vm->numa.mode != CONFIG_NUMA_VNODES)
		return true;
	for (u32 i = 0; i < vm->numa.vnode_count; i++) {
		twice |= vcpus & vm->numa.vnode[i].vcpus;
		vcpus |= vm->numa.vnode[i].vcpus;
		memory += vm->numa.vnode[i].memory_bytes;
	}
	if (vcpus != all || twice)
		fmt_string(why, size, "the nodes of [vm %s] don't have each of its %u vcpus once", vm->name, vm->vcpus);
	else if (memory != vm->memory_bytes)
		fmt_string(why, size, "the nodes of [vm %s] have %lu MiB together, its memory is %lu MiB", vm->name,
			   memory / MIB, vm->memory_bytes / MIB);
	return vcpus == all && !twice && memory == vm->memory_bytes;
}

bool config_numa_valid(const struct config_numa *numa)
{
	return numa->mode <= CONFIG_NUMA_VNODES && numa->vnode_count <= VNUMA_NODES_MAX &&
	       numa->node < CONFIG_NUMA_HOST_NODES;
}
