// SPDX-License-Identifier: Apache-2.0
// The compiler's word on a port: text in and messages out through files without names.
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "text.h"

#define CPU_SECONDS_MAX 30
#define MESSAGES_BYTES_MAX ((size_t)1 << 20)

extern char **environ;

static bool write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n <= 0)
			return false;
		text += n;
		left -= (size_t)n;
	}
	return lseek(fd, 0, SEEK_SET) == 0;
}

static const char *read_all(struct arena *a, int fd)
{
	char *bytes = arena_alloc(a, MESSAGES_BYTES_MAX + 1);
	size_t got = 0;
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while (got < MESSAGES_BYTES_MAX && (n = read(fd, bytes + got, MESSAGES_BYTES_MAX - got)) > 0)
		got += (size_t)n;
	return bytes;
}

static bool run_compiler(struct arena *a, const char *tree, int in, int messages)
{
	const char *const words[] = {"gcc",
				     "-fsyntax-only",
				     "-std=gnu17",
				     "-Werror=implicit-function-declaration",
				     "-Werror=implicit-int",
				     "-Werror=int-conversion",
				     "-Werror=incompatible-pointer-types",
				     "-Werror=discarded-qualifiers",
				     "-Werror=return-type",
				     "-fmax-errors=200",
				     "-fdiagnostics-plain-output",
				     "-I",
				     arena_print(a, "%s/src", tree),
				     "-I",
				     arena_print(a, "%s/include", tree),
				     "-x",
				     "c",
				     "-",
				     NULL};
	const struct rlimit limit = {CPU_SECONDS_MAX, CPU_SECONDS_MAX};
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, messages, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
	if (!posix_spawnp(&pid, "gcc", &actions, NULL, (char *const *)(uintptr_t)words, environ)) {
		prlimit(pid, RLIMIT_CPU, &limit, NULL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	posix_spawn_file_actions_destroy(&actions);
	return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) <= 1;
}

/* `<stdin>:12:3: error: what`; errors in headers that the text includes are put on line 1. */
static void read_messages(struct arena *a, struct check *check, const char *messages)
{
	u32 lines = 0;

	for (const char *c = messages; *c; c++)
		lines += *c == '\n';
	check->errors = arena_alloc(a, (lines + 1) * sizeof(*check->errors));
	for (const char *line = messages; *line;) {
		size_t length = strcspn(line, "\n");
		const char *error = memmem(line, length, "error: ", 7);

		if (error) {
			bool is_here = text_starts(line, "<stdin>:");

			check->errors[check->count++] = (struct check_error){
				.line = is_here ? (u32)strtoul(line + 8, NULL, 10) : 1,
				.message = arena_copy(a, error + 7, length - (size_t)(error + 7 - line)),
			};
		}
		line += length + (line[length] == '\n');
	}
}

/* No more compilers at once than the machine has processors, and one. */
static sem_t compilers;

static void count_compilers(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	sem_init(&compilers, 0, cores > 0 ? (unsigned)cores + 1 : 2);
}

struct check check_run(struct arena *a, const char *tree, const char *text)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	int in = memfd_create("port", MFD_CLOEXEC), messages = memfd_create("messages", MFD_CLOEXEC);
	struct check check = {0};

	if (in >= 0 && messages >= 0 && write_all(in, text)) {
		pthread_once(&once, count_compilers);
		while (sem_wait(&compilers))
			;
		check.ran = run_compiler(a, tree, in, messages);
		sem_post(&compilers);
		read_messages(a, &check, read_all(a, messages));
	}
	if (in >= 0)
		close(in);
	if (messages >= 0)
		close(messages);
	return check;
}
