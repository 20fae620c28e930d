/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: eterna.conf, a boot module of that name, as structs. docs/config.md is its manual.
 *
 * Use: config_parse() or config_default(), then config_check() against what the machine has. Each reports every error
 * that it finds to the sink; when one has reported anything, nothing is to be started.
 */
#ifndef ETERNA_CONFIG_CONFIG_H
#define ETERNA_CONFIG_CONFIG_H

#include "base/cpu_set.h"
#include "base/err.h"
#include "iface/vnuma.h"

#define CONFIG_FILE_NAME "eterna.conf" /* the boot module's name, and what stands before the line in messages */
#define CONFIG_VMS_MAX 16
#define CONFIG_VM_NAME_BYTES 32
#define CONFIG_MODULE_NAME_BYTES 64
#define CONFIG_INITRDS_MAX 8
#define CONFIG_COMMAND_LINE_BYTES 2048
#define CONFIG_NUMA_HOST_NODES 32
#define CONFIG_KEYS_MAX 64
#define CONFIG_MEMORY_STEP (2ull << 20)

/* Values of `log`; the numbers are those of enum log_level. */
enum config_log { CONFIG_LOG_ERROR, CONFIG_LOG_WARN, CONFIG_LOG_INFO, CONFIG_LOG_DEBUG };
enum config_loader { CONFIG_LOADER_AUTO, CONFIG_LOADER_LINUX, CONFIG_LOADER_MULTIBOOT, CONFIG_LOADER_PVH };
enum config_shutdown { CONFIG_SHUTDOWN_DESTROY, CONFIG_SHUTDOWN_RESTART };
enum config_reset { CONFIG_RESET_RESTART, CONFIG_RESET_DESTROY };
/* How `numa` was said; the numbers are those of enum placement_mode. */
enum config_numa_mode { CONFIG_NUMA_AUTO, CONFIG_NUMA_NODE, CONFIG_NUMA_SPREAD, CONFIG_NUMA_VNODES };
enum config_numa_policy { CONFIG_NUMA_PREFERRED, CONFIG_NUMA_STRICT };
/* What is at the other end of a serial port. */
enum config_com { CONFIG_COM_NONE, CONFIG_COM_NULL, CONFIG_COM_CONSOLE };
enum config_gdb { CONFIG_GDB_OFF, CONFIG_GDB_ON, CONFIG_GDB_WAIT };
enum config_gdb_lost { CONFIG_GDB_LOST_CONTINUE, CONFIG_GDB_LOST_PAUSE };
enum config_crash { CONFIG_CRASH_STOP, CONFIG_CRASH_RESTART, CONFIG_CRASH_PAUSE };

struct host_config {
	u32 line;                   /* of the section's head; 0: there is none */
	u32 lines[CONFIG_KEYS_MAX]; /* where each key was given, by its place in the table of keys; 0: default */
	u32 log;                    /* enum config_log */
	u32 cpus;                   /* at most */
	bool apicv;                 /* on */
};

struct config_names {
	char name[CONFIG_INITRDS_MAX][CONFIG_MODULE_NAME_BYTES];
	u32 count;
};

struct config_numa {
	u32 mode;        /* enum config_numa_mode */
	u32 node;        /* CONFIG_NUMA_NODE */
	u32 vnode_count; /* CONFIG_NUMA_VNODES */
	struct vnuma_node vnode[VNUMA_NODES_MAX];
};

/* The vcpus' APIC ids, none of them twice; count 0: not given. */
struct config_apic_ids {
	u32 count;
	u16 id[VNUMA_VCPUS_MAX];
};

struct vm_config {
	char name[CONFIG_VM_NAME_BYTES];
	u32 line;
	u32 lines[CONFIG_KEYS_MAX];
	u32 vcpus;
	u32 loader; /* enum config_loader */
	u64 memory_bytes;
	char kernel[CONFIG_MODULE_NAME_BYTES];
	struct config_names initrd;
	char cmdline[CONFIG_COMMAND_LINE_BYTES];
	u32 on_shutdown; /* enum config_shutdown */
	u32 on_reset;    /* enum config_reset */
	u32 on_crash;    /* enum config_crash */
	struct config_numa numa;
	u32 numa_policy; /* enum config_numa_policy */
	struct config_apic_ids apic_ids;
	u32 gdb;         /* enum config_gdb */
	u32 on_gdb_lost; /* enum config_gdb_lost */
	u32 com2;        /* enum config_com */
	u32 com3;
	u32 com4;
	bool console; /* COM1 */
	bool testdev;
	bool autostart;
	bool trace; /* its exits */
	u32 start_order;
	u64 start_delay_ns;
	struct cpu_set cpus; /* empty: all */
	bool cpus_exclusive;
	bool migrate;
	u32 weight; /* of each vcpu, as the rest */
	u32 cap;
	u64 budget_ns; /* 0: no reservation */
	u64 period_ns;
};

/* About 50 KiB: not for the stack. */
struct config {
	struct host_config host;
	struct vm_config vms[CONFIG_VMS_MAX];
	u32 vm_count;
	u32 error_count; /* reported so far, by all three functions */

	struct vm_config scratch; /* private: takes the keys of a section that is refused */
};

/* Receives each error as one line, "eterna.conf:7: ..."; `line` is 0 for errors that no line can be blamed for. */
struct config_sink {
	void (*error)(struct config_sink *sink, u32 line, const char *text);
};

/* A boot module, as far as the configuration knows it. */
struct config_module {
	const char *name;
	const char *arguments;
};

/* Read `bytes` of text. Returns OK, or ERR_FORMAT when there were errors: all of them are reported. */
err_t config_parse(const char *text, size_t bytes, struct config *config, struct config_sink *sink) MUST_CHECK;

/*
 * What holds without an eterna.conf: one VM, "guest", whose kernel is the first module, with that module's arguments as
 * its command line and the other modules as initrds; everything else by default.
 * Returns OK, or ERR_NOENT when there is no module, ERR_SPACE when there are too many or a text is too long.
 */
err_t config_default(const struct config_module *modules, u32 module_count, struct config *config,
		     struct config_sink *sink) MUST_CHECK;

/*
 * Does the machine have what the configuration names? Kernels and initrds must be boot modules; the memory of all VMs
 * that start by themselves must fit `free_bytes` together, each other VM's must fit it alone.
 * Returns OK, or ERR_NOENT when something is missing, which is reported.
 */
err_t config_check(struct config *config, const struct config_module *modules, u32 module_count, u64 free_bytes,
		   struct config_sink *sink) MUST_CHECK;

/* The VMs that start at boot, in their order: indices into `vms`. Returns how many. */
u32 config_start_order(const struct config *config, u32 order[CONFIG_VMS_MAX]);

/* Numbers within their arrays, texts ended, choices within their enums? */
bool config_valid(const struct config *config);

#endif
