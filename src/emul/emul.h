/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction emulator: carries out one guest instruction on a struct cpu_state. It is for the instructions that
 * touch device memory, for string I/O, and for whatever a guest sends its way with the forced-emulation prefix.
 */
#ifndef ETERNA_EMUL_EMUL_H
#define ETERNA_EMUL_EMUL_H

#include "emul/walk.h"
#include "iface/guest_memory.h"
#include "iface/port_io.h"
#include "x86/cpu_state.h"

/* The longest instruction that there can be. */
#define INSN_BYTES_MAX 15

/*
 * The vector registers, which live in the XSAVE area beside cpu_state. Embedded by the provider. `bytes` is 16 (XMM) or
 * 32 (YMM). A write of `bytes` leaves the register's higher bytes alone, or clears them all when `clears_rest`.
 */
struct vector_file {
	err_t (*read)(struct vector_file *file, unsigned index, void *buf, u32 bytes);
	err_t (*write)(struct vector_file *file, unsigned index, const void *buf, u32 bytes, bool clears_rest);
};

/* What the exit has told: it saves the emulator the fetch, and the walk for the data access that caused the exit. */
struct emul_hint {
	u8 insn_bytes;  /* instruction bytes at CS:RIP, 0 when none */
	const u8 *insn; /* insn_bytes of them */
	bool is_valid;  /* the rest is there: the translation */
	bool is_write;  /* the access wrote, so it may be used for writes as well */
	bool has_gva;   /* else only the guest-physical address is known */
	gva_t gva;
	gpa_t gpa;
};

/* Instructions decoded by earlier steps. It depends on nothing but their bytes and the mode, so it is never stale. */
#define EMUL_CACHE_ENTRIES 8
#define EMUL_CACHE_ENTRY_BYTES 592
struct emul_cache {
	u64 entries[EMUL_CACHE_ENTRIES][EMUL_CACHE_ENTRY_BYTES / sizeof(u64)];
};

/* What a step works on. The caller fills in everything; a zeroed struct with cpu, memory and limits is enough. */
struct emul {
	struct cpu_state *cpu;
	struct guest_memory *memory;
	struct port_io *ports;       /* NULL: port instructions are EMUL_UNSUPPORTED */
	struct vector_file *vectors; /* NULL: vector instructions are EMUL_UNSUPPORTED */
	struct emul_cache
		*cache; /* zeroed at first, one for each vcpu; NULL: each step decodes, about 1000 instructions */
	struct walk_limits limits;
	struct emul_hint hint;
	u32 repeat_max; /* iterations of a REP instruction in a step; 0 means EMUL_REPEAT_DEFAULT */
};

#define EMUL_REPEAT_DEFAULT 64

enum emul_status {
	EMUL_DONE,        /* the caller advances RIP by insn_bytes */
	EMUL_JUMPED,      /* done, RIP is the target already */
	EMUL_AGAIN,       /* not over: registers may have moved on, RIP has not. Let interrupts in, then step again */
	EMUL_FAULT,       /* the guest takes the exception; registers and memory are as before the instruction,
			     or as before the failing iteration of a REP instruction */
	EMUL_UNSUPPORTED, /* this emulator can't: insn holds the bytes for the record, emul_text() their text */
	EMUL_FAILED,      /* a provider reported err: the VM must be stopped */
};

/* What an instruction changed besides general registers, RFLAGS and RIP. */
#define EMUL_CHANGED_SEGMENTS 1u
#define EMUL_CHANGED_CONTROL 2u /* CR0 */
#define EMUL_CHANGED_DEBUG 4u   /* debug registers */

struct emul_result {
	u8 insn_bytes;           /* length; for EMUL_UNSUPPORTED as many bytes as could be fetched */
	u8 insn[INSN_BYTES_MAX]; /* the instruction */
	u8 code_bits;            /* 16, 32 or 64: how it was decoded */
	u8 vector;               /* EMUL_FAULT: enum vector */
	bool has_error_code;     /* EMUL_FAULT */
	u32 error_code;          /* EMUL_FAULT */
	u64 cr2;                 /* EMUL_FAULT with VECTOR_PF: for CR2 */
	u32 changed;             /* EMUL_DONE, EMUL_JUMPED: EMUL_CHANGED_ bits */
	u32 blocking;            /* EMUL_DONE: BLOCKING_ bits that hold until after the next instruction */
	err_t err;               /* EMUL_FAILED */
};

/*
 * Carry out the instruction at CS:RIP. Nothing but *e->cpu, memory, ports and vector registers changes; RIP changes
 * with EMUL_JUMPED only. Fetch, segment checks, paging and access order follow SDM 2 and SDM 3A. An access that spans
 * two pages is checked on both before anything is written. LOCK and XCHG are atomic through compare_exchange, except
 * where the operand spans two pages.
 *
 * A guest cannot make it fail an ASSERT, loop without bound or touch other state.
 */
enum emul_status emul_step(struct emul *e, struct emul_result *result) MUST_CHECK;

/*
 * The instruction in words, Intel syntax, into `buf` of `size` bytes (not 0), NUL-ended and cut where it does not fit;
 * "(unknown)" when the bytes do not decode. `rip` makes relative operands absolute.
 */
void emul_text(const struct emul_result *result, u64 rip, char *buf, size_t size);

#endif
