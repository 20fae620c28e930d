// SPDX-License-Identifier: Apache-2.0
// Task switches among descriptors and task-state segments of any content.
// fuzz: -max_len=256
#include "emul/task_switch.h"

#define MODEL_RAM_BYTES (96 * KIB)
#define MODEL_TABLES 0x10000ull
#include "../tests/unit/emul/model.h"

#define GDT 0x1000
#define GDT_BYTES 128
#define OLD 0x2fc0
#define NEW 0x3fc0

static struct model m;
static struct model before;

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

/* The first bytes say what kind of switch, then come the GDT and the new TSS. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct task_switch task = {0};
	enum emul_status status;

	if (bytes < 8)
		return 0;
	model_init_32(&m);
	if (data[0] & 0x10) {
		m.cpu.cr0 |= CR0_PG | CR0_WP;
		model_map_range(&m, 0, 0, 0x10000, MODEL_RWU);
	}
	task.cause = (enum task_cause)(data[0] & 3);
	task.is_external = data[0] & 4;
	task.has_error = data[0] & 8;
	task.selector = data[1];
	m.cpu.gdtr_base = GDT;
	m.cpu.gdtr_limit = data[2];
	m.cpu.seg[SEG_TR] = (struct segment){data[3], SEG_P | (data[4] & 8) | 3, data[5], OLD};
	memcpy(m.ram + GDT, data + 8, MIN(bytes - 8, GDT_BYTES));
	if (bytes > 8 + GDT_BYTES)
		memcpy(m.ram + NEW, data + 8 + GDT_BYTES, MIN(bytes - 8 - GDT_BYTES, 104));
	before = m;
	status = task_switch(&m.emul, &task, &m.result);
	assert(status == EMUL_JUMPED || status == EMUL_FAULT);
	if (!task.is_committed) {
		assert(status == EMUL_FAULT);
		assert(!memcmp(&m.cpu, &before.cpu, sizeof(m.cpu)));
		assert(!memcmp(m.ram, before.ram, MODEL_TABLES));
		return 0;
	}
	/* Whatever the new task is, the processor's own checks on entering it hold. */
	assert(m.cpu.seg[SEG_CS].access & SEG_P && !(m.cpu.seg[SEG_CS].access & SEG_UNUSABLE));
	assert(m.cpu.rflags & RFLAGS_VM || GET(SEG_TYPE, m.cpu.seg[SEG_CS].access) & 8);
	assert(GET(SEG_TYPE, m.cpu.seg[SEG_TR].access) & 2);
	assert(m.cpu.rflags & RFLAGS_FIXED && m.cpu.cr0 & CR0_TS);
	return 0;
}
