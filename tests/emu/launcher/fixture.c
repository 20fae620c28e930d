// SPDX-License-Identifier: Apache-2.0
// A test kernel for the launcher: lists what it was booted with and on, echoes COM1, and does what it is told there.
//
// Commands, a line each:  exit N    tell status N and power off      quiet     power off without a word
//                         fault     triple fault                     hang      stop for good, interrupts off
//                         tell N    tell status N and go on          show NAME print module NAME
//                         count     ticks of a million instructions
// Anything else is echoed as "got: LINE".
#include <stdbool.h>
#include <stdint.h>

enum { COM1 = 0x3f8, LINE_SIZE = 4096 };
enum { TAG_END = 0, TAG_MODULE = 3 };

struct tag {
	uint32_t type, size;
};

struct module {
	struct tag tag;
	uint32_t start, end;
	char name[];
};

void run(const uint8_t *info);
void triple_fault(void);

static const uint8_t *boot_info;

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void serial_init(void)
{
	out8(COM1 + 1, 0);    // no interrupts
	out8(COM1 + 3, 0x80); // divisor 1: 115200 baud
	out8(COM1 + 0, 1);
	out8(COM1 + 1, 0);
	out8(COM1 + 3, 3); // 8 bits, no parity, 1 stop bit
	out8(COM1 + 2, 7); // FIFOs on and empty
	out8(COM1 + 4, 3);
}

static void put(char c)
{
	while (!(in8(COM1 + 5) & 0x20))
		;
	out8(COM1, (uint8_t)c);
}

static void print(const char *text)
{
	for (; *text; text++)
		put(*text);
}

static void print_number(uint32_t value)
{
	if (value >= 10)
		print_number(value / 10);
	put((char)('0' + value % 10));
}

static char get(void)
{
	while (!(in8(COM1 + 5) & 1))
		;
	return (char)in8(COM1);
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

// The text after `word` when `line` begins with it, else null.
static const char *after(const char *line, const char *word)
{
	while (*word)
		if (*line++ != *word++)
			return 0;
	return line;
}

static const struct module *module_next(const struct tag *tag)
{
	for (; tag->type != TAG_END; tag = (const void *)((const uint8_t *)tag + ((tag->size + 7) & ~7u)))
		if (tag->type == TAG_MODULE)
			return (const struct module *)tag;
	return 0;
}

static const struct module *module_first(void)
{
	return module_next((const void *)(boot_info + 8));
}

static const struct module *module_after(const struct module *module)
{
	return module_next((const void *)((const uint8_t *)module + ((module->tag.size + 7) & ~7u)));
}

static void list_modules(void)
{
	for (const struct module *m = module_first(); m; m = module_after(m)) {
		print("module ");
		print(m->name);
		print(" ");
		print_number(m->end - m->start);
		print("\r\n");
	}
}

static void show_module(const char *name)
{
	for (const struct module *m = module_first(); m; m = module_after(m))
		if (equal(m->name, name))
			for (const char *p = (const char *)m->start; p != (const char *)m->end; p++)
				put(*p);
}

// Does the processor claim VMX (CPUID.1:ECX bit 5)?
static bool has_vmx(void)
{
	uint32_t eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ecx >> 5 & 1;
}

// Bochs and QEMU's q35 have their ACPI power switch at different ports.
static void power_off(void)
{
	while (!(in8(COM1 + 5) & 0x40))
		;
	out16(0xb004, 0x2000);
	out16(0x604, 0x2000);
}

static uint32_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low;
}

// Ticks of the TSC that a million instructions take.
static uint32_t count_million(void)
{
	uint32_t begin = ticks();
	uint32_t rounds = 500000;

	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(rounds));
	return ticks() - begin;
}

static void tell(const char *status)
{
	print("eterna: exit status ");
	print(status);
	print("\r\n");
}

static void read_line(char *line)
{
	unsigned length = 0;

	for (char c = get(); c != '\n' && c != '\r'; c = get())
		if (length < LINE_SIZE - 1)
			line[length++] = c;
	line[length] = 0;
}

static void obey(const char *line)
{
	const char *argument;

	if ((argument = after(line, "exit "))) {
		tell(argument);
		power_off();
	} else if ((argument = after(line, "tell "))) {
		tell(argument);
	} else if ((argument = after(line, "show "))) {
		show_module(argument);
	} else if (equal(line, "quiet")) {
		power_off();
	} else if (equal(line, "fault")) {
		triple_fault();
	} else if (equal(line, "count")) {
		print("ticks ");
		print_number(count_million());
		print("\r\n");
	} else if (equal(line, "hang")) {
		__asm__ volatile("cli; hlt");
	} else {
		print("got: ");
		print(line);
		print("\r\n");
	}
}

void run(const uint8_t *info)
{
	static char line[LINE_SIZE];

	boot_info = info;
	serial_init();
	print("eterna: no, the fixture of the launcher's test\r\n");
	list_modules();
	print(has_vmx() ? "vmx\r\n" : "no vmx\r\n");
	print("ready\r\n");
	for (;;) {
		read_line(line);
		obey(line);
	}
}
