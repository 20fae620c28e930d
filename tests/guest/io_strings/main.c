// SPDX-License-Identifier: Apache-2.0
// INS and OUTS with REP: both directions, over page ends to pages that do not lie together, and into a page fault.
#include "base/mem.h"
#include "check.h"
#include "paging.h"
#include "print.h"
#include "trap.h"

#define BUFFER 0x30000000000ull /* two linear pages, mapped to physical pages in reverse order */
#define COUNT 12
#define MCR (COM1 + 4)
#define FCR (COM1 + 2)
#define LSR (COM1 + 5)
#define LOOP 0x10

static u8 frames[4][PAGE_BYTES] ALIGNED(4096);
static u8 got[64];

/* The serial port in loopback is a queue of 16 bytes: what OUTS puts in, INS takes out. */
static void queue_open(void)
{
	print_drain();
	outb(MCR, LOOP);
	outb(FCR, 0x07);
}

static void queue_close(void)
{
	print_init();
}

static void queue_wait(unsigned bytes)
{
	for (unsigned i = 0; i < bytes * 20000; i++)
		pause();
	for (long i = 0; i < 1000000 && !(inb(LSR) & 1); i++)
		pause();
}

static void map_reversed(void)
{
	paging_map(BUFFER, (u64)frames[2], PTE_P | PTE_W);
	paging_map(BUFFER + PAGE_BYTES, (u64)frames[0], PTE_P | PTE_W);
}

static u64 outs(u64 from, u64 count, bool backward)
{
	__asm__ volatile("test %%al, %%al; jz 1f; std; 1: rep outsb; cld"
			 : "+S"(from), "+c"(count)
			 : "a"(backward), "d"(COM1)
			 : "memory", "cc");
	return count ? ~0ull : from;
}

static u64 ins(u64 to, u64 count, bool backward)
{
	__asm__ volatile("test %%al, %%al; jz 1f; std; 1: rep insb; cld"
			 : "+D"(to), "+c"(count)
			 : "a"(backward), "d"(COM1)
			 : "memory", "cc");
	return count ? ~0ull : to;
}

static void over_the_page_end(bool backward)
{
	u64 start = BUFFER + PAGE_BYTES - COUNT / 2;
	u64 first = backward ? start + COUNT - 1 : start;
	u64 after_out, after_in;
	bool same = true;

	for (unsigned i = 0; i < COUNT; i++)
		PHYS(u8, start + i) = (u8)(0x40 + i);
	queue_open();
	after_out = outs(first, COUNT, backward);
	queue_wait(COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		PHYS(u8, start + i) = 0;
	after_in = ins(first, COUNT, backward);
	queue_close();
	for (unsigned i = 0; i < COUNT; i++)
		same = same && PHYS(u8, start + i) == 0x40 + i;
	check(same, "REP OUTSB and REP INSB over a page end, %s", backward ? "backward" : "forward");
	check_equal(after_out, backward ? start - 1 : start + COUNT, "RSI after it");
	check_equal(after_in, backward ? start - 1 : start + COUNT, "RDI after it");
}

static volatile unsigned faults;
static volatile u64 fault_rcx, fault_cr2;

static void on_page_fault(struct trap_frame *f)
{
	faults++;
	fault_rcx = f->rcx;
	fault_cr2 = read_cr2();
	paging_map(fault_cr2 & ~0xfffull, (u64)frames[0], PTE_P | PTE_W);
}

/* The second page is not there: what was moved stays moved, RCX says how much is left, and the handler's IRET goes on.
 */
static void into_a_page_fault(void)
{
	u64 start = BUFFER + PAGE_BYTES - 4;
	bool same = true;

	trap_set_handler(VECTOR_PF, on_page_fault);
	queue_open();
	for (unsigned i = 0; i < 10; i++)
		outb(COM1, (u8)(0x60 + i));
	queue_wait(10);
	paging_map(BUFFER + PAGE_BYTES, 0, 0);
	faults = 0;
	ins(start, 10, false);
	queue_close();
	for (unsigned i = 0; i < 10; i++)
		same = same && PHYS(u8, start + i) == 0x60 + i;
	check_equal(faults, 1, "REP INSB into a missing page faults once");
	check_equal(fault_cr2, BUFFER + PAGE_BYTES, "at the first missing byte");
	check_equal(fault_rcx, 6, "RCX counts what is left");
	check(same, "and all bytes arrive");
	trap_set_handler(VECTOR_PF, NULL);
	map_reversed();
}

static void read_only_page(void)
{
	u64 cr0 = read_cr0();
	u64 to = BUFFER;
	u64 count = 1;

	paging_map(BUFFER, (u64)frames[2], PTE_P);
	write_cr0(cr0 | CR0_WP);
	__asm__ volatile(TRY_BEGIN "rep insb" TRY_END : "+D"(to), "+c"(count) : "d"(0x3ff) : "memory");
	check_equal(trap_vector(), VECTOR_PF, "INSB to a read-only page is #PF");
	check_equal(trap_last.error, PF_PRESENT | PF_WRITE, "its error code");
	check(to == BUFFER && count == 1, "RDI and RCX are as before");
	write_cr0(cr0);
	map_reversed();
}

static void widths(void)
{
	static u32 words[3] = {0x11111111, 0x22222222, 0x33445566};
	u64 at = (u64)words, count = 3;

	outl(0xe0, 0x12345678); /* pc-testdev's latch */
	if (inl(0xe0) != 0x12345678) {
		skip("16 and 32-bit strings: no pc-testdev");
		return;
	}
	__asm__ volatile("rep outsl" : "+S"(at), "+c"(count) : "d"(0xe0) : "memory");
	check_equal(inl(0xe0), 0x33445566, "REP OUTSL: the last one");
	check_equal(at, (u64)words + 12, "RSI after it");
	at = (u64)got;
	count = 2;
	__asm__ volatile("rep insw" : "+D"(at), "+c"(count) : "d"(0xe0) : "memory");
	check(load_u16(got) == 0x5566 && load_u16(got + 2) == 0x5566, "REP INSW");
	at = (u64)got;
	__asm__ volatile("insl" : "+D"(at) : "d"(0xe0) : "memory");
	check(load_u32(got) == 0x33445566 && at == (u64)got + 4, "INSL without REP");
	PHYS(u32, BUFFER + PAGE_BYTES - 2) = 0xcafebabe;
	at = BUFFER + PAGE_BYTES - 2;
	__asm__ volatile("outsl" : "+S"(at) : "d"(0xe0) : "memory");
	check_equal(inl(0xe0), 0xcafebabe, "OUTSL of a word that lies across two pages");
}

static void nothing_to_do(void)
{
	u64 at = 0x8000000000000000, count = 0; /* non-canonical, never used */

	__asm__ volatile(TRY_BEGIN "rep outsb" TRY_END : "+S"(at), "+c"(count) : "d"(0x80) : "memory");
	check_equal(trap_vector(), TRAP_NONE, "REP with RCX 0 does nothing");
}

static void large_counts(void)
{
	u64 at = (u64)frames, count = sizeof(frames);

	memset(frames, 0x77, sizeof(frames));
	__asm__ volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(0x80) : "memory");
	check(count == 0 && at == (u64)frames + sizeof(frames), "REP OUTSB of 16 KiB");
	at = (u64)frames;
	count = sizeof(frames);
	outb(0x3ff, 0x99);
	__asm__ volatile("rep insb" : "+D"(at), "+c"(count) : "d"(0x3ff) : "memory");
	check(frames[0][0] == 0x99 && frames[3][PAGE_BYTES - 1] == 0x99, "REP INSB of 16 KiB");
}

void guest_main(void)
{
	map_reversed();
	over_the_page_end(false);
	over_the_page_end(true);
	into_a_page_fault();
	read_only_page();
	widths();
	nothing_to_do();
	large_counts();
}
