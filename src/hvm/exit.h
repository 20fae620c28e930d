/* SPDX-License-Identifier: Apache-2.0 */
/* What a vcpu stopped for, in words of no vendor: a backend's run() fills it, vm/exit.c has a handler for each kind. */
#ifndef ETERNA_HVM_EXIT_H
#define ETERNA_HVM_EXIT_H

#include "base/types.h"

#define EXIT_KIND_LIST(X)                                                                                              \
	X(NONE, "nothing to be done")                                                                                  \
	X(UNKNOWN, "unknown exit")                                                                                     \
	X(EXCEPTION, "exception")                                                                                      \
	X(NMI, "host NMI")                                                                                             \
	X(INJECTED, "injection, on QEMU")                                                                              \
	X(INTERRUPT, "host interrupt")                                                                                 \
	X(TRIPLE_FAULT, "triple fault")                                                                                \
	X(INIT, "INIT")                                                                                                \
	X(SIPI, "SIPI")                                                                                                \
	X(INTERRUPT_WINDOW, "interrupt window")                                                                        \
	X(NMI_WINDOW, "NMI window")                                                                                    \
	X(TASK_SWITCH, "task switch")                                                                                  \
	X(CPUID, "CPUID")                                                                                              \
	X(HLT, "HLT")                                                                                                  \
	X(CACHE, "INVD or WBINVD")                                                                                     \
	X(INVLPG, "INVLPG")                                                                                            \
	X(RDPMC, "RDPMC")                                                                                              \
	X(RDTSC, "RDTSC")                                                                                              \
	X(HYPERCALL, "hypercall")                                                                                      \
	X(UNDEFINED, "instruction that guests do not have")                                                            \
	X(CR, "control register")                                                                                      \
	X(DR, "debug register")                                                                                        \
	X(IO, "port I/O")                                                                                              \
	X(RDMSR, "RDMSR")                                                                                              \
	X(WRMSR, "WRMSR")                                                                                              \
	X(ENTRY_FAILED, "failed entry")                                                                                \
	X(PAUSE, "PAUSE")                                                                                              \
	X(MACHINE_CHECK, "machine check")                                                                              \
	X(TPR_THRESHOLD, "TPR threshold")                                                                              \
	X(APIC_WRITE, "APIC write")                                                                                    \
	X(APIC_ACCESS, "APIC access")                                                                                  \
	X(IPI, "IPI to a vcpu that does not run")                                                                      \
	X(VIRTUAL_EOI, "virtual EOI")                                                                                  \
	X(MEMORY, "second-level fault")                                                                                \
	X(MEMORY_BAD_ENTRY, "second-level misconfiguration")                                                           \
	X(TIMER, "preemption timer")                                                                                   \
	X(XSETBV, "XSETBV")                                                                                            \
	X(STEP, "step")                                                                                                \
	X(EMULATE, "instruction that a step leaves to the emulator")

#define EXIT_ENUM(name, text) EXIT_##name,
enum exit_kind { EXIT_KIND_LIST(EXIT_ENUM) EXIT_KINDS };
#undef EXIT_ENUM

enum cr_access { CR_WRITE, CR_READ, CR_CLEAR_TS, CR_LOAD_MSW, CR_STORE_MSW };
enum task_source { TASK_FROM_CALL, TASK_FROM_IRET, TASK_FROM_JMP, TASK_FROM_GATE };

struct exit {
	u32 kind;     /* enum exit_kind */
	u32 insn_len; /* of the instruction that caused it, 0 where none did */
	u32 reason;   /* the vendor's number, for logs */
	u64 detail;   /* what is worth remembering besides the kind: port, address, register, vector; else 0 */
	union {
		struct {
			u16 port;
			u8 bytes; /* 1, 2 or 4 */
			bool is_in;
			bool is_string;
			bool is_rep;
		} io;
		struct {
			u8 number;
			u8 access; /* enum cr_access */
			u8 gpr;
			u16 msw; /* LMSW */
		} cr;
		struct {
			u8 number;
			u8 gpr;
			bool is_read;
		} dr;
		struct {
			u8 vector;
			u8 type; /* enum event_type */
			bool has_error;
			u32 error;
			u64 qualification; /* #PF: address; #DB: DR6 bits */
		} exception;
		struct {
			u8 insn_bytes;  /* the instruction's bytes, where the processor tells them, until the next */
			const u8 *insn; /* entry; else 0 of them */
			gpa_t gpa;
			gva_t gva;
			bool has_gva;
			bool is_read;
			bool is_write;
			bool is_fetch;
			bool is_present; /* something is mapped there: the access was not permitted */
		} memory;
		struct {
			u16 selector;
			u8 source; /* enum task_source */
		} task;
		struct {
			u16 offset; /* APIC write, APIC access: byte in the page of registers */
			u8 vector;  /* virtual EOI */
			bool is_write;
			bool is_fetch;
			bool is_event; /* not an instruction's, but of an event's delivery */
		} apic;
		struct {
			u32 error; /* VM-instruction error, or 0 */
			u64 qualification;
		} entry;
	};
};

/* Words for a kind; never NULL. */
const char *exit_kind_name(u32 kind);

#endif
