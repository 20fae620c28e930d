/* SPDX-License-Identifier: Apache-2.0 */
/* The table from ARM64 to x86_64 and to ETERNA's files (port_map.def), and how a name in a source finds its row. */
#ifndef ETERNA_PORT_PORT_MAP_H
#define ETERNA_PORT_PORT_MAP_H

#include "base/types.h"

/* Kind of row: name here, word in answers, words in docs. */
#define MAP_KIND_LIST(K)                                                                                               \
	K(SYSREG, "system_register", "System registers")                                                               \
	K(STAGE2, "stage2", "Stage 2 of address translation")                                                          \
	K(GIC, "gic_register", "The interrupt controller")                                                             \
	K(LIST_REG, "list_register", "List registers")                                                                 \
	K(TIMER, "generic_timer", "The generic timer")                                                                 \
	K(DEBUG, "debug_register", "Debug registers")                                                                  \
	K(PMU, "pmu", "Performance counters")                                                                          \
	K(INSN, "instruction", "Instructions")                                                                         \
	K(BARRIER, "barrier", "Barriers")                                                                              \
	K(TLBI, "tlbi", "TLB maintenance")                                                                             \
	K(AT, "at", "Address translation instructions")                                                                \
	K(DC, "dc", "Data cache maintenance")                                                                          \
	K(IC, "ic", "Instruction cache maintenance")                                                                   \
	K(VECTOR, "exception_vector", "Exception vectors and classes")                                                 \
	K(PSCI, "psci", "PSCI")                                                                                        \
	K(SMCCC, "smccc", "SMCCC")                                                                                     \
	K(DTREE, "device_tree", "The device tree")                                                                     \
	K(PL011, "pl011", "PL011")

#define MAP_ENUM(name, word, title) MAP_##name,
enum map_kind { MAP_KIND_LIST(MAP_ENUM) MAP_KINDS };
#undef MAP_ENUM

/* How well the counterpart fits; see port_map.def. */
enum map_fit { MAP_SAME, MAP_NEAR, MAP_GONE };

struct map_row {
	enum map_kind kind;
	const char *name;
	enum map_fit fit;
	const char *counterpart;
	const char *file;
	const char *read;  /* C expression, "" if none */
	const char *write; /* C statement with $ for the value, "" if none */
};

extern const struct map_row map_rows[];
extern const u32 map_row_count;

const char *map_kind_word(enum map_kind kind);
const char *map_kind_title(enum map_kind kind);
const char *map_fit_word(enum map_fit fit);

/*
 * The row whose name stands in `name` in whole words: HCR_EL2 in `read_hcr_el2`, STAGE2 in `Stage2Table`,
 * UARTDR in `UART_DR`. The longest wins; NULL when there is none. Rows of instructions are not looked at.
 */
const struct map_row *map_find_in_name(const char *name, size_t length);

/* The row of exactly that name, any case, '_' for ' ': "tlbi_alle1". NULL when there is none. */
const struct map_row *map_find(const char *name);

/* Instructions, barriers and maintenance: found in asm and as the name of a called function only. */
bool map_is_instruction(const struct map_row *row);

#endif
