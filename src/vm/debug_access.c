// SPDX-License-Identifier: Apache-2.0
// Which bytes does an instruction touch? The emulator carries it out on a copy of the registers and on memory that only
// listens; afterwards the processor carries it out for real, or the emulator where it is certain to do the same.
#include "base/checked.h"
#include "base/mem.h"
#include "vm/debug_priv.h"
#include "vm/gpa.h"
#include "x86/regs/control.h"

#define ACCESSES_MAX 32

struct access {
	gpa_t gpa;
	u32 bytes;
	bool is_write;
};

struct listener {
	struct guest_memory memory;
	struct vector_file vectors;
	struct vcpu *v;
	bool is_strict; /* what is doubtful faults */
	u32 count;
	struct access seen[ACCESSES_MAX];
};

static void note(struct listener *l, gpa_t gpa, u32 bytes, bool is_write)
{
	if (l->count < ACCESSES_MAX)
		l->seen[l->count++] = (struct access){gpa, bytes, is_write};
}

static err_t listen_read(struct guest_memory *memory, gpa_t gpa, void *buf, u32 bytes)
{
	struct listener *l = CONTAINER_OF(memory, struct listener, memory);
	const void *ram = gpa_pointer(l->v->vm, gpa, bytes);

	note(l, gpa, bytes, false);
	if (ram)
		memcpy(buf, ram, bytes);
	else
		memset(buf, 0xff, bytes); /* a device, which is not to notice */
	return OK;
}

static err_t listen_write(struct guest_memory *memory, gpa_t gpa, const void *buf, u32 bytes)
{
	(void)buf;
	note(CONTAINER_OF(memory, struct listener, memory), gpa, bytes, true);
	return OK;
}

static err_t listen_exchange(struct guest_memory *memory, gpa_t gpa, const void *expected, const void *desired,
			     u32 bytes)
{
	(void)expected;
	(void)desired;
	note(CONTAINER_OF(memory, struct listener, memory), gpa, bytes, true);
	return OK;
}

static err_t vector_read(struct vector_file *file, unsigned index, void *buf, u32 bytes)
{
	(void)file;
	(void)index;
	memset(buf, 0, bytes);
	return OK;
}

static err_t vector_write(struct vector_file *file, unsigned index, const void *buf, u32 bytes, bool clears_rest)
{
	(void)file;
	(void)index;
	(void)buf;
	(void)bytes;
	(void)clears_rest;
	return OK;
}

static u64 code_address(const struct cpu_state *s)
{
	bool is_64 = s->efer & EFER_LMA && s->seg[SEG_CS].access & SEG_L;

	return is_64 ? s->rip : (u32)(s->seg[SEG_CS].base + s->rip);
}

/* The instruction's bytes, so that fetching them is no access that counts. */
static u8 code_fetch(struct vcpu *v, u8 *code)
{
	return (u8)debug_memory_read(&v->vm->debug->target, v->index, GDB_VIRTUAL, code_address(&v->hvm.state), code,
				     INSN_BYTES_MAX);
}

/* What the instruction at RIP would touch, and what else would come of it. */
static enum emul_status instruction_listen(struct listener *l, const u8 *code, u8 bytes, struct emul_result *r)
{
	struct vcpu *v = l->v;
	struct emul e = vcpu_emulator(v);
	struct cpu_state copy = v->hvm.state;

	e.cpu = &copy;
	e.memory = &l->memory;
	e.vectors = l->vectors.read ? &l->vectors : NULL;
	e.ports = NULL;
	e.repeat_max = 1;
	e.hint.insn = code;
	e.hint.insn_bytes = bytes;
	/* It is not at hand: whatever it may forbid is taken to be forbidden, and a fault is for the processor to find.
	 */
	e.limits.pkru = l->is_strict ? UINT32_MAX : 0;
	return emul_step(&e, r);
}

static bool instruction_is_known(struct vcpu *v, struct listener *l)
{
	struct emul_result r;
	u8 code[INSN_BYTES_MAX];
	enum emul_status status = instruction_listen(l, code, code_fetch(v, code), &r);

	return status != EMUL_UNSUPPORTED && status != EMUL_FAILED;
}

/* The most that one access of an instruction that the emulator does not know is taken to touch. */
#define ACCESS_WIDEST 64
/* SS, RSP, RFLAGS, CS, RIP and an error code: what the delivery of an event pushes. */
#define FRAME_BYTES 48

static void guess(struct listener *l, const struct exit *x, bool is_delivery)
{
	gpa_t gpa = x->memory.gpa;

	if (is_delivery)
		note(l, GPA(gpa.v < FRAME_BYTES ? 0 : gpa.v - FRAME_BYTES), FRAME_BYTES + 8, true);
	else
		note(l, gpa, ACCESS_WIDEST, x->memory.is_write);
}

static bool is_hit(const struct debug_point *p, const struct access *a)
{
	if (!p->is_used || p->how != POINT_MEMORY || p->kind < GDB_POINT_WRITE)
		return false;
	if (!ranges_overlap(p->gpa.v, p->bytes, a->gpa.v, a->bytes))
		return false;
	return p->kind == GDB_POINT_ACCESS || (p->kind == GDB_POINT_WRITE) == a->is_write;
}

static const u8 stop_of_point[] = {
	[GDB_POINT_WRITE] = GDB_STOP_WRITE,
	[GDB_POINT_READ] = GDB_STOP_READ,
	[GDB_POINT_ACCESS] = GDB_STOP_ACCESS,
};

static bool access_hits(const struct debug *d, const struct access *a, struct debug_over *over)
{
	for (u32 i = 0; i < d->point_end; i++) {
		const struct debug_point *p = &d->points[i];

		if (!is_hit(p, a))
			continue;
		over->has_hit = true;
		over->hit_kind = stop_of_point[p->kind];
		/* The first byte of both. */
		over->hit_address = p->address + (a->gpa.v > p->gpa.v ? a->gpa.v - p->gpa.v : 0);
		return true;
	}
	return false;
}

static bool is_open(const struct debug *d, u32 vcpu, u64 page)
{
	if (!d->over.is_active || d->over.vcpu != vcpu)
		return false;
	for (u32 i = 0; i < d->over.page_count; i++)
		if (d->over.page[i] == page)
			return true;
	return false;
}

static u32 slots_hit(const struct debug *d, const struct access *a)
{
	u32 slots = 0;

	for (u32 i = 0; i < d->point_end; i++) {
		const struct debug_point *p = &d->points[i];

		if (p->is_used && p->how == POINT_REGISTER && p->kind >= GDB_POINT_WRITE && p->has_gpa &&
		    ranges_overlap(p->gpa.v, p->bytes, a->gpa.v, a->bytes) &&
		    (a->is_write || p->kind != GDB_POINT_WRITE))
			slots |= 1u << p->slot;
	}
	return slots;
}

/* The bytes by DR7's LEN of 0 to 3 (SDM 3B, Debug Control Register). */
static const u8 watched_bytes[] = {1, 2, 8, 4};

static u32 own_slots_hit(struct vcpu *v, const struct access *a)
{
	const struct cpu_state *s = &v->hvm.state;
	u32 slots = 0;

	for (unsigned n = 0; n < ARRAY_COUNT(s->dr); n++) {
		u64 rw = GET(DR7_RW(n), s->dr7), bytes = watched_bytes[GET(DR7_LEN(n), s->dr7)];
		gpa_t gpa;

		if (!(s->dr7 & DR7_ENABLE(n)) || !(rw == RW_ACCESS || (rw == RW_WRITE && a->is_write)))
			continue;
		if (debug_translate(v, ALIGN_DOWN(s->dr[n], bytes), &gpa) &&
		    ranges_overlap(gpa.v, bytes, a->gpa.v, a->bytes))
			slots |= 1u << n;
	}
	return slots;
}

struct debug_touch debug_access_touches(struct vcpu *v)
{
	struct listener l = {
		.memory = {listen_read, listen_write, listen_exchange}, .vectors = {vector_read, vector_write}, .v = v};
	const struct debug *d = v->vm->debug;
	struct debug_touch touch = {0};
	struct emul_result r;
	u8 code[INSN_BYTES_MAX];

	hvm_fetch(&v->hvm, STATE_ALL);
	(void)instruction_listen(&l, code, code_fetch(v, code), &r);
	for (u32 i = 0; i < l.count; i++) {
		u64 page = ALIGN_DOWN(l.seen[i].gpa.v, PAGE_BYTES);

		touch.slots |= slots_hit(d, &l.seen[i]);
		/* A load of SS would hold the trap back behind the next instruction: that is not followed. */
		if (!(r.blocking & BLOCKING_MOV_SS))
			touch.own_slots |= own_slots_hit(v, &l.seen[i]);
		if (touch.has_closed_page || is_open(d, v->index, page) || !debug_page_is_watched(d, page))
			continue;
		touch.has_closed_page = true;
		touch.gpa = l.seen[i].gpa;
	}
	return touch;
}

bool debug_access_hits(struct vcpu *v, const struct exit *x, struct debug_over *over)
{
	struct listener l = {
		.memory = {listen_read, listen_write, listen_exchange}, .vectors = {vector_read, vector_write}, .v = v};
	bool is_delivery = v->hvm.interrupted.is_valid;

	hvm_fetch(&v->hvm, STATE_ALL);
	if (is_delivery || !instruction_is_known(v, &l)) {
		l.count = 0;
		if (!x->memory.is_fetch)
			guess(&l, x, is_delivery);
	}
	for (u32 i = 0; i < l.count; i++)
		if (access_hits(v->vm->debug, &l.seen[i], over))
			return true;
	return false;
}

/* --- in the processor's place --------------------------------------------------------------------------------------
 */
#define STATE_EMULATED                                                                                                 \
	(STATE_RIP | STATE_RSP | STATE_RFLAGS | STATE_SEGMENTS | STATE_CONTROL | STATE_BLOCKING | STATE_DEBUG |        \
	 STATE_DR7)

/* Nothing is due with or behind the instruction that only a processor does: a trap, the end of a shadow. */
static bool is_undisturbed(const struct cpu_state *s)
{
	return !(s->rflags & (RFLAGS_TF | RFLAGS_RF)) && !(s->blocking & (BLOCKING_STI | BLOCKING_MOV_SS));
}

/* Would data breakpoints see what the instruction touches, the guest's or ours? */
static bool has_data_breakpoints(const struct vcpu *v)
{
	u64 dr7 = v->hvm.debug.what & HVM_DEBUG_REGISTERS ? v->hvm.debug.dr7 : v->hvm.state.dr7;

	for (unsigned n = 0; n < 4; n++)
		if (dr7 & DR7_ENABLE(n) && dr7 & DR7_RW(n))
			return true;
	return false;
}

static bool is_plain(const struct vcpu *v, const struct access *a)
{
	const struct debug *d = v->vm->debug;

	if (a->is_write && debug_tables_change(d, a->gpa, a->bytes))
		return false;
	return gpa_is_ram(v->vm, a->gpa, a->bytes) && !debug_page_is_watched(d, ALIGN_DOWN(a->gpa.v, PAGE_BYTES)) &&
	       !debug_page_is_watched(d, ALIGN_DOWN(a->gpa.v + a->bytes - 1, PAGE_BYTES));
}

/* Only registers, and memory that nobody watches; no exception, and nothing but general registers and flags. */
static bool is_harmless(const struct listener *l, const struct emul_result *r)
{
	if (r->changed || l->count == ACCESSES_MAX || (l->count && has_data_breakpoints(l->v)))
		return false;
	for (u32 i = 0; i < l->count; i++)
		if (!is_plain(l->v, &l->seen[i]))
			return false;
	return true;
}

#define PREFIX_REP 0xf3
#define PREFIX_REX 0x40
#define REX_W 8
#define STOS_BYTE 0xaa
#define STOS_WIDE 0xab

/* The bytes of an element of REP STOS that goes upward in 64-bit code; 0 for any other instruction. */
static u32 stos_bytes(const struct cpu_state *s, const u8 *code)
{
	u8 rex = (code[1] & 0xf0) == PREFIX_REX ? code[1] : 0;
	u8 opcode = code[rex ? 2 : 1];

	if (!(s->efer & EFER_LMA && s->seg[SEG_CS].access & SEG_L) || code[0] != PREFIX_REP || s->rflags & RFLAGS_DF)
		return 0;
	if (opcode == STOS_BYTE)
		return 1;
	return opcode != STOS_WIDE ? 0 : rex & REX_W ? 8 : 4;
}

/*
 * An element by the emulator, and the others of its page, to which the same rights and points apply, at once; but the
 * last, which ends the instruction. Kernels clear megabytes by one REP STOS.
 */
static bool stos_fill(struct listener *l, const u8 *code)
{
	struct vcpu *v = l->v;
	u64 *gpr = v->hvm.state.gpr;
	u32 bytes = stos_bytes(&v->hvm.state, code);
	const struct access *a = &l->seen[MAX(l->count, 1) - 1];
	struct emul e = vcpu_emulator(v);
	struct emul_result r;
	u64 next, count;
	u8 *to;

	if (!bytes || !l->count || !a->is_write)
		return false;
	e.repeat_max = 1;
	e.hint.insn = code;
	e.hint.insn_bytes = INSN_BYTES_MAX;
	if (emul_step(&e, &r) != EMUL_AGAIN)
		return false;
	next = a->gpa.v + a->bytes;
	if (debug_tables_has_page(v->vm->debug, ALIGN_DOWN(next, PAGE_BYTES)))
		return true;
	count = MIN(gpr[GPR_RCX] - 1, (ALIGN_UP(next, PAGE_BYTES) - next) / bytes);
	to = count ? gpa_pointer(v->vm, GPA(next), count * bytes) : NULL;
	if (!to)
		return true;
	for (u64 i = 0; i < count; i++)
		memcpy(to + i * bytes, &gpr[GPR_RAX], bytes);
	gpr[GPR_RDI] += count * bytes;
	gpr[GPR_RCX] -= count;
	return true;
}

bool debug_emulate(struct vcpu *v)
{
	struct listener l = {.memory = {listen_read, listen_write, listen_exchange}, .v = v, .is_strict = true};
	struct emul_hint hint = {0};
	struct emul_result r;
	enum emul_status status;
	u8 code[INSN_BYTES_MAX];

	hvm_fetch(&v->hvm, STATE_EMULATED);
	if (!is_undisturbed(&v->hvm.state) || v->hvm.interrupted.is_valid)
		return false;
	/* The next page may forbid what this one allows, and have an INT3 of its own. */
	if (code_address(&v->hvm.state) % PAGE_BYTES > PAGE_BYTES - INSN_BYTES_MAX ||
	    code_fetch(v, code) != INSN_BYTES_MAX)
		return false;
	status = instruction_listen(&l, code, INSN_BYTES_MAX, &r);
	if (!is_harmless(&l, &r))
		return false;
	if (status == EMUL_AGAIN)
		return stos_fill(&l, code);
	if (status != EMUL_DONE && status != EMUL_JUMPED)
		return false;
	hint.insn = code;
	hint.insn_bytes = INSN_BYTES_MAX;
	(void)vcpu_emulate(v, &hint);
	return true;
}
