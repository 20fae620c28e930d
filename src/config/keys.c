// SPDX-License-Identifier: Apache-2.0
// The table of keys, and finding one by its exact or approximate name.
#include "config/keys.h"

#include "base/fmt.h"
#include "base/str.h"
#include "base/types.h"
#include "config/numa.h"

#define HOST(member) SECTION_HOST, .offset = offsetof(struct host_config, member)
#define VM(member) SECTION_VM, .offset = offsetof(struct vm_config, member)

const struct config_key config_keys[] = {
	{"log", HOST(log), .kind = KIND_CHOICE, .choices = "error|warn|info|debug", .fallback = "info",
	 .description = "which of ETERNA's own messages are shown and kept: this kind and all before it"},
	{"cpus", HOST(cpus), .kind = KIND_NUMBER, .min = 1, .max = 256, .fallback = "256",
	 .description = "how many of the machine's CPUs ETERNA uses at most; the others stay parked"},
	{"apicv", HOST(apicv), .kind = KIND_SWITCH, .fallback = "on",
	 .description = "let the processor work the guests' local APICs by itself, where it can"},
	{"vcpus", VM(vcpus), .kind = KIND_NUMBER, .min = 1, .max = 64, .fallback = "1",
	 .description = "number of virtual CPUs"},
	{"memory", VM(memory_bytes), .kind = KIND_BYTES, .min = 2 * MIB, .max = 16 * 1024 * GIB, .fallback = "256M",
	 .description = "size of the guest's RAM"},
	{"kernel", VM(kernel), .kind = KIND_MODULE, .max = CONFIG_MODULE_NAME_BYTES, .fallback = NULL,
	 .description = "the boot module to start"},
	{"initrd", VM(initrd), .kind = KIND_MODULES, .fallback = "",
	 .description = "boot modules that the kernel gets: initrds for Linux, joined in this order; else modules"},
	{"cmdline", VM(cmdline), .kind = KIND_TEXT, .max = CONFIG_COMMAND_LINE_BYTES, .fallback = "",
	 .description = "the kernel's command line, up to the end of the line"},
	{"loader", VM(loader), .kind = KIND_CHOICE, .choices = "auto|linux|multiboot|pvh", .fallback = "auto",
	 .description = "boot protocol; auto looks at the kernel"},
	{"numa", VM(numa), .kind = KIND_NUMA, .fallback = "auto",
	 .description = "where its memory and vcpus go among the machine's NUMA nodes, see below"},
	{"numa_policy", VM(numa_policy), .kind = KIND_CHOICE, .choices = "preferred|strict", .fallback = "preferred",
	 .description = "memory from there and, when that is full, from near nodes; or from nowhere else"},
	{"apic_ids", VM(apic_ids), .kind = KIND_APIC_IDS, .fallback = "",
	 .description = "its vcpus' APIC ids, in their order; else they count from 0, or by NUMA node, see below"},
	{"console", VM(console), .kind = KIND_SWITCH, .fallback = "on",
	 .description = "connect the guest's COM1 to ETERNA's console"},
	{"com2", VM(com2), .kind = KIND_CHOICE, .choices = "none|null|console", .fallback = "none",
	 .description = "the guest's second serial port: there is none; its output is dropped; it has a place at "
			"ETERNA's console"},
	{"com3", VM(com3), .kind = KIND_CHOICE, .choices = "none|null|console", .fallback = "none",
	 .description = "the same for the third"},
	{"com4", VM(com4), .kind = KIND_CHOICE, .choices = "none|null|console", .fallback = "none",
	 .description = "the same for the fourth"},
	{"testdev", VM(testdev), .kind = KIND_SWITCH, .fallback = "no",
	 .description = "add QEMU's isa-debug-exit and pc-testdev and the forced-emulation prefix"},
	{"on_shutdown", VM(on_shutdown), .kind = KIND_CHOICE, .choices = "destroy|restart", .fallback = "destroy",
	 .description = "what happens when the guest powers itself off"},
	{"on_reset", VM(on_reset), .kind = KIND_CHOICE, .choices = "restart|destroy", .fallback = "restart",
	 .description = "what happens when the guest resets its machine"},
	{"on_crash", VM(on_crash), .kind = KIND_CHOICE, .choices = "stop|restart|pause", .fallback = "stop",
	 .description = "what happens when the guest cannot go on (triple fault and the like)"},
	{"autostart", VM(autostart), .kind = KIND_SWITCH, .fallback = "yes",
	 .description = "start it at boot, or only from the prompt"},
	{"start_order", VM(start_order), .kind = KIND_NUMBER, .max = 1000, .fallback = "100",
	 .description = "VMs that start at boot do so from the lowest on; equals in the file's order"},
	{"start_delay", VM(start_delay_ns), .kind = KIND_TIME, .max = 3600 * NS_PER_SEC, .fallback = "0",
	 .description = "how long after the one before it in that order it starts"},
	{"cpus", VM(cpus), .kind = KIND_CPUS, .fallback = "",
	 .description = "the machine's CPUs that its vcpus may run on; all where none is given"},
	{"cpus_exclusive", VM(cpus_exclusive), .kind = KIND_SWITCH, .fallback = "no",
	 .description = "keep all other VMs off these CPUs"},
	{"migrate", VM(migrate), .kind = KIND_SWITCH, .fallback = "yes",
	 .description = "its vcpus move to idle CPUs of those that they may run on; no: each stays on the first one"},
	{"weight", VM(weight), .kind = KIND_NUMBER, .min = 1, .max = 10000, .fallback = "100",
	 .description = "each vcpu's share of a CPU, against the weights of those that compete with it"},
	{"cap", VM(cap), .kind = KIND_NUMBER, .min = 1, .max = 100, .fallback = "100",
	 .description = "percent of a CPU that each vcpu gets at most; 100 is no cap"},
	{"budget", VM(budget_ns), .kind = KIND_TIME, .max = NS_PER_SEC, .fallback = "0",
	 .description = "time that is reserved for each vcpu in each period; 0 is no reservation"},
	{"period", VM(period_ns), .kind = KIND_TIME, .min = NS_PER_MS, .max = NS_PER_SEC, .fallback = "100ms",
	 .description = "the reservation's period"},
	{"trace", VM(trace), .kind = KIND_SWITCH, .fallback = "off",
	 .description = "remember the last 4096 exits of each vcpu, and what those of each kind take"},
	{"gdb", VM(gdb), .kind = KIND_CHOICE, .choices = "off|on|wait", .fallback = "off",
	 .description =
		 "let gdb attach on the second serial port; wait: stop before the first instruction until it has"},
	{"on_gdb_lost", VM(on_gdb_lost), .kind = KIND_CHOICE, .choices = "continue|pause", .fallback = "continue",
	 .description = "what happens when gdb's connection breaks without its detaching"},
};

const u32 config_key_count = ARRAY_COUNT(config_keys);

_Static_assert(ARRAY_COUNT(config_keys) <= CONFIG_KEYS_MAX, "each key has an entry in lines[]");

u32 config_key_find(enum config_section section, const char *name)
{
	u32 i;

	for (i = 0; i < config_key_count; i++)
		if (config_keys[i].section == section && strcmp(config_keys[i].name, name) == 0)
			break;
	return i;
}

#define WORD_MAX 16

/* How many letters must be added, dropped or replaced to make one word of the other (Levenshtein's distance). */
static u32 word_distance(const char *a, const char *b)
{
	u32 row[WORD_MAX + 1];
	size_t width = strlen(b);

	if (strlen(a) > WORD_MAX || width > WORD_MAX)
		return WORD_MAX;
	for (u32 j = 0; j <= width; j++)
		row[j] = j;
	for (u32 i = 1; a[i - 1]; i++) {
		u32 diagonal = row[0];

		row[0] = i;
		for (u32 j = 1; j <= width; j++) {
			u32 above = row[j];
			u32 replaced = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = MIN(MIN(above, row[j - 1]) + 1, replaced);
			diagonal = above;
		}
	}
	return row[width];
}

const char *config_key_suggest(enum config_section section, const char *name)
{
	const char *best = NULL;
	u32 best_distance = 3;

	for (u32 i = 0; i < config_key_count; i++) {
		u32 distance = word_distance(name, config_keys[i].name);

		if (config_keys[i].section == section && distance < best_distance &&
		    distance < strlen(config_keys[i].name)) {
			best = config_keys[i].name;
			best_distance = distance;
		}
	}
	return best;
}

void config_time_text(char *buf, size_t size, u64 ns)
{
	static const struct {
		u64 ns;
		const char *unit;
	} units[] = {{NS_PER_SEC, "s"}, {NS_PER_MS, "ms"}, {NS_PER_US, "us"}, {1, "ns"}};
	u32 i = 0;

	while (ns % units[i].ns)
		i++;
	(void)fmt_string(buf, size, "%llu%s", (unsigned long long)(ns / units[i].ns), ns ? units[i].unit : "");
}

size_t config_key_values(const struct config_key *key, char *buf, size_t size)
{
	char least[32];
	char most[32];
	size_t used = 0;

	switch (key->kind) {
	case KIND_CPUS:
		return fmt_string(buf, size, "numbers and ranges between commas, 0 to %u", CPU_SET_MAX - 1);
	case KIND_APIC_IDS:
		return fmt_string(buf, size, "numbers and ranges between commas, 0 to %u", VNUMA_APIC_ID_MAX);
	case KIND_TIME:
		config_time_text(least, sizeof(least), key->min);
		config_time_text(most, sizeof(most), key->max);
		return fmt_string(buf, size, "a time from %s to %s", least, most);
	case KIND_NUMBER:
		return fmt_string(buf, size, "%llu to %llu", (unsigned long long)key->min,
				  (unsigned long long)key->max);
	case KIND_BYTES:
		fmt_bytes(least, sizeof(least), key->min);
		fmt_bytes(most, sizeof(most), key->max);
		return fmt_string(buf, size, "a multiple of 2 MiB from %s to %s", least, most);
	case KIND_CHOICE:
		for (const char *c = key->choices; *c; c++)
			used += fmt_string(buf + MIN(used, size), used < size ? size - used : 0, "%.*s",
					   *c == '|' ? 2 : 1, *c == '|' ? ", " : c);
		return used;
	case KIND_SWITCH:
		return fmt_string(buf, size, "on, off, yes, no");
	case KIND_TEXT:
		return fmt_string(buf, size, "up to %llu characters", (unsigned long long)key->max - 1);
	case KIND_MODULE:
		return fmt_string(buf, size, "a boot module's name");
	case KIND_MODULES:
		return fmt_string(buf, size, "up to %u boot modules' names, between commas", CONFIG_INITRDS_MAX);
	case KIND_NUMA:
		return fmt_string(buf, size, "%s", CONFIG_NUMA_VALUES);
	}
	return 0;
}
