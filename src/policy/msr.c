// SPDX-License-Identifier: Apache-2.0
// The MSR policy: rows of msr.def, their lookup and their effect.
#include "policy/msr.h"

/* What a CPU is immune to, or clears by VERW: true in a guest as well. The rest of the MSR names controls. */
#define IMMUNITIES                                                                                                     \
	(ARCH_CAP_RDCL_NO | ARCH_CAP_RSBA | ARCH_CAP_SSB_NO | ARCH_CAP_MDS_NO | ARCH_CAP_IF_PSCHANGE_MC_NO |           \
	 ARCH_CAP_TAA_NO | ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO | ARCH_CAP_FB_CLEAR |          \
	 ARCH_CAP_RRSBA | ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO | ARCH_CAP_GDS_NO | ARCH_CAP_RFDS_NO |                   \
	 ARCH_CAP_RFDS_CLEAR)

#define MTRR_TYPES                                                                                                     \
	(BIT(MEMORY_TYPE_UC) | BIT(MEMORY_TYPE_WC) | BIT(MEMORY_TYPE_WT) | BIT(MEMORY_TYPE_WP) | BIT(MEMORY_TYPE_WB))
#define PAT_TYPES (MTRR_TYPES | BIT(MEMORY_TYPE_UC_MINUS))

#define R_VALUE(v) .read = POLICY_MSR_DO_VALUE, .value = (v)
#define R_CPU(member) .read = POLICY_MSR_DO_CPU, .offset = offsetof(struct cpu_state, member)
#define R_KEPT(member) .read = POLICY_MSR_DO_KEPT, .offset = offsetof(struct policy_msrs, member)
#define R_SOURCE(name) .read = POLICY_MSR_DO_SOURCE, .source = POLICY_MSR_SOURCE_##name
#define R_DEVICE .read = POLICY_MSR_DO_DEVICE
#define R_FAULT .read = POLICY_MSR_DO_FAULT
#define W_IGNORE .write = POLICY_MSR_DO_IGNORE
#define W_CPU(member, name) .write = POLICY_MSR_DO_CPU, .check = POLICY_MSR_CHECK_##name
#define W_KEPT(member, name) .write = POLICY_MSR_DO_KEPT, .check = POLICY_MSR_CHECK_##name
#define W_ONLY(mask) .write = POLICY_MSR_DO_ONLY, .allowed = (mask)
#define W_DEVICE .write = POLICY_MSR_DO_DEVICE
#define W_FAULT .write = POLICY_MSR_DO_FAULT

const struct policy_msr_row policy_msr_rows[] = {
#define M(first_name, last_name, reads, writes, feature, words)                                                        \
	{.first = MSR_##first_name,                                                                                    \
	 .last = MSR_##last_name,                                                                                      \
	 R_##reads,                                                                                                    \
	 W_##writes,                                                                                                   \
	 .needs = (feature),                                                                                           \
	 .reason = (words)},
#include "policy/msr.def"
#undef M
};

const size_t policy_msr_row_count = ARRAY_COUNT(policy_msr_rows);

enum {
#define M(first_name, last_name, reads, writes, feature, words) ROW_##first_name,
#include "policy/msr.def"
#undef M
};

#define DESC_STRUCT struct policy_msrs
DESC_DEFINE(policy_msrs, POLICY_MSRS_FIELDS, 1);
#undef DESC_STRUCT

void policy_msrs_reset(struct policy_msrs *msrs)
{
	*msrs = (struct policy_msrs){.mtrr_def_type = MTRR_DEF_TYPE_ENABLE | MEMORY_TYPE_WB};
}

/* MSR_PLATFORM_INFO: maximum non-turbo ratio and lowest ratio, both the guest's TSC in units of 100 MHz. */
static u64 platform_info(u32 tsc_khz)
{
	u64 ratio = MIN((tsc_khz + 50000) / 100000, 255u);

	return ratio << 8 | ratio << 40;
}

/* Binary search among all rows, whether the guest has them or not; ROW_NONE if there is none. */
#define ROW_NONE ARRAY_COUNT(policy_msr_rows)
_Static_assert(ARRAY_COUNT(policy_msr_rows) < UINT8_MAX, "row numbers + 1 fit the index");

static size_t row_search(u32 msr)
{
	size_t low = 0, high = ARRAY_COUNT(policy_msr_rows);

	while (low < high) {
		const struct policy_msr_row *row = &policy_msr_rows[(low + high) / 2];

		if (msr < row->first)
			high = (low + high) / 2;
		else if (msr > row->last)
			low = (low + high) / 2 + 1;
		else
			return (low + high) / 2;
	}
	return ROW_NONE;
}

static bool row_is_had(const struct policy_msr_env *env, size_t row)
{
	return row != ROW_NONE && (env->features & policy_msr_rows[row].needs) == policy_msr_rows[row].needs;
}

static void index_fill(const struct policy_msr_env *env, u8 *index, u32 first, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		size_t row = row_search(first + i);

		index[i] = row_is_had(env, row) ? (u8)(row + 1) : 0;
	}
}

const struct policy_msr_row *policy_msr_find(const struct policy_msr_env *env, u32 msr)
{
	size_t row;

	if (msr < POLICY_MSR_INDEXED_LOW)
		return env->low[msr] ? &policy_msr_rows[env->low[msr] - 1] : NULL;
	if (msr - MSR_X2APIC_FIRST < MSR_X2APIC_END - MSR_X2APIC_FIRST)
		return &policy_msr_rows[ROW_X2APIC_FIRST];
	if (msr - POLICY_MSR_HIGH_FIRST < POLICY_MSR_INDEXED_HIGH) {
		row = env->high[msr - POLICY_MSR_HIGH_FIRST];
		return row ? &policy_msr_rows[row - 1] : NULL;
	}
	row = row_search(msr);
	return row_is_had(env, row) ? &policy_msr_rows[row] : NULL;
}

void policy_msr_env_init(struct policy_msr_env *env, const struct policy_host *host, const struct policy_vm *vm)
{
	*env = (struct policy_msr_env){
		.features = policy_features(host),
		.phys_bits = policy_phys_bits(host, vm),
		.arch_capabilities = host->arch_capabilities & IMMUNITIES,
		.platform_info = platform_info(vm->tsc_khz),
	};
	/* Enhanced IBRS is immunity and control in one: it needs IA32_SPEC_CTRL. */
	if (env->features & POLICY_SPEC_CTRL)
		env->arch_capabilities |= host->arch_capabilities & ARCH_CAP_IBRS_ALL;
	index_fill(env, env->low, 0, POLICY_MSR_INDEXED_LOW);
	index_fill(env, env->high, POLICY_MSR_HIGH_FIRST, POLICY_MSR_INDEXED_HIGH);
}

/* Are all eight bytes memory types out of `allowed`? */
static bool are_types(u64 value, u64 allowed)
{
	for (unsigned i = 0; i < 8; i++) {
		u64 type = value >> 8 * i & 0xff;

		if (type > MEMORY_TYPE_UC_MINUS || !(allowed >> type & 1))
			return false;
	}
	return true;
}

/* SDM 3A, Memory Type Range Registers: what gives #GP. */
static bool variable_valid(const struct policy_msr_env *env, bool is_mask, u64 value)
{
	u64 type = value & 0xff;

	if (value >> env->phys_bits)
		return false;
	if (is_mask)
		return !(value & BITS(10, 0));
	return !(value & BITS(11, 8)) && type <= MEMORY_TYPE_WB && MTRR_TYPES >> type & 1;
}

static bool is_writable(const struct policy_msr_env *env, const struct policy_msr_row *row, u32 msr, u64 value)
{
	switch (row->check) {
	case POLICY_MSR_CHECK_WORD32:
		return !(value >> 32);
	case POLICY_MSR_CHECK_CANONICAL:
		return (u64)((s64)(value << 16) >> 16) == value;
	case POLICY_MSR_CHECK_PAT:
		return are_types(value, PAT_TYPES);
	case POLICY_MSR_CHECK_TYPES:
		return are_types(value, MTRR_TYPES);
	case POLICY_MSR_CHECK_VARIABLE:
		return variable_valid(env, msr & 1, value);
	case POLICY_MSR_CHECK_DEF_TYPE:
		return !(value & ~(MTRR_DEF_TYPE_TYPE | MTRR_DEF_TYPE_FIXED_ENABLE | MTRR_DEF_TYPE_ENABLE)) &&
		       (value & 0xff) <= MEMORY_TYPE_WB && MTRR_TYPES >> (value & 0xff) & 1;
	default:
		return true;
	}
}

/* The u64 of an MSR in the struct that the row speaks of. */
static size_t member_offset(const struct policy_msr_row *row, u32 msr)
{
	return row->offset + (msr - row->first) * sizeof(u64);
}

enum policy_msr_result policy_msr_read(const struct policy_msr_env *env, const struct cpu_state *state,
				       const struct policy_msrs *msrs, u32 msr, u64 *value)
{
	const struct policy_msr_row *row = policy_msr_find(env, msr);

	return row ? policy_msr_row_read(env, row, state, msrs, msr, value) : POLICY_MSR_UNKNOWN;
}

enum policy_msr_result policy_msr_write(const struct policy_msr_env *env, struct cpu_state *state,
					struct policy_msrs *msrs, u32 msr, u64 value)
{
	const struct policy_msr_row *row = policy_msr_find(env, msr);

	return row ? policy_msr_row_write(env, row, state, msrs, msr, value) : POLICY_MSR_UNKNOWN;
}

enum policy_msr_result policy_msr_row_read(const struct policy_msr_env *env, const struct policy_msr_row *row,
					   const struct cpu_state *state, const struct policy_msrs *msrs, u32 msr,
					   u64 *value)
{
	switch (row->read) {
	case POLICY_MSR_DO_VALUE:
		*value = row->value;
		return POLICY_MSR_OK;
	case POLICY_MSR_DO_CPU:
		*value = *(const u64 *)(const void *)((const u8 *)state + member_offset(row, msr));
		return POLICY_MSR_OK;
	case POLICY_MSR_DO_KEPT:
		*value = *(const u64 *)(const void *)((const u8 *)msrs + member_offset(row, msr));
		return POLICY_MSR_OK;
	case POLICY_MSR_DO_SOURCE:
		*value = row->source == POLICY_MSR_SOURCE_PLATFORM_INFO ? env->platform_info : env->arch_capabilities;
		return POLICY_MSR_OK;
	case POLICY_MSR_DO_DEVICE:
		return POLICY_MSR_DEVICE;
	default:
		return POLICY_MSR_FAULT;
	}
}

enum policy_msr_result policy_msr_row_write(const struct policy_msr_env *env, const struct policy_msr_row *row,
					    struct cpu_state *state, struct policy_msrs *msrs, u32 msr, u64 value)
{
	if (!is_writable(env, row, msr, value))
		return POLICY_MSR_FAULT;
	switch (row->write) {
	case POLICY_MSR_DO_IGNORE:
		return POLICY_MSR_OK;
	case POLICY_MSR_DO_ONLY:
		return value & ~row->allowed ? POLICY_MSR_FAULT : POLICY_MSR_OK;
	case POLICY_MSR_DO_CPU:
		*(u64 *)(void *)((u8 *)state + member_offset(row, msr)) = value;
		return POLICY_MSR_OK;
	case POLICY_MSR_DO_KEPT:
		*(u64 *)(void *)((u8 *)msrs + member_offset(row, msr)) = value;
		return POLICY_MSR_OK;
	case POLICY_MSR_DO_DEVICE:
		return POLICY_MSR_DEVICE;
	default:
		return POLICY_MSR_FAULT;
	}
}
