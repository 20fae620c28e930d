// SPDX-License-Identifier: Apache-2.0
// eterna.conf: what it says, every error's exact text, and that no error hides another.
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/types.h"
#include "config/keys.h"

static struct config config;
static char errors[16384];

static void take_error(struct config_sink *sink, u32 line, const char *text)
{
	char head[32];

	(void)sink;
	snprintf(head, sizeof(head), line ? "eterna.conf:%u: " : "eterna.conf: ", line);
	assert_int_equal(strncmp(text, head, strlen(head)), 0);
	strcat(errors, text + strlen("eterna.conf:"));
	strcat(errors, "\n");
}

static struct config_sink sink = {take_error};

static void parse_bytes(const char *text, size_t bytes)
{
	err_t err;

	errors[0] = '\0';
	err = config_parse(text, bytes, &config, &sink);
	assert_true(config_valid(&config));
	assert_int_equal(err, errors[0] ? ERR_FORMAT : OK);
}

/* The text gives these errors, each without its "eterna.conf:". */
static void expect(const char *text, const char *expected)
{
	parse_bytes(text, strlen(text));
	assert_string_equal(errors, expected);
}

static void all_keys_are_read(void **state)
{
	const struct vm_config *vm = &config.vms[0];

	(void)state;
	expect("# a comment\n"
	       "[host]\n"
	       "log = debug\n"
	       "\n"
	       "; another\n"
	       "[vm debian]\n"
	       "vcpus = 0x4\n"
	       "memory=1G\n"
	       "  kernel = vmlinuz  \n"
	       "initrd = initrd.gz , modules.gz\n"
	       "cmdline = console=ttyS0 root=/dev/sda;x # quiet\n"
	       "loader = linux\r\n"
	       "console = off\n"
	       "testdev = yes\n"
	       "on_shutdown = restart\n"
	       "on_crash = pause\n"
	       "autostart = no\n"
	       "start_order = 7\n"
	       "start_delay = 1500 ms\n"
	       "cpus = 2-3,8\n"
	       "cpus_exclusive = yes\n"
	       "weight = 250\n"
	       "cap = 40\n"
	       "budget = 250us\n"
	       "period = 10ms\n"
	       "gdb = wait\n"
	       "on_gdb_lost = pause\n"
	       "[vm tests]\n"
	       "kernel: apic.elf",
	       "");
	assert_int_equal(config.host.log, CONFIG_LOG_DEBUG);
	assert_int_equal(config.vm_count, 2);
	assert_string_equal(vm->name, "debian");
	assert_int_equal(vm->line, 6);
	assert_int_equal(vm->vcpus, 4);
	assert_int_equal(vm->memory_bytes, GIB);
	assert_string_equal(vm->kernel, "vmlinuz");
	assert_int_equal(vm->initrd.count, 2);
	assert_string_equal(vm->initrd.name[0], "initrd.gz");
	assert_string_equal(vm->initrd.name[1], "modules.gz");
	assert_string_equal(vm->cmdline, "console=ttyS0 root=/dev/sda;x # quiet");
	assert_int_equal(vm->loader, CONFIG_LOADER_LINUX);
	assert_false(vm->console);
	assert_true(vm->testdev);
	assert_int_equal(vm->on_shutdown, CONFIG_SHUTDOWN_RESTART);
	assert_int_equal(vm->on_crash, CONFIG_CRASH_PAUSE);
	assert_false(vm->autostart);
	assert_int_equal(vm->start_order, 7);
	assert_int_equal(vm->start_delay_ns, 1500 * NS_PER_MS);
	assert_true(cpu_set_has(&vm->cpus, 3) && cpu_set_has(&vm->cpus, 8) && cpu_set_count(&vm->cpus) == 3);
	assert_true(vm->cpus_exclusive);
	assert_int_equal(vm->weight, 250);
	assert_int_equal(vm->cap, 40);
	assert_int_equal(vm->budget_ns, 250 * NS_PER_US);
	assert_int_equal(vm->period_ns, 10 * NS_PER_MS);
	assert_int_equal(vm->gdb, CONFIG_GDB_WAIT);
	assert_int_equal(vm->on_gdb_lost, CONFIG_GDB_LOST_PAUSE);
	assert_string_equal(config.vms[1].kernel, "apic.elf");
	assert_int_equal(config.vms[1].line, 28);
}

static void defaults_are_the_tables(void **state)
{
	const struct vm_config *vm = &config.vms[0];

	(void)state;
	expect("\xef\xbb\xbf[vm a]\nkernel = k\n", "");
	assert_int_equal(config.host.log, CONFIG_LOG_INFO);
	assert_int_equal(vm->vcpus, 1);
	assert_int_equal(vm->memory_bytes, 256 * MIB);
	assert_int_equal(vm->initrd.count, 0);
	assert_string_equal(vm->cmdline, "");
	assert_int_equal(vm->loader, CONFIG_LOADER_AUTO);
	assert_true(vm->console);
	assert_false(vm->testdev);
	assert_int_equal(vm->on_shutdown, CONFIG_SHUTDOWN_DESTROY);
	assert_int_equal(vm->on_crash, CONFIG_CRASH_STOP);
	assert_true(vm->autostart);
	assert_int_equal(vm->gdb, CONFIG_GDB_OFF);
	assert_int_equal(vm->on_gdb_lost, CONFIG_GDB_LOST_CONTINUE);
}

static void every_error_is_listed(void **state)
{
	(void)state;
	expect("log = info\n"
	       "[hosts]\n"
	       "whatever = 1\n"
	       "[vm debian]\n"
	       "memroy = 1G\n"
	       "vcpus = 65\n"
	       "nonsense\n"
	       "memory = 1X\n"
	       "memory = 1G\n"
	       "log = info\n"
	       "zzz = 1\n"
	       "[vm debian]\n"
	       "kernel = a b\n"
	       "[vm two words]\n"
	       "[vm]\n"
	       "[host]\n"
	       "log = loud\n"
	       "[host]\n"
	       "[vm open\n"
	       "vcpus = 99\n"
	       "= 5\n",
	       "1: \"log\" stands before any section\n"
	       "2: unknown section [hosts]: there are [host] and [vm NAME]\n"
	       "5: unknown key \"memroy\" in [vm debian] (did you mean \"memory\"?)\n"
	       "6: vcpus: \"65\" is not a number from 1 to 64\n"
	       "7: neither a [section] nor a \"key = value\"\n"
	       "8: memory: \"1X\" is not a size such as 512M or 2G\n"
	       "9: \"memory\" again in [vm debian]: the first is on line 8\n"
	       "10: unknown key \"log\" in [vm debian]: it belongs to [host]\n"
	       "11: unknown key \"zzz\" in [vm debian]\n"
	       "12: [vm debian] again: the first is on line 4\n"
	       "13: kernel: \"a b\" is not one name\n"
	       "14: \"two words\" is no name for a VM: 1 to 31 letters, digits, '-', '_' or '.'\n"
	       "15: unknown section [vm]: there are [host] and [vm NAME]\n"
	       "17: log: \"loud\" is none of error|warn|info|debug\n"
	       "18: [host] again: it began on line 16\n"
	       "19: a section's head without its \"]\"\n"
	       "4: [vm debian] has no \"kernel\"\n");
	assert_int_equal(config.error_count, 17);
}

static void bad_values_are_told(void **state)
{
	static const struct {
		const char *line, *error;
	} rows[] = {
		{"vcpus = 0", "vcpus: \"0\" is not a number from 1 to 64"},
		{"vcpus = two", "vcpus: \"two\" is not a number from 1 to 64"},
		{"vcpus =", "vcpus: \"\" is not a number from 1 to 64"},
		{"vcpus = 99999999999999999999", "vcpus: \"99999999999999999999\" is not a number from 1 to 64"},
		{"cpus = 3-2", "cpus: \"3-2\" is not a list of CPUs such as 2-3 or 0,4, each at most 255"},
		{"cpus = 256", "cpus: \"256\" is not a list of CPUs such as 2-3 or 0,4, each at most 255"},
		{"apic_ids = 1-", "apic_ids: \"1-\" is not a list of APIC ids such as 0-1,256, each at most 32767"},
		{"apic_ids = 0,32768",
		 "apic_ids: \"0,32768\" is not a list of APIC ids such as 0-1,256, each at most 32767"},
		{"apic_ids = 0-70", "apic_ids: more than 64 ids"},
		{"apic_ids = 255", "apic_ids: 255 is nobody's: it stands for all"},
		{"apic_ids = 0,254-256", "apic_ids: 255 is nobody's: it stands for all"},
		{"apic_ids = 256,0", "apic_ids: 256 is too high for vcpu 0, whose id is at most 254"},
		{"apic_ids = 0-3,2", "apic_ids: 2 is there twice"},
		{"budget = 10", "budget: \"10\" is not a time such as 500us, 10ms or 2s"},
		{"budget = ms", "budget: \"ms\" is not a time such as 500us, 10ms or 2s"},
		{"budget = 10 hours", "budget: \"10 hours\" is not a time such as 500us, 10ms or 2s"},
		{"budget = 1001ms", "budget: \"1001ms\" is not within 0 and 1s"},
		{"budget = 99999999999999999999s", "budget: \"99999999999999999999s\" is not within 0 and 1s"},
		{"period = 0", "period: \"0\" is not within 1ms and 1s"},
		{"start_delay = 9999999999999999m", "start_delay: \"9999999999999999m\" is not within 0 and 3600s"},
		{"weight = 0", "weight: \"0\" is not a number from 1 to 10000"},
		{"memory = 1M", "memory: \"1M\" is not within 2 MiB and 16 TiB"},
		{"memory = 17T", "memory: \"17T\" is not within 2 MiB and 16 TiB"},
		{"memory = 99999999999T", "memory: \"99999999999T\" is not within 2 MiB and 16 TiB"},
		{"memory = 3M", "memory: \"3M\" is not a multiple of 2 MiB"},
		{"memory = 1G ; much", "memory: \"1G ; much\" is not a size such as 512M or 2G"},
		{"kernel =", "kernel: the name of a boot module is missing"},
		{"initrd = a,,b", "initrd: the name of a boot module is missing"},
		{"initrd = a b", "initrd: \"a b\" is not one name"},
		{"initrd = 1,2,3,4,5,6,7,8,9", "initrd: more than 8 names"},
		{"kernel = 0123456789012345678901234567890123456789012345678901234567890123",
		 "kernel: the name of 64 characters is too long; at most 63"},
		{"loader = uefi", "loader: \"uefi\" is none of auto|linux|multiboot|pvh"},
		{"loader = auto|linux", "loader: \"auto|linux\" is none of auto|linux|multiboot|pvh"},
		{"console = 1", "console: \"1\" is none of on|off|yes|no"},
		{"on_crash = destroy", "on_crash: \"destroy\" is none of stop|restart|pause"},
		{"vm_name = x", "unknown key \"vm_name\" in [vm a]"},
		{"vcpu = 2", "unknown key \"vcpu\" in [vm a] (did you mean \"vcpus\"?)"},
		{"onshutdown = restart", "unknown key \"onshutdown\" in [vm a] (did you mean \"on_shutdown\"?)"},
		{"extraordinarily_long = 1", "unknown key \"extraordinarily_long\" in [vm a]"},
	};
	char text[256];
	char expected[256];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		bool has_kernel = strncmp(rows[i].line, "kernel", 6) == 0;

		snprintf(text, sizeof(text), "[vm a]\n%s\n%s", rows[i].line, has_kernel ? "" : "kernel = k\n");
		snprintf(expected, sizeof(expected), "2: %s\n", rows[i].error);
		expect(text, expected);
	}
}

static void lines_have_a_length(void **state)
{
	static char text[8192];
	size_t used = (size_t)sprintf(text, "[vm a]\nkernel = k\ncmdline = ");

	(void)state;
	memset(text + used, 'x', 2047);
	strcpy(text + used + 2047, "\nvcpus = 2\n");
	expect(text, "");
	assert_int_equal(strlen(config.vms[0].cmdline), 2047);
	assert_int_equal(config.vms[0].vcpus, 2);

	memset(text + used, 'x', 2048);
	strcpy(text + used + 2048, "\nvcpus = 2\n");
	expect(text, "3: cmdline: 2048 characters are too many; at most 2047\n");

	memset(text + used, 'x', 6000);
	strcpy(text + used + 6000, "\nvcpus = 200\n");
	expect(text, "3: the line is too long\n"
		     "4: vcpus: \"200\" is not a number from 1 to 64\n");
}

static void odd_bytes_are_told(void **state)
{
	static const char nul[] = "[vm a]\nkernel = k\nvc\0us = 2\n\0\n[v\0m b]\nvcpus = 99\n";
	static const char long_head[] = "[vm 0123456789012345678901234567890123456789012345678901234567890]\nx = 1\n";

	(void)state;
	parse_bytes(nul, sizeof(nul) - 1);
	assert_string_equal(errors, "3: a NUL byte in the text\n"
				    "4: a NUL byte in the text\n"
				    "5: a NUL byte in the text\n");
	expect(long_head, "1: the section's name is too long\n");
	expect("", " no [vm NAME] section: there is nothing to start\n");
	expect("[vm 0123456789012345678901234567890]\nkernel = k\n", "");
	expect("[vm 01234567890123456789012345678901]\nkernel = k\n",
	       "1: \"01234567890123456789012345678901\" is no name for a VM: 1 to 31 letters, digits, '-', '_' or "
	       "'.'\n");
}

static void a_vm_too_many_is_told(void **state)
{
	static char text[1024];

	(void)state;
	for (int i = 0; i <= CONFIG_VMS_MAX; i++)
		sprintf(text + strlen(text), "[vm v%d]\nkernel = k\n", i);
	expect(text, "33: [vm v16] is one too many: at most 16 VMs\n");
	assert_int_equal(config.vm_count, 16);
}

static void check(const struct config_module *modules, u32 count, u64 free_bytes, const char *expected)
{
	err_t err;

	errors[0] = '\0';
	err = config_check(&config, modules, count, free_bytes, &sink);
	assert_string_equal(errors, expected);
	assert_int_equal(err, *expected ? ERR_NOENT : OK);
}

static void missing_modules_and_memory_are_told(void **state)
{
	static const struct config_module modules[] = {{"linux", ""}, {"initrd", ""}, {"twice", ""}, {"twice", ""}};

	(void)state;
	expect("[vm a]\nkernel = linux\ninitrd = initrd\nmemory = 1G\n"
	       "[vm b]\nkernel = linnux\ninitrd = twice, none\n"
	       "[vm c]\nkernel = linux\nmemory = 1G\n"
	       "[vm d]\nkernel = linux\nmemory = 1536M\nautostart = no\n"
	       "[vm e]\nkernel = linux\nmemory = 2T\nautostart = no\n",
	       "");
	check(modules, 4, 2 * GIB,
	      "6: kernel: no boot module is called \"linnux\"\n"
	      "7: initrd: 2 boot modules are called \"twice\"\n"
	      "7: initrd: no boot module is called \"none\"\n"
	      "10: memory: 1 GiB for [vm c] do not fit: 768 MiB are free beside the VMs before it\n"
	      "17: memory: 2 TiB for [vm e] do not fit: 2048 MiB are free\n");

	expect("[vm a]\nkernel = linux\n", "");
	check(modules, 1, 256 * MIB, "");
	check(modules, 1, 255 * MIB, "1: memory: 256 MiB for [vm a] do not fit: 255 MiB are free\n");
	expect("[vm a]\nkernel = linux\n[vm b]\nkernel = linux\n", "");
	check(modules, 1, 100 * MIB,
	      "1: memory: 256 MiB for [vm a] do not fit: 100 MiB are free\n"
	      "3: memory: 256 MiB for [vm b] do not fit: 0 MiB are free beside the VMs before it\n");
}

static void without_a_file_module_1_is_the_kernel(void **state)
{
	static const struct config_module modules[12] = {
		{"vmlinuz", "console=ttyS0"},
		{"a", ""},
		{"b", ""},
		{"c", ""},
		{"d", ""},
		{"e", ""},
		{"f", ""},
		{"g", ""},
		{"h", ""},
		{"i", ""},
		{"j", ""},
		{"k", ""},
	};
	static char big[3000];
	struct config_module long_one = {"k", big};

	(void)state;
	errors[0] = '\0';
	assert_int_equal(config_default(modules, 3, &config, &sink), OK);
	assert_true(config_valid(&config));
	assert_int_equal(config.vm_count, 1);
	assert_string_equal(config.vms[0].name, "guest");
	assert_string_equal(config.vms[0].kernel, "vmlinuz");
	assert_string_equal(config.vms[0].cmdline, "console=ttyS0");
	assert_int_equal(config.vms[0].initrd.count, 2);
	assert_string_equal(config.vms[0].initrd.name[1], "b");
	assert_int_equal(config.vms[0].memory_bytes, 256 * MIB);
	check(modules, 3, GIB, "");

	assert_int_equal(config_default(modules, 0, &config, &sink), ERR_NOENT);
	assert_string_equal(errors, " there is none, and no other boot module that could be a kernel\n");
	errors[0] = '\0';
	assert_int_equal(config_default(modules, 12, &config, &sink), ERR_SPACE);
	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(config_default(&long_one, 1, &config, &sink), ERR_SPACE);
	assert_string_equal(errors, " there is none, and the boot modules are too many or their texts too long\n"
				    " there is none, and the boot modules are too many or their texts too long\n");
}

static void scheduling_is_checked(void **state)
{
	const struct config_module modules[] = {{"k", ""}};

	(void)state;
	expect("[vm a]\nkernel = k\nbudget = 20ms\nperiod = 10ms\n"
	       "[vm b]\nkernel = k\nbudget = 99us\n"
	       "[vm c]\nkernel = k\nbudget = 20ms\ncap = 19\n"
	       "[vm d]\nkernel = k\nbudget = 20ms\ncap = 20\n"
	       "[vm e]\nkernel = k\ncpus = 2-5\ncpus_exclusive = on\n"
	       "[vm f]\nkernel = k\ncpus = 0,4-9\n"
	       "[vm g]\nkernel = k\ncpus_exclusive = on\n"
	       "[vm h]\nkernel = k\ncpus = 2\ncpus_exclusive = on\n",
	       "");
	check(modules, 1, 4 * GIB,
	      "3: budget: 20ms is more than the period of 10ms\n"
	      "7: budget: 99us is less than 100us\n"
	      "10: budget: 20ms in 100ms is more than the cap of 19 %\n"
	      "19: cpus_exclusive: [vm f] has CPU 4-5 as well\n"
	      "19: cpus_exclusive: [vm h] has CPU 2 as well\n"
	      "25: cpus_exclusive: [vm g] has no \"cpus\"\n");
	expect("[vm a]\nkernel = k\n", "");
	config.vms[0].weight = 0;
	assert_false(config_valid(&config));
}

static void apic_ids_fit_their_vm(void **state)
{
	const struct config_module modules[] = {{"k", ""}};
	static const char nodes[] = "numa = node 0 cpus 0-1 memory 512M, node 1 cpus 2-3 memory 512M\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text),
		 "[vm a]\nkernel = k\nvcpus = 4\napic_ids = 0-1,256\n"
		 "[vm b]\nkernel = k\napic_ids = 0-1\n"
		 "[vm c]\nkernel = k\nvcpus = 4\napic_ids = 0 - 1 , 0x100-0x101\nmemory = 1G\n%s"
		 "[vm d]\nkernel = k\nvcpus = 4\napic_ids = 0,256,1,257\nmemory = 1G\n%s",
		 nodes, nodes);
	expect(text, "");
	assert_int_equal(config.vms[2].apic_ids.count, 4);
	assert_int_equal(config.vms[2].apic_ids.id[3], 257);
	check(modules, 1, 4 * GIB,
	      "4: apic_ids: 3 ids for the 4 vcpus of [vm a]\n"
	      "7: apic_ids: 2 ids for the 1 vcpus of [vm b]\n"
	      "17: apic_ids: no bits of them tell the nodes of [vm d] apart\n");
	config.vms[2].apic_ids.id[3] = 256;
	assert_false(config_valid(&config));
	config.vms[2].apic_ids.id[3] = 255;
	assert_false(config_valid(&config));
	config.vms[2].apic_ids.id[3] = 257;
	assert_true(config_valid(&config));
	config.vms[2].apic_ids.id[0] = 255;
	assert_false(config_valid(&config));
}

static void vms_start_in_order(void **state)
{
	u32 order[CONFIG_VMS_MAX];

	(void)state;
	expect("[vm a]\nkernel = k\n"
	       "[vm b]\nkernel = k\nstart_order = 5\n"
	       "[vm c]\nkernel = k\nstart_order = 1\nautostart = no\n"
	       "[vm d]\nkernel = k\nstart_order = 100\n"
	       "[vm e]\nkernel = k\nstart_order = 0\n",
	       "");
	assert_int_equal(config_start_order(&config, order), 4);
	assert_true(order[0] == 4 && order[1] == 1 && order[2] == 0 && order[3] == 3);
}

static void invalid_structs_are_told(void **state)
{
	(void)state;
	expect("[vm a]\nkernel = k\ninitrd = i\n", "");
	config.vms[0].vcpus = 65;
	assert_false(config_valid(&config));
	expect("[vm a]\nkernel = k\ninitrd = i\n", "");
	config.vms[0].initrd.name[0][0] = '\0';
	assert_false(config_valid(&config));
	config.vm_count = CONFIG_VMS_MAX + 1;
	assert_false(config_valid(&config));
}

/* docs/config.md has one row for each key, with its values, default and description as in the table. */
static void the_manual_has_every_key(void **state)
{
	static char manual[64 * 1024];
	FILE *f = fopen("docs/config.md", "r");
	char row[512];
	char values[128];

	(void)state;
	assert_non_null(f);
	manual[fread(manual, 1, sizeof(manual) - 1, f)] = '\0';
	fclose(f);
	for (u32 i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		config_key_values(key, values, sizeof(values));
		snprintf(row, sizeof(row), "\n| `%s` | %s | %s%s%s | %s |\n", key->name, values,
			 key->fallback && *key->fallback ? "`" : "",
			 !key->fallback   ? "must be given"
			 : *key->fallback ? key->fallback
					  : "none",
			 key->fallback && *key->fallback ? "`" : "", key->description);
		if (!strstr(manual, row))
			fail_msg("docs/config.md lacks the row:%s", row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_keys_are_read),
		cmocka_unit_test(defaults_are_the_tables),
		cmocka_unit_test(every_error_is_listed),
		cmocka_unit_test(bad_values_are_told),
		cmocka_unit_test(scheduling_is_checked),
		cmocka_unit_test(apic_ids_fit_their_vm),
		cmocka_unit_test(vms_start_in_order),
		cmocka_unit_test(lines_have_a_length),
		cmocka_unit_test(odd_bytes_are_told),
		cmocka_unit_test(a_vm_too_many_is_told),
		cmocka_unit_test(missing_modules_and_memory_are_told),
		cmocka_unit_test(without_a_file_module_1_is_the_kernel),
		cmocka_unit_test(invalid_structs_are_told),
		cmocka_unit_test(the_manual_has_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
