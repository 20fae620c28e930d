/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the debugger's target share. */
#ifndef ETERNA_VM_DEBUG_PRIV_H
#define ETERNA_VM_DEBUG_PRIV_H

#include "emul/walk.h"
#include "gdb/gdb.h"
#include "vm/debug.h"

/* Points and the parts that ranges over several pages are cut into. */
#define DEBUG_POINTS_MAX 512
/* Pages that one instruction may touch and that have to be opened for it. */
#define DEBUG_OPEN_MAX 8

/* Entries of the guest's tables that are looked after for points whose pages are not there. */
#define DEBUG_ENTRIES_MAX 1024
/* Tables that are not looked after, as that costs too much. */
#define DEBUG_LET_GO_MAX 16
/* Tables that an address is looked for in: the vcpu's, and those of the kernel's half beside them. */
#define DEBUG_TRAILS 2

/* R/W of DR7 (SDM 3B, Debug Control Register). */
enum { RW_EXECUTE = 0, RW_WRITE = 1, RW_ACCESS = 3 };

/* How a point is watched for. */
enum point_how {
	POINT_PENDING,  /* not yet: the page is not there, and the tables are watched for it */
	POINT_REGISTER, /* by a debug register */
	POINT_MEMORY,   /* INT3 in the page, or the page's rights */
};

/* A point within one page. */
struct debug_point {
	bool is_used;
	u8 kind;      /* enum gdb_point */
	u8 how;       /* enum point_how */
	u8 slot;      /* POINT_REGISTER */
	bool is_laid; /* INT3 is in the page, `original` was there */
	u8 original;
	u64 address; /* linear, of this part */
	u64 bytes;
	u64 whole; /* the point as it was asked for */
	u64 whole_bytes;
	bool has_gpa;
	gpa_t gpa;
};

struct debug_tables {
	bool are_closed;
	bool is_full; /* there are more than can be: the points are laid at some exit behind the mapping */
	u32 count;
	u64 entry[DEBUG_ENTRIES_MAX]; /* guest-physical, of 8 bytes */
	bool is_insisted_on;          /* whatever it takes */
	u64 work_tsc;                 /* that it has taken since then; atomic, as the next three are */
	u64 began_tsc;
	u64 last_tsc;
	u64 tired; /* the page of a table that is to be let go; 0: none */
	u32 let_go_count;
	u64 let_go[DEBUG_LET_GO_MAX];
};

/* An instruction that runs with pages opened to it, while all other vcpus wait. */
struct debug_over {
	bool is_active;
	u32 vcpu;
	bool has_tables;
	u32 page_count;
	u64 page[DEBUG_OPEN_MAX];
	bool has_hit;
	u8 hit_kind; /* enum gdb_stop_kind */
	u64 hit_address;
};

/* What a vcpu met that the host loop's work has to see to; it does not run before that. */
enum debug_what {
	DEBUG_NOTHING,
	DEBUG_BREAK,   /* an INT3 of ours */
	DEBUG_SLOTS,   /* debug registers of ours */
	DEBUG_MEMORY,  /* an access to a page with points */
	DEBUG_STEPPED, /* a step is done */
	DEBUG_PLAN,    /* points may be laid otherwise now */
};

struct debug_event {
	u8 what; /* enum debug_what, atomic: set by the vcpu's CPU, cleared by the work */
	u32 slots;
	u64 address;
	gpa_t gpa;
	struct exit exit;
};

struct debug_vcpu {
	struct debug_event event;
	u8 how;        /* enum gdb_how */
	bool is_stale; /* debug_set() is due */
	bool is_woken; /* it waited in HLT when it was told to step: the interrupt that ends that is taken */
};

struct debug {
	struct gdb_target target;
	struct vm *vm; /* NULL: there is none now */
	bool waits;
	bool is_stopped;       /* by the debugger */
	bool is_dead;          /* stopped by a fault, and looked at */
	bool runs_time;        /* the guest's clock goes on while it is stopped */
	bool lets_interrupts;  /* into steps */
	bool avoids_registers; /* all points by pages, as far as they can be */
	bool wants_plan;       /* debug_points_plan() is due */
	u32 attended;          /* whose event was seen to last */
	struct debug_over over;
	struct debug_tables tables;
	struct debug_vcpu vcpu[VM_VCPUS_MAX];
	struct debug_point points[DEBUG_POINTS_MAX];
	u32 point_count; /* used */
	u32 point_end;   /* behind the last of them */
	struct gdb gdb;
};

/* debug_attend.c */
void debug_events_settle(struct debug *d);
void debug_over_end(struct debug *d);

/* debug.c. Context of all that follows, but where it says otherwise: work of the host loop, the VM is evicted and its
 * address space loaded. */
/* The vcpu's VM stopped for this. True: the debugger was told and all vcpus stand still. */
bool debug_report(struct vcpu *v, u8 kind, u64 address);
void debug_all_stale(struct debug *d);

/* debug_points.c */
err_t debug_point_set(struct gdb_target *t, u32 thread, enum gdb_point kind, u64 address, u64 bytes);
err_t debug_point_clear(struct gdb_target *t, enum gdb_point kind, u64 address, u64 bytes);
void debug_points_clear_all(struct debug *d);
/* The VM goes, and another will come for the same points. */
void debug_points_lose(struct debug *d);
/* Who is watched for by what; called after a change of points, of the guest's own breakpoints, and of its mappings. */
void debug_points_plan(struct debug *d);
/* Points that could not be laid yet: could one now, by this vcpu's tables, or has it other tables than are looked
 * after? Context: any CPU, the vcpu is loaded. */
bool debug_points_can_lay(const struct debug *d, struct vcpu *v);
/* Does it matter to points who reads and writes there? Can instructions be executed there without an exit? */
bool debug_page_is_watched(const struct debug *d, u64 page);
bool debug_page_is_closed(const struct debug *d, gpa_t gpa);
/* A breakpoint for this linear address, however it is done. */
bool debug_is_at_breakpoint(const struct debug *d, u64 address);
/* Is an INT3 of ours there? Context: any CPU. */
bool debug_is_laid(const struct debug *d, gpa_t gpa);
/* Is a breakpoint there that is done by memory, meant for this linear address? As what kind? */
bool debug_is_meant(const struct debug *d, gpa_t gpa, u64 address, u8 *kind);
/* Bit n: debug register n is ours. Context: any CPU. */
u32 debug_slots_used(const struct debug *d);
/* DR7 and the addresses as the CPU is to have them for this vcpu. */
void debug_registers_merge(struct debug *d, const struct cpu_state *s, struct hvm_debug *out);
/* Does any point need #BP exits, or debug registers? */
bool debug_has_laid(const struct debug *d);
bool debug_has_registers(const struct debug *d);
/* A page as the guest has it, and as the points want it. */
void debug_page_open(struct debug *d, u64 page);
void debug_page_close(struct debug *d, u64 page);
bool debug_page_has_points(const struct debug *d, u64 page);

/* The second level's rights of a page are what points and tables leave of them. */
void debug_page_renew(struct debug *d, u64 page);
/* Its page is not there, and no debug register waits for it. */
bool debug_point_is_awaited(const struct debug_point *p);
bool debug_has_awaited(const struct debug *d);

/* debug_tables.c */
/* Are these the entries that are looked after already? */
bool debug_tables_know(const struct debug *d, const struct walk_trail trail[DEBUG_TRAILS]);
bool debug_tables_has_page(const struct debug *d, u64 page);
/* Would a write there change an entry that counts? */
bool debug_tables_change(const struct debug *d, gpa_t gpa, u32 bytes);
enum prot debug_tables_rights(const struct debug *d, u64 page);
/* Does the processor's every walk through them exit, not only one that marks an entry? */
bool debug_tables_stop_walks(const struct debug *d);
/* An exit of such a walk was seen to since then. True: a plan is due, as it was one too many. Context: any CPU. */
bool debug_tables_tire(struct debug *d, u64 page, u64 since_tsc);
/* What was let go is looked after again with the next plan. */
void debug_tables_hold_all(struct debug *d);
void debug_tables_open(struct debug *d);
void debug_tables_close(struct debug *d);
/* Nothing is looked after; then, what the points ask for now, still open. */
void debug_tables_forget(struct debug *d);
void debug_tables_find(struct debug *d);

/* debug_memory.c */
u32 debug_memory_read(struct gdb_target *t, u32 thread, enum gdb_space space, u64 address, u8 *buf, u32 bytes);
u32 debug_memory_write(struct gdb_target *t, u32 thread, enum gdb_space space, u64 address, const u8 *buf, u32 bytes);
/* Where a linear address is, whatever the rights; false: nowhere. */
bool debug_translate(struct vcpu *v, u64 address, gpa_t *gpa);
/* The same, and the ways there that were tried. */
bool debug_trails(struct vcpu *v, u64 address, struct walk_trail trail[DEBUG_TRAILS], gpa_t *gpa);

/* debug_registers.c */
err_t debug_register_read(struct gdb_target *t, u32 thread, enum gdb_register reg, u8 *buf);
err_t debug_register_write(struct gdb_target *t, u32 thread, enum gdb_register reg, const u8 *buf);

/* debug_access.c */
/* Which point the instruction at RIP, whose access `x` exited, touches; false: none, it is only on the same page. */
bool debug_access_hits(struct vcpu *v, const struct exit *x, struct debug_over *over);

/* Carry out the instruction at RIP, on a page with breakpoints, in the processor's place. False: nothing was done, it
 * has to run over its points. Context: an exit on the vcpu's CPU. */
bool debug_emulate(struct vcpu *v);

/* What the instruction at RIP touches if the emulator carries it out: a page with watchpoints that is not open, by the
 * first such byte; data that debug registers of ours watch, and that the guest's own do. */
struct debug_touch {
	bool has_closed_page;
	gpa_t gpa;
	u32 slots;
	u32 own_slots;
};
struct debug_touch debug_access_touches(struct vcpu *v);

/* debug_exit.c. Context: any CPU, the vcpu is loaded. */
u64 debug_linear_pc(struct vcpu *v);

/* debug_interpret.c: RIP is in a page that may not be executed, or has been walked to through a table that may not be,
 * and it is not at a breakpoint. False: nothing was done.
 * Context: the vcpu is loaded. */
bool debug_interpret(struct vcpu *v);

/* debug_command.c */
void debug_command(struct gdb_target *t, u32 thread, char *line, struct fmt_sink *out);

static inline struct debug *debug_of(struct gdb_target *t)
{
	return CONTAINER_OF(t, struct debug, target);
}

#endif
