// SPDX-License-Identifier: Apache-2.0
// A test kernel for the launcher: lists what it was booted with and on, echoes COM1, and does what it is told there.
// It is booted by Multiboot 2, or by its PVH note with an archive (cpio, newc) for its modules.
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

struct module_tag {
	struct tag tag;
	uint32_t start, end;
	char name[];
};

// struct hvm_start_info and struct hvm_modlist_entry, as far as they matter.
struct pvh_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules;
};

struct pvh_module {
	uint64_t start, bytes;
};

struct module {
	const char *name;
	const char *start, *end;
	const void *next; // for module_next()
};

enum { ENTRY_BYTES = 110, ENTRY_FILE_BYTES = 54, ENTRY_NAME_BYTES = 94 };
enum { MULTIBOOT2_MAGIC = 0x36d76289 };

void run(uint32_t magic, const void *info);
void triple_fault(void);

static bool is_pvh;
static const void *boot_info;

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

static uint32_t hex8(const char *digits)
{
	uint32_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 4 | (uint32_t)(digits[i] <= '9' ? digits[i] - '0' : digits[i] - 'A' + 10);
	return value;
}

// A file of the archive, each of whose parts begins at a multiple of 4.
static bool entry_read(const char *entry, struct module *module)
{
	module->name = entry + ENTRY_BYTES;
	module->start = (const char *)(((uintptr_t)module->name + hex8(entry + ENTRY_NAME_BYTES) + 3) & ~3u);
	module->end = module->start + hex8(entry + ENTRY_FILE_BYTES);
	module->next = (const void *)(((uintptr_t)module->end + 3) & ~3u);
	return !equal(module->name, "TRAILER!!!");
}

static bool tag_read(const struct tag *tag, struct module *module)
{
	for (; tag->type != TAG_END; tag = (const void *)((const char *)tag + ((tag->size + 7) & ~7u))) {
		const struct module_tag *found = (const void *)tag;

		if (tag->type != TAG_MODULE)
			continue;
		*module = (struct module){found->name, (const char *)found->start, (const char *)found->end,
					  (const char *)tag + ((tag->size + 7) & ~7u)};
		return true;
	}
	return false;
}

static bool module_next(struct module *module)
{
	return is_pvh ? entry_read(module->next, module) : tag_read(module->next, module);
}

static bool module_first(struct module *module)
{
	const struct pvh_info *pvh = boot_info;

	if (is_pvh && pvh->module_count == 0)
		return false;
	if (is_pvh)
		module->next = (const void *)(uintptr_t)((const struct pvh_module *)(uintptr_t)pvh->modules)->start;
	else
		module->next = (const char *)boot_info + 8;
	return module_next(module);
}

static void list_modules(void)
{
	struct module m;

	for (bool is_there = module_first(&m); is_there; is_there = module_next(&m)) {
		print("module ");
		print(m.name);
		print(" ");
		print_number((uint32_t)(m.end - m.start));
		print("\r\n");
	}
}

static void show_module(const char *name)
{
	struct module m;

	for (bool is_there = module_first(&m); is_there; is_there = module_next(&m))
		if (equal(m.name, name))
			for (const char *p = m.start; p != m.end; p++)
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

void run(uint32_t magic, const void *info)
{
	static char line[LINE_SIZE];

	is_pvh = magic != MULTIBOOT2_MAGIC;
	boot_info = info;
	serial_init();
	print("eterna: no, the fixture of the launcher's test\r\n");
	print(is_pvh ? "by PVH\r\n" : "by Multiboot 2\r\n");
	list_modules();
	print(has_vmx() ? "vmx\r\n" : "no vmx\r\n");
	print("ready\r\n");
	for (;;) {
		read_line(line);
		obey(line);
	}
}
