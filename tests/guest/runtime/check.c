// SPDX-License-Identifier: Apache-2.0
// Checks, verdict and end of a test guest.
#include "check.h"

#include "base/assert.h"
#include "base/fmt.h"
#include "cpu.h"
#include "machine.h"
#include "print.h"
#include "trap.h"

static unsigned passed, failed;

bool check(bool good, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	fmt_string_args(text, sizeof(text), format, args);
	va_end(args);
	print("%s: %s\n", good ? "ok" : "FAIL", text);
	if (good)
		passed++;
	else
		failed++;
	return good;
}

bool check_equal(u64 is, u64 wanted, const char *format, ...)
{
	char text[120];
	va_list args;

	va_start(args, format);
	fmt_string_args(text, sizeof(text), format, args);
	va_end(args);
	if (is == wanted)
		return check(true, "%s", text);
	return check(false, "%s: is %#llx, should be %#llx", text, (unsigned long long)is, (unsigned long long)wanted);
}

void skip(const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	fmt_string_args(text, sizeof(text), format, args);
	va_end(args);
	print("skip: %s\n", text);
}

void guest_exit(u32 value)
{
	print_drain();
	outl(EXIT_PORT, value);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void guest_finish(void)
{
	if (failed || !passed) {
		print("FAILED: %u of %u checks\n", failed, passed + failed);
		guest_exit(EXIT_FAIL);
	}
	print("PASSED: %u checks\n", passed);
	guest_exit(EXIT_PASS);
}

void assert_fail(const char *expr, const char *file, unsigned line)
{
	print("FAIL: %s:%u: ASSERT(%s)\n", file, line, expr);
	guest_exit(EXIT_UNEXPECTED);
}

void guest_run(void)
{
	print_init();
	trap_init();
	machine_init();
	guest_main();
	guest_finish();
}
