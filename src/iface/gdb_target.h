/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a debugger stub needs of the machine that it debugs: threads, registers, memory, points to stop at, and running.
 * One target is one VM, a thread of it one vcpu; threads are numbered from 0.
 */
#ifndef ETERNA_IFACE_GDB_TARGET_H
#define ETERNA_IFACE_GDB_TARGET_H

#include "base/err.h"
#include "base/fmt.h"

#define GDB_THREADS_MAX 64

/*
 * Registers in gdb's own order (its features/i386/64bit-*.xml): the number is what the protocol calls one by. `G(x)`
 * begins a group that may be missing as a whole.
 */
#define GDB_R8(R, first, bits, type, kind)                                                                             \
	R(first##0, bits, type, kind)                                                                                  \
	R(first##1, bits, type, kind)                                                                                  \
	R(first##2, bits, type, kind)                                                                                  \
	R(first##3, bits, type, kind)                                                                                  \
	R(first##4, bits, type, kind)                                                                                  \
	R(first##5, bits, type, kind)                                                                                  \
	R(first##6, bits, type, kind)                                                                                  \
	R(first##7, bits, type, kind)
#define GDB_R16(R, pre, post, bits, type, kind)                                                                        \
	R(pre##0##post, bits, type, kind)                                                                              \
	R(pre##1##post, bits, type, kind)                                                                              \
	R(pre##2##post, bits, type, kind)                                                                              \
	R(pre##3##post, bits, type, kind)                                                                              \
	R(pre##4##post, bits, type, kind)                                                                              \
	R(pre##5##post, bits, type, kind)                                                                              \
	R(pre##6##post, bits, type, kind)                                                                              \
	R(pre##7##post, bits, type, kind)                                                                              \
	R(pre##8##post, bits, type, kind)                                                                              \
	R(pre##9##post, bits, type, kind)                                                                              \
	R(pre##10##post, bits, type, kind)                                                                             \
	R(pre##11##post, bits, type, kind)                                                                             \
	R(pre##12##post, bits, type, kind)                                                                             \
	R(pre##13##post, bits, type, kind)                                                                             \
	R(pre##14##post, bits, type, kind)                                                                             \
	R(pre##15##post, bits, type, kind)
#define GDB_R16_HIGH(R, pre, post, bits, type, kind)                                                                   \
	R(pre##16##post, bits, type, kind)                                                                             \
	R(pre##17##post, bits, type, kind)                                                                             \
	R(pre##18##post, bits, type, kind)                                                                             \
	R(pre##19##post, bits, type, kind)                                                                             \
	R(pre##20##post, bits, type, kind)                                                                             \
	R(pre##21##post, bits, type, kind)                                                                             \
	R(pre##22##post, bits, type, kind)                                                                             \
	R(pre##23##post, bits, type, kind)                                                                             \
	R(pre##24##post, bits, type, kind)                                                                             \
	R(pre##25##post, bits, type, kind)                                                                             \
	R(pre##26##post, bits, type, kind)                                                                             \
	R(pre##27##post, bits, type, kind)                                                                             \
	R(pre##28##post, bits, type, kind)                                                                             \
	R(pre##29##post, bits, type, kind)                                                                             \
	R(pre##30##post, bits, type, kind)                                                                             \
	R(pre##31##post, bits, type, kind)

/* R(name, bits, gdb's type, group of "info registers") */
#define GDB_REGISTER_LIST(R, G)                                                                                        \
	G(CORE)                                                                                                        \
	R(rax, 64, "int64", NULL)                                                                                      \
	R(rbx, 64, "int64", NULL)                                                                                      \
	R(rcx, 64, "int64", NULL)                                                                                      \
	R(rdx, 64, "int64", NULL)                                                                                      \
	R(rsi, 64, "int64", NULL)                                                                                      \
	R(rdi, 64, "int64", NULL)                                                                                      \
	R(rbp, 64, "data_ptr", NULL)                                                                                   \
	R(rsp, 64, "data_ptr", NULL)                                                                                   \
	GDB_R8_TO_15(R)                                                                                                \
	R(rip, 64, "code_ptr", NULL)                                                                                   \
	R(eflags, 32, "i386_eflags", NULL)                                                                             \
	R(cs, 32, "int32", NULL)                                                                                       \
	R(ss, 32, "int32", NULL)                                                                                       \
	R(ds, 32, "int32", NULL)                                                                                       \
	R(es, 32, "int32", NULL)                                                                                       \
	R(fs, 32, "int32", NULL)                                                                                       \
	R(gs, 32, "int32", NULL)                                                                                       \
	GDB_R8(R, st, 80, "i387_ext", NULL)                                                                            \
	R(fctrl, 32, "int", "float")                                                                                   \
	R(fstat, 32, "int", "float")                                                                                   \
	R(ftag, 32, "int", "float")                                                                                    \
	R(fiseg, 32, "int", "float")                                                                                   \
	R(fioff, 32, "int", "float")                                                                                   \
	R(foseg, 32, "int", "float")                                                                                   \
	R(fooff, 32, "int", "float")                                                                                   \
	R(fop, 32, "int", "float")                                                                                     \
	G(SSE)                                                                                                         \
	GDB_R16(R, xmm, , 128, "vec128", NULL)                                                                         \
	R(mxcsr, 32, "i386_mxcsr", "vector")                                                                           \
	G(SEGMENTS)                                                                                                    \
	R(fs_base, 64, "int64", NULL)                                                                                  \
	R(gs_base, 64, "int64", NULL)                                                                                  \
	G(AVX)                                                                                                         \
	GDB_R16(R, ymm, h, 128, "uint128", NULL)                                                                       \
	G(AVX512)                                                                                                      \
	GDB_R8(R, k, 64, "uint64", NULL)                                                                               \
	GDB_R16(R, zmm, h, 256, "v2ui128", NULL)                                                                       \
	GDB_R16_HIGH(R, xmm, , 128, "vec128", NULL)                                                                    \
	GDB_R16_HIGH(R, ymm, h, 128, "uint128", NULL)                                                                  \
	GDB_R16_HIGH(R, zmm, h, 256, "v2ui128", NULL)                                                                  \
	G(SYSTEM)                                                                                                      \
	R(k_gs_base, 64, "int64", "system")                                                                            \
	R(cr0, 64, "cr0_flags", "system")                                                                              \
	R(cr2, 64, "int64", "system")                                                                                  \
	R(cr3, 64, "int64", "system")                                                                                  \
	R(cr4, 64, "cr4_flags", "system")                                                                              \
	R(cr8, 64, "int64", "system")                                                                                  \
	R(efer, 64, "efer_flags", "system")                                                                            \
	R(xcr0, 64, "int64", "system")                                                                                 \
	R(dr0, 64, "int64", "system")                                                                                  \
	R(dr1, 64, "int64", "system")                                                                                  \
	R(dr2, 64, "int64", "system")                                                                                  \
	R(dr3, 64, "int64", "system")                                                                                  \
	R(dr6, 64, "int64", "system")                                                                                  \
	R(dr7, 64, "int64", "system")                                                                                  \
	R(cs_base, 64, "int64", "system")                                                                              \
	R(ss_base, 64, "int64", "system")                                                                              \
	R(ds_base, 64, "int64", "system")                                                                              \
	R(es_base, 64, "int64", "system")                                                                              \
	R(ldtr, 32, "int32", "system")                                                                                 \
	R(tr, 32, "int32", "system")                                                                                   \
	R(tr_base, 64, "int64", "system")                                                                              \
	R(gdtr_base, 64, "int64", "system")                                                                            \
	R(gdtr_limit, 32, "int32", "system")                                                                           \
	R(idtr_base, 64, "int64", "system")                                                                            \
	R(idtr_limit, 32, "int32", "system")

#define GDB_R8_TO_15(R)                                                                                                \
	R(r8, 64, "int64", NULL)                                                                                       \
	R(r9, 64, "int64", NULL)                                                                                       \
	R(r10, 64, "int64", NULL)                                                                                      \
	R(r11, 64, "int64", NULL)                                                                                      \
	R(r12, 64, "int64", NULL)                                                                                      \
	R(r13, 64, "int64", NULL)                                                                                      \
	R(r14, 64, "int64", NULL)                                                                                      \
	R(r15, 64, "int64", NULL)

#define GDB_ENUM(name, bits, type, kind) GDB_##name,
#define GDB_NO_GROUP(group)
enum gdb_register { GDB_REGISTER_LIST(GDB_ENUM, GDB_NO_GROUP) GDB_REGISTER_COUNT };
#undef GDB_ENUM

/* The groups of the list; CORE, SSE, SEGMENTS and SYSTEM are always there. */
enum gdb_group { GDB_GROUP_CORE, GDB_GROUP_SSE, GDB_GROUP_SEGMENTS, GDB_GROUP_AVX, GDB_GROUP_AVX512, GDB_GROUP_SYSTEM };

/* The widest register in bytes. */
#define GDB_REGISTER_BYTES_MAX 32

/* What an address is. */
enum gdb_space { GDB_VIRTUAL, GDB_PHYSICAL };

/* Points to stop at, by their numbers in the Z packets. */
enum gdb_point { GDB_POINT_SOFT, GDB_POINT_HARD, GDB_POINT_WRITE, GDB_POINT_READ, GDB_POINT_ACCESS, GDB_POINT_KINDS };

/* What a thread does when the target goes on. */
enum gdb_how { GDB_HOLD, GDB_RUN, GDB_STEP };

/* Why the target stopped, all of it. */
enum gdb_stop_kind {
	GDB_STOP_STEP, /* the thread carried out an instruction */
	GDB_STOP_SOFT, /* points: `address` is the instruction's, or the watched address that was touched */
	GDB_STOP_HARD,
	GDB_STOP_WRITE,
	GDB_STOP_READ,
	GDB_STOP_ACCESS,
	GDB_STOP_ASKED,  /* stop() was called */
	GDB_STOP_FAULT,  /* the VM cannot go on, but can be looked at */
	GDB_STOP_EXITED, /* the VM is gone, with `status` */
	GDB_STOP_KINDS
};
struct gdb_stop {
	u8 kind; /* enum gdb_stop_kind */
	u8 status;
	u32 thread;
	u64 address;
};

/* How a debugger leaves. */
enum gdb_end { GDB_END_DETACH, GDB_END_KILL, GDB_END_RESET };

/*
 * Embedded by the provider, which finds itself with CONTAINER_OF. Everything but stop() is called while the target is
 * stopped, or from within gdb_stopped(); `thread` is below threads().
 */
struct gdb_target {
	bool has_group[GDB_GROUP_SYSTEM + 1];

	/* How many threads; 0 when there is no VM. */
	u32 (*threads)(struct gdb_target *t);
	/* A thread in words, for "info threads"; as fmt_string(). */
	size_t (*thread_text)(struct gdb_target *t, u32 thread, char *buf, size_t size);

	/* gdb_register_bytes() bytes, little-endian. ERR_UNSUPPORTED: not to be had (now); ERR_RANGE: not this value.
	 */
	err_t (*register_read)(struct gdb_target *t, u32 thread, enum gdb_register reg, u8 *buf);
	err_t (*register_write)(struct gdb_target *t, u32 thread, enum gdb_register reg, const u8 *buf);

	/* How many of the bytes could be read or written, from the first on. Points do not show. */
	u32 (*memory_read)(struct gdb_target *t, u32 thread, enum gdb_space space, u64 address, u8 *buf, u32 bytes);
	u32 (*memory_write)(struct gdb_target *t, u32 thread, enum gdb_space space, u64 address, const u8 *buf,
			    u32 bytes);

	/*
	 * `bytes`: of the range to watch; for breakpoints without a meaning. Setting one twice is setting it once.
	 * ERR_NOENT: there is none to remove; ERR_SPACE: no more of them; ERR_FAULT: cannot be there.
	 */
	err_t (*point_set)(struct gdb_target *t, u32 thread, enum gdb_point kind, u64 address, u64 bytes);
	err_t (*point_clear)(struct gdb_target *t, enum gdb_point kind, u64 address, u64 bytes);

	/* Go on: each thread as `how` says (enum gdb_how, threads() of them). gdb_stopped() will be called. */
	void (*resume)(struct gdb_target *t, const u8 *how);
	/* Stop all threads; gdb_stopped() will be called with GDB_STOP_ASKED or whatever comes first. */
	void (*stop)(struct gdb_target *t);
	/* The debugger's work is over: all points are gone. Detached from, the target goes on. */
	void (*end)(struct gdb_target *t, enum gdb_end how);

	/* A line that the user typed for ETERNA, cut as needed; what it has to say goes to `out`. */
	void (*command)(struct gdb_target *t, u32 thread, char *line, struct fmt_sink *out);
};

#endif
