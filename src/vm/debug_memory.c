// SPDX-License-Identifier: Apache-2.0
// Guest memory as a debugger sees it: no rights count, breakpoints do not show, devices are not touched.
#include "base/mem.h"
#include "emul/walk.h"
#include "host/memory.h"
#include "vm/debug_priv.h"
#include "vm/gpa.h"

/* Linux with page-table isolation has its kernel's tables right below the user's: CR3 bit 12 tells them apart. */
#define CR3_ISOLATED BIT(12)

static bool walk_with(struct vcpu *v, const struct cpu_state *s, u64 address, struct walk_trail *trail, gpa_t *gpa)
{
	const struct walk_limits limits = {.phys_bits = memory_host_caps()->pa_bits, .has_gib_pages = true};

	trail->count = 0;
	/* Outside IA-32e mode there is nothing beyond 4 GiB. */
	if (s->efer & EFER_LMA ? !address_is_canonical(s->cr4, address) : address >> 32)
		return false;
	return !walk_trail(&v->memory, s, &limits, GVA(address), trail, gpa);
}

bool debug_trails(struct vcpu *v, u64 address, struct walk_trail trail[DEBUG_TRAILS], gpa_t *gpa)
{
	struct cpu_state isolated;

	hvm_fetch(&v->hvm, STATE_CONTROL | STATE_CODE | STATE_RFLAGS);
	trail[1].count = 0;
	if (walk_with(v, &v->hvm.state, address, &trail[0], gpa))
		return true;
	if (!(v->hvm.state.cr3 & CR3_ISOLATED) || !(v->hvm.state.efer & EFER_LMA))
		return false;
	isolated = v->hvm.state;
	isolated.cr3 &= ~(u64)CR3_ISOLATED;
	return walk_with(v, &isolated, address, &trail[1], gpa);
}

bool debug_translate(struct vcpu *v, u64 address, gpa_t *gpa)
{
	struct walk_trail trail[DEBUG_TRAILS];

	return debug_trails(v, address, trail, gpa);
}

/* The part of the access that is in one page; where it is, NULL if that is no RAM. */
static u8 *page_part(struct debug *d, u32 thread, enum gdb_space space, u64 address, u32 *bytes, gpa_t *gpa)
{
	*bytes = (u32)MIN(*bytes, PAGE_BYTES - address % PAGE_BYTES);
	if (space == GDB_PHYSICAL)
		*gpa = GPA(address);
	else if (!debug_translate(d->vm->vcpu[thread], address, gpa))
		return NULL;
	return gpa_pointer(d->vm, *gpa, *bytes);
}

/* INT3s that lie in [gpa, gpa + bytes) are not for the debugger: `buf` gets or gives what belongs there. */
static void patch(struct debug *d, gpa_t gpa, u8 *read_to, const u8 *written, u32 bytes)
{
	for (u32 i = 0; i < d->point_end; i++) {
		struct debug_point *p = &d->points[i];

		if (!p->is_used || !p->is_laid || p->gpa.v - gpa.v >= bytes)
			continue;
		if (read_to)
			read_to[p->gpa.v - gpa.v] = p->original;
		else
			p->original = written[p->gpa.v - gpa.v];
	}
}

u32 debug_memory_read(struct gdb_target *t, u32 thread, enum gdb_space space, u64 address, u8 *buf, u32 bytes)
{
	struct debug *d = debug_of(t);
	u32 done = 0;

	while (done < bytes) {
		u32 part = bytes - done;
		gpa_t gpa;
		const u8 *at = page_part(d, thread, space, address + done, &part, &gpa);

		if (!at)
			break;
		memcpy(buf + done, at, part);
		patch(d, gpa, buf + done, NULL, part);
		done += part;
	}
	return done;
}

#define INT3 0xcc

u32 debug_memory_write(struct gdb_target *t, u32 thread, enum gdb_space space, u64 address, const u8 *buf, u32 bytes)
{
	struct debug *d = debug_of(t);
	u32 done = 0;

	while (done < bytes) {
		u32 part = bytes - done;
		gpa_t gpa;
		u8 *at = page_part(d, thread, space, address + done, &part, &gpa);

		if (!at)
			break;
		patch(d, gpa, NULL, buf + done, part);
		memcpy(at, buf + done, part);
		for (u32 i = 0; i < d->point_end; i++)
			if (d->points[i].is_used && d->points[i].is_laid && d->points[i].gpa.v - gpa.v < part)
				at[d->points[i].gpa.v - gpa.v] = INT3;
		done += part;
	}
	return done;
}
