// SPDX-License-Identifier: Apache-2.0
/*
 * A small user of Linux's KVM, to compare with: one vcpu, the in-kernel interrupt chips and timer, a 16550 at COM1
 * whose output goes to stdout. It types a line when the guest says "load: ready", and prints KVM's own counts of what
 * came between that and "load: done", "kvm: NAME COUNT" each, and its exits by the processor's reason, "kvm: reason N
 * COUNT".
 *
 *   vmm KERNEL INITRD COMMAND-LINE MIB
 *
 * The guest has the least of ACPI tables that make its Linux find the I/O APIC and take its ticks from the timer of the
 * local APIC, as a guest of ETERNA's does. (Debian's cloud kernel does not read MP tables.)
 *
 * Linux's x86 boot protocol, 64-bit entry; ACPI Specification, ACPI Software Programming Model; KVM's API documentation
 * (linux-libc-dev has the headers). It runs as root on Linux with debugfs and tracefs mounted, linked statically: see
 * bench/kvm/count.
 */
#include <asm/bootparam.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARAMS 0x10000
#define COMMAND_LINE 0x20000
#define TABLES 0x30000
#define ACPI 0xf0000
#define KERNEL 0x100000
#define LARGE_PAGE 0x200000
#define STATS "/sys/kernel/debug/kvm"
#define STATS_MAX 128
#define EXITS "/sys/kernel/tracing/events/kvm/kvm_exit"

enum { UART_DATA, UART_IER, UART_IIR, UART_LCR, UART_MCR, UART_LSR, UART_MSR, UART_SCR };

static int kvm, vm, vcpu;
static uint8_t *memory;
static size_t memory_bytes;

static struct {
	uint8_t ier, lcr, mcr, scr, dll, dlm, fcr, rx;
	bool has_rx, wants_tx, line;
} uart;

static struct stat_row {
	char name[64];
	long value;
} stats[STATS_MAX];
static int stat_count;

static long stat_read(const char *name)
{
	char path[512], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), STATS "/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 1)
		text[0] = 0;
	if (fd >= 0)
		close(fd);
	return strtol(text, NULL, 10);
}

/* Linux's Documentation/trace/histogram. */
static void reasons_begin(void)
{
	static const char trigger[] = "hist:keys=exit_reason";
	int fd = open(EXITS "/trigger", O_WRONLY);

	if (fd < 0 || write(fd, trigger, sizeof(trigger) - 1) < 0)
		err(1, EXITS "/trigger");
	close(fd);
}

static void reasons_print(void)
{
	FILE *file = fopen(EXITS "/hist", "r");
	unsigned long reason, count;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "{ exit_reason: %lu } hitcount: %lu", &reason, &count) == 2)
			printf("kvm: reason %lu %lu\n", reason, count);
	if (file)
		fclose(file);
}

/* The counts of all VMs together: there is one. */
static void stats_begin(void)
{
	DIR *dir = opendir(STATS);
	struct dirent *entry;

	if (!dir)
		err(1, STATS);
	while ((entry = readdir(dir)) && stat_count < STATS_MAX) {
		if (entry->d_type != DT_REG)
			continue;
		snprintf(stats[stat_count].name, sizeof(stats[0].name), "%.63s", entry->d_name);
		stats[stat_count].value = stat_read(entry->d_name);
		stat_count++;
	}
	closedir(dir);
	reasons_begin();
}

static void stats_print(void)
{
	for (int i = 0; i < stat_count; i++) {
		long more = stat_read(stats[i].name) - stats[i].value;

		if (more > 0)
			printf("kvm: %s %ld\n", stats[i].name, more);
	}
	reasons_print();
	printf("kvm: end\n");
	fflush(stdout);
}

static void uart_line(void)
{
	bool line = (uart.has_rx && uart.ier & 1) || (uart.wants_tx && uart.ier & 2);
	struct kvm_irq_level level = {.irq = 4, .level = line};

	if (line == uart.line)
		return;
	uart.line = line;
	if (ioctl(vm, KVM_IRQ_LINE, &level))
		err(1, "KVM_IRQ_LINE");
}

static void heard(char c)
{
	static char text[256];
	static size_t used;

	putchar(c);
	if (c != '\n') {
		if (c != '\r' && used < sizeof(text) - 1)
			text[used++] = c;
		return;
	}
	fflush(stdout);
	text[used] = 0;
	used = 0;
	if (!strcmp(text, "load: ready")) {
		stats_begin();
		uart.has_rx = true;
		uart.rx = '\n';
	} else if (!strncmp(text, "load: done", 10)) {
		stats_print();
		exit(0);
	}
}

static uint8_t uart_read(unsigned reg)
{
	bool dlab = uart.lcr & 0x80;

	switch (reg) {
	case UART_DATA:
		if (dlab)
			return uart.dll;
		uart.has_rx = false;
		return uart.rx;
	case UART_IER:
		return dlab ? uart.dlm : uart.ier;
	case UART_IIR:
		if (uart.has_rx && uart.ier & 1)
			return 0x04 | (uart.fcr & 1 ? 0xc0 : 0);
		if (uart.wants_tx && uart.ier & 2) {
			uart.wants_tx = false;
			return 0x02 | (uart.fcr & 1 ? 0xc0 : 0);
		}
		return 0x01 | (uart.fcr & 1 ? 0xc0 : 0);
	case UART_LCR:
		return uart.lcr;
	case UART_MCR:
		return uart.mcr;
	case UART_LSR:
		return 0x60 | uart.has_rx;
	case UART_MSR:
		return 0xb0;
	default:
		return uart.scr;
	}
}

static void uart_write(unsigned reg, uint8_t value)
{
	bool dlab = uart.lcr & 0x80;

	switch (reg) {
	case UART_DATA:
		if (dlab) {
			uart.dll = value;
			break;
		}
		if (!(uart.mcr & 0x10))
			heard((char)value);
		uart.wants_tx = true;
		break;
	case UART_IER:
		if (dlab) {
			uart.dlm = value;
			break;
		}
		uart.wants_tx |= !(uart.ier & 2) && value & 2;
		uart.ier = value;
		break;
	case UART_IIR:
		uart.fcr = value;
		break;
	case UART_LCR:
		uart.lcr = value;
		break;
	case UART_MCR:
		uart.mcr = value;
		break;
	case UART_SCR:
		uart.scr = value;
		break;
	default:
		break;
	}
}

static void port_access(struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	bool is_uart = run->io.port >= 0x3f8 && run->io.port < 0x400 && run->io.size == 1;

	for (unsigned i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_IN && is_uart)
			*data = uart_read(run->io.port - 0x3f8u);
		else if (run->io.direction == KVM_EXIT_IO_IN)
			memset(data, 0xff, run->io.size);
		else if (is_uart)
			uart_write(run->io.port - 0x3f8u, *data);
	}
	uart_line();
}

static size_t file_load(const char *path, size_t offset, size_t at)
{
	struct stat info;
	int fd = open(path, O_RDONLY);
	size_t bytes, done = 0;

	if (fd < 0 || fstat(fd, &info) || (size_t)info.st_size < offset)
		err(1, "%s", path);
	bytes = (size_t)info.st_size - offset;
	if (at + bytes > memory_bytes)
		errx(1, "%s: no room", path);
	while (done < bytes) {
		ssize_t got = pread(fd, memory + at + done, bytes - done, (off_t)(offset + done));

		if (got <= 0)
			err(1, "%s", path);
		done += (size_t)got;
	}
	close(fd);
	return bytes;
}

static void linux_load(const char *kernel, const char *initrd, const char *words)
{
	struct boot_params *params = (struct boot_params *)(memory + PARAMS);
	uint64_t *tables = (uint64_t *)(memory + TABLES);
	struct stat info;
	size_t initrd_at;

	file_load(kernel, 0, KERNEL);
	memcpy(&params->hdr, memory + KERNEL + 0x1f1, sizeof(params->hdr));
	file_load(kernel, (params->hdr.setup_sects + 1u) * 512u, KERNEL);
	if (params->hdr.header != 0x53726448 || stat(initrd, &info))
		errx(1, "%s is no bzImage, or %s is not there", kernel, initrd);
	initrd_at = (memory_bytes - (size_t)info.st_size) & ~0xfffull;
	params->hdr.ramdisk_image = (uint32_t)initrd_at;
	params->hdr.ramdisk_size = (uint32_t)file_load(initrd, 0, initrd_at);
	params->hdr.type_of_loader = 0xff;
	params->hdr.cmd_line_ptr = COMMAND_LINE;
	strcpy((char *)memory + COMMAND_LINE, words);
	params->e820_entries = 2;
	params->e820_table[0] = (struct boot_e820_entry){0, 0x9fc00, 1};
	params->e820_table[1] = (struct boot_e820_entry){KERNEL, memory_bytes - KERNEL, 1};
	tables[0] = (TABLES + 0x1000) | 3;
	for (uint64_t i = 0; i < 4; i++) {
		tables[512 + i] = (TABLES + 0x2000 + i * 0x1000) | 3;
		for (uint64_t j = 0; j < 512; j++)
			tables[1024 + i * 512 + j] = (i << 30 | j << 21) | 0x83;
	}
}

/* --- ACPI: one processor, an I/O APIC whose pins are the ISA interrupts, fixed hardware that never asks for anything -
 */

enum { RSDP = 0x000, RSDT = 0x040, FADT = 0x080, FACS = 0x100, MADT = 0x140, DSDT = 0x1c0 }; /* at ACPI */

static void put_u16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* The byte at `at` makes the sum of all of them 0. */
static void acpi_checksum(uint8_t *table, size_t bytes, size_t at)
{
	unsigned sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += table[i];
	table[at] = (uint8_t)(0x100 - (sum & 0xff));
}

/* The head of a table whose body stands there already (System Description Table Header). */
static void acpi_table(unsigned offset, const char *signature, uint32_t bytes)
{
	uint8_t *table = memory + ACPI + offset;

	memcpy(table, signature, 4);
	put_u32(table + 4, bytes);
	table[8] = 1; /* revision */
	memcpy(table + 10, "ETERNABENCHKVM", 14);
	memcpy(table + 28, "KVM", 3);
	acpi_checksum(table, bytes, 9);
}

/* Ports that nobody has: they read as ones, SCI_EN among them. */
#define PM1_EVENT 0x600
#define PM1_CONTROL 0x604

static void acpi_fadt(void)
{
	uint8_t *fadt = memory + ACPI + FADT;

	put_u32(fadt + 36, ACPI + FACS);
	put_u32(fadt + 40, ACPI + DSDT);
	put_u16(fadt + 46, 9); /* SCI_INT */
	put_u32(fadt + 56, PM1_EVENT);
	put_u32(fadt + 64, PM1_CONTROL);
	fadt[88] = 4;               /* PM1_EVT_LEN */
	fadt[89] = 2;               /* PM1_CNT_LEN */
	put_u16(fadt + 96, 0xffff); /* no C2 */
	put_u16(fadt + 98, 0xffff); /* no C3 */
	put_u16(fadt + 109, 1);     /* IAPC_BOOT_ARCH: legacy devices */
	put_u32(fadt + 112, 0x35);  /* WBINVD, C1, no power nor sleep button */
	acpi_table(FADT, "FACP", 116);
}

static void acpi_madt(void)
{
	static const uint8_t processor[8] = {0, 8, 0, 0, 1};                     /* uid, APIC id, enabled */
	static const uint8_t ioapic[12] = {1, 12, 0, 0, 0x00, 0x00, 0xc0, 0xfe}; /* at 0xfec00000, from interrupt 0 */
	uint8_t *madt = memory + ACPI + MADT;

	put_u32(madt + 36, 0xfee00000);
	put_u32(madt + 40, 1); /* PCAT_COMPAT: there are 8259s as well */
	memcpy(madt + 44, processor, sizeof(processor));
	memcpy(madt + 52, ioapic, sizeof(ioapic));
	acpi_table(MADT, "APIC", 64);
}

static void acpi_place(void)
{
	uint8_t *base = memory + ACPI;

	acpi_fadt();
	acpi_madt();
	acpi_table(DSDT, "DSDT", 36); /* no devices */
	memcpy(base + FACS, "FACS", 4);
	put_u32(base + FACS + 4, 64);
	put_u32(base + RSDT + 36, ACPI + FADT);
	put_u32(base + RSDT + 40, ACPI + MADT);
	acpi_table(RSDT, "RSDT", 44);
	memcpy(base + RSDP, "RSD PTR ", 8);
	memcpy(base + RSDP + 9, "ETERNA", 6);
	put_u32(base + RSDP + 16, ACPI + RSDT);
	acpi_checksum(base + RSDP, 20, 8);
}

static void vcpu_enter_linux(void)
{
	struct kvm_sregs s;
	struct kvm_regs r = {.rip = KERNEL + 0x200, .rsi = PARAMS, .rsp = 0x8000, .rflags = 2};
	struct kvm_segment code = {.limit = ~0u, .selector = 0x10, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1};
	struct kvm_segment data = {.limit = ~0u, .selector = 0x18, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
	struct kvm_segment task = {.limit = 0x67, .selector = 0x20, .type = 11, .present = 1};

	if (ioctl(vcpu, KVM_GET_SREGS, &s))
		err(1, "KVM_GET_SREGS");
	s.cs = code;
	s.ds = s.es = s.ss = s.fs = s.gs = data;
	s.tr = task;
	s.cr3 = TABLES;
	s.cr4 = 0x20;
	s.cr0 = 0x80000011;
	s.efer = 0x500;
	if (ioctl(vcpu, KVM_SET_SREGS, &s) || ioctl(vcpu, KVM_SET_REGS, &r))
		err(1, "registers");
}

/*
 * As the guest's Linux will load it. QEMU's TCG lets a guest's XSETBV through, and a KVM that does not know of it gives
 * sizes of XSAVE areas at which the guest does without XSAVE: its programs then ask for fewer leaves than they would.
 */
static void xcr0_set(uint64_t features)
{
	struct kvm_xcrs xcrs = {.nr_xcrs = 1, .xcrs = {{.xcr = 0, .value = features}}};

	if (ioctl(vcpu, KVM_SET_XCRS, &xcrs))
		err(1, "KVM_SET_XCRS");
}

/* All that KVM can give, as QEMU does with -cpu host. */
static void cpuid_give(void)
{
	uint64_t features = 0;
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + 200 * sizeof(cpuid->entries[0]));

	cpuid->nent = 200;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid))
		err(1, "KVM_GET_SUPPORTED_CPUID");
	for (unsigned i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == 1)
			entry->ecx |= 1u << 24 | 1u << 31; /* TSC-deadline timer, hypervisor */
		if (entry->function == 0xd && entry->index == 0)
			features = entry->eax | (uint64_t)entry->edx << 32;
	}
	if (ioctl(vcpu, KVM_SET_CPUID2, cpuid))
		err(1, "KVM_SET_CPUID2");
	free(cpuid);
	if (features)
		xcr0_set(features);
}

static void machine_make(void)
{
	struct kvm_userspace_memory_region region = {.memory_size = memory_bytes};
	struct kvm_pit_config pit = {0};
	uint64_t identity = 0xfffbc000;

	kvm = open("/dev/kvm", O_RDWR);
	if (kvm < 0)
		err(1, "/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	memory = mmap(NULL, memory_bytes + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm < 0 || memory == MAP_FAILED)
		err(1, "the VM");
	memory = (uint8_t *)(((uintptr_t)memory + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1));
	madvise(memory, memory_bytes, MADV_HUGEPAGE);
	region.userspace_addr = (uintptr_t)memory;
	if (ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity) || ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000ul) ||
	    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) || ioctl(vm, KVM_CREATE_IRQCHIP, 0) ||
	    ioctl(vm, KVM_CREATE_PIT2, &pit))
		err(1, "the VM's parts");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		err(1, "KVM_CREATE_VCPU");
}

int main(int count, char **words)
{
	struct kvm_run *run;

	if (count != 5)
		errx(2, "usage: vmm KERNEL INITRD COMMAND-LINE MIB");
	memory_bytes = strtoul(words[4], NULL, 10) << 20;
	machine_make();
	cpuid_give();
	linux_load(words[1], words[2], words[3]);
	acpi_place();
	vcpu_enter_linux();
	run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(1, "struct kvm_run");
	for (;;) {
		if (ioctl(vcpu, KVM_RUN, 0))
			err(1, "KVM_RUN");
		if (run->exit_reason == KVM_EXIT_IO)
			port_access(run);
		else if (run->exit_reason == KVM_EXIT_MMIO)
			memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		else
			errx(1, "KVM_RUN ends with reason %u (%#llx)", run->exit_reason,
			     run->exit_reason == KVM_EXIT_FAIL_ENTRY
				     ? (unsigned long long)run->fail_entry.hardware_entry_failure_reason
				     : run->internal.suberror);
	}
}
