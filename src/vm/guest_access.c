// SPDX-License-Identifier: Apache-2.0
// The providers behind the emulator's contracts.
#include "vm/guest_access.h"

#include "base/mem.h"
#include "vm/board.h"
#include "vm/gpa.h"
#include "vm/gpa_move.h"
#include "vm/vm.h"
#include "x86/insn.h"

static err_t memory_read(struct guest_memory *memory, gpa_t gpa, void *buf, u32 bytes)
{
	struct vcpu *v = CONTAINER_OF(memory, struct vcpu, memory);
	const void *ram = gpa_pointer(v->vm, gpa, bytes);

	if (ram && bytes == sizeof(u64)) /* page-table entries: the most frequent */
		store_u64(buf, load_u64(ram));
	else if (ram)
		memcpy(buf, ram, bytes);
	else
		board_memory_read(v, gpa, buf, bytes);
	return OK;
}

static err_t memory_write(struct guest_memory *memory, gpa_t gpa, const void *buf, u32 bytes)
{
	struct vcpu *v = CONTAINER_OF(memory, struct vcpu, memory);
	void *ram = gpa_pointer(v->vm, gpa, bytes);
	bool is_kept;

	if (!ram) {
		board_memory_write(v, gpa, buf, bytes);
		return OK;
	}
	is_kept = gpa_write_begin(v->vm, gpa, bytes);
	memcpy(ram, buf, bytes);
	gpa_write_end(v->vm, is_kept);
	return OK;
}

#define DEF_COMPARE_EXCHANGE(type)                                                                                     \
	static bool compare_exchange_##type(void *ram, const void *expected, const void *desired)                      \
	{                                                                                                              \
		type old, new;                                                                                         \
                                                                                                                       \
		memcpy(&old, expected, sizeof(old));                                                                   \
		memcpy(&new, desired, sizeof(new));                                                                    \
		return __atomic_compare_exchange_n((type *)ram, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	}
DEF_COMPARE_EXCHANGE(u8)
DEF_COMPARE_EXCHANGE(u16)
DEF_COMPARE_EXCHANGE(u32)
DEF_COMPARE_EXCHANGE(u64)

static bool compare_exchange_16(void *ram, const void *expected, const void *desired)
{
	const u64 *old = expected, *new = desired;
	u64 low = old[0], high = old[1];
	bool is_equal;

	__asm__ volatile("lock cmpxchg16b (%3)"
			 : "=@ccz"(is_equal), "+a"(low), "+d"(high)
			 : "r"(ram), "b"(new[0]), "c"(new[1])
			 : "memory");
	return is_equal;
}

static err_t compare_exchange(void *ram, const void *expected, const void *desired, u32 bytes)
{
	bool is_equal;

	switch (bytes) {
	case 1:
		is_equal = compare_exchange_u8(ram, expected, desired);
		break;
	case 2:
		is_equal = compare_exchange_u16(ram, expected, desired);
		break;
	case 4:
		is_equal = compare_exchange_u32(ram, expected, desired);
		break;
	case 8:
		is_equal = compare_exchange_u64(ram, expected, desired);
		break;
	case 16:
		if (!IS_ALIGNED((u64)ram, 16))
			return ERR_UNSUPPORTED;
		is_equal = compare_exchange_16(ram, expected, desired);
		break;
	default:
		return ERR_RANGE;
	}
	return is_equal ? OK : ERR_BUSY;
}

static err_t memory_compare_exchange(struct guest_memory *memory, gpa_t gpa, const void *expected, const void *desired,
				     u32 bytes)
{
	struct vcpu *v = CONTAINER_OF(memory, struct vcpu, memory);
	void *ram = gpa_pointer(v->vm, gpa, bytes);
	bool is_kept;
	err_t err;

	if (!ram)
		return ERR_UNSUPPORTED;
	is_kept = gpa_write_begin(v->vm, gpa, bytes);
	err = compare_exchange(ram, expected, desired, bytes);
	gpa_write_end(v->vm, is_kept);
	return err;
}

static err_t port_in(struct port_io *ports, u16 port, u32 bytes, u32 *value)
{
	*value = board_port_read(CONTAINER_OF(ports, struct vcpu, ports), port, bytes);
	return OK;
}

static err_t port_out(struct port_io *ports, u16 port, u32 bytes, u32 value)
{
	board_port_write(CONTAINER_OF(ports, struct vcpu, ports), port, bytes, value);
	return OK;
}

/*
 * The vector registers are live in the CPU while the vcpu is loaded. They are reached through a private XSAVE area in
 * legacy form: XMM at 160 (SDM 1, XSAVE Area: legacy region), the high halves of YMM where leaf 0xD says.
 */
#define XMM_OFFSET 160
#define FXSAVE_BYTES 512
#define AVX_BYTES 256
#define XSTATE_BV 512
#define COMPACTED_AVX 576
#define VECTOR_FEATURES 7

#define DEF_VECTOR_AREA(name) u8 name[COMPACTED_AVX + AVX_BYTES] ALIGNED(64)

static bool has_avx(void)
{
	return xgetbv(0) & 4;
}

static err_t vector_read(struct vector_file *file, unsigned index, void *buf, u32 bytes)
{
	DEF_VECTOR_AREA(vector_area);

	(void)file;
	if (bytes > 16 && !has_avx())
		return ERR_UNSUPPORTED;
	if (has_avx())
		xsave(vector_area, VECTOR_FEATURES);
	else
		fxsave(vector_area);
	memcpy(buf, vector_area + XMM_OFFSET + 16 * index, 16);
	if (bytes > 16) {
		/* A component in its initial state is not written. */
		if (load_u64(vector_area + XSTATE_BV) & 4)
			memcpy((u8 *)buf + 16, vector_area + COMPACTED_AVX + 16 * index, 16);
		else
			memset((u8 *)buf + 16, 0, 16);
	}
	return OK;
}

static err_t vector_write(struct vector_file *file, unsigned index, const void *buf, u32 bytes, bool clears_rest)
{
	DEF_VECTOR_AREA(vector_area);
	u64 present;

	(void)file;
	if (!has_avx()) {
		if (bytes > 16)
			return ERR_UNSUPPORTED;
		fxsave(vector_area);
		memcpy(vector_area + XMM_OFFSET + 16 * index, buf, 16);
		fxrstor(vector_area);
		return OK;
	}
	xsave(vector_area, VECTOR_FEATURES);
	present = load_u64(vector_area + XSTATE_BV);
	if (!(present & 2))
		memset(vector_area + XMM_OFFSET, 0, 256);
	if (!(present & 4))
		memset(vector_area + COMPACTED_AVX, 0, AVX_BYTES);
	memcpy(vector_area + XMM_OFFSET + 16 * index, buf, 16);
	if (bytes > 16)
		memcpy(vector_area + COMPACTED_AVX + 16 * index, (const u8 *)buf + 16, 16);
	else if (clears_rest)
		memset(vector_area + COMPACTED_AVX + 16 * index, 0, 16);
	store_u64(vector_area + XSTATE_BV, present | 6);
	xrstor(vector_area, VECTOR_FEATURES);
	return OK;
}

static const void *ram(struct hvm_vcpu *v, gpa_t gpa, u64 bytes)
{
	return gpa_pointer(CONTAINER_OF(v, struct vcpu, hvm)->vm, gpa, bytes);
}

void guest_access_init(struct vcpu *v)
{
	v->vm->hvm.ram = ram;
	v->memory = (struct guest_memory){memory_read, memory_write, memory_compare_exchange};
	v->ports = (struct port_io){port_in, port_out};
	v->vectors = (struct vector_file){vector_read, vector_write};
}
