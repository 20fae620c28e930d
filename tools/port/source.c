// SPDX-License-Identifier: Apache-2.0
// Reading files under one folder. The kernel resolves the path with RESOLVE_BENEATH, so a link cannot lead out; where
// it lacks openat2(), each part is opened by itself and no link is followed at all.
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syntax.h"

#define PATH_BYTES_MAX 1024u

bool source_open(struct source *s, const char *folder)
{
	s->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return s->folder >= 0;
}

void source_close(struct source *s)
{
	if (s->folder >= 0)
		close(s->folder);
	s->folder = -1;
}

/* "." and ".." and "a//b" are no names. */
static bool part_valid(const char *part, size_t length)
{
	return length && !(length == 1 && part[0] == '.') && !(length == 2 && part[0] == '.' && part[1] == '.');
}

bool source_path_valid(const char *path)
{
	size_t length = strlen(path);

	if (!length || length > PATH_BYTES_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)path[i] < ' ' || strchr("\\%\x7f", path[i]))
			return false;
	for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (!part_valid(part, strcspn(part, "/")))
			return false;
	return true;
}

static int open_by_parts(int folder, const char *path)
{
	char part[PATH_BYTES_MAX + 1];
	int at = dup(folder);

	while (at >= 0) {
		size_t length = strcspn(path, "/");
		bool is_last = path[length] == 0;
		int next;

		memcpy(part, path, length);
		part[length] = 0;
		next = openat(at, part,
			      O_NOFOLLOW | O_CLOEXEC | (is_last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY));
		close(at);
		if (is_last)
			return next;
		at = next;
		path += length + 1;
	}
	return -1;
}

static int open_below(int folder, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open_by_parts(folder, path);
	return fd;
}

static enum source_result read_all(int fd, struct arena *a, const char **text, size_t *length)
{
	struct stat st;
	size_t got = 0;
	char *bytes;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return SOURCE_NOT_FOUND;
	if ((u64)st.st_size > SYNTAX_BYTES_MAX)
		return SOURCE_TOO_LARGE;
	bytes = arena_alloc(a, (size_t)st.st_size + 1);
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes + got, (size_t)st.st_size - got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	*text = bytes;
	*length = got;
	return source_text_valid(bytes, got) ? SOURCE_OK : SOURCE_BAD_TEXT;
}

enum source_result source_read(const struct source *s, struct arena *a, const char *path, const char **text,
			       size_t *length)
{
	enum source_result result;
	int fd;

	if (s->folder >= 0 && !source_path_valid(path))
		return SOURCE_BAD_PATH;
	fd = s->folder >= 0 ? open_below(s->folder, path) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == EXDEV || errno == ELOOP ? SOURCE_BAD_PATH : SOURCE_NOT_FOUND;
	result = read_all(fd, a, text, length);
	close(fd);
	return result;
}

const char *source_result_text(enum source_result result)
{
	static const char *const texts[] = {"ok", "is no path inside the source tree", "is no file of the source tree",
					    "is larger than 4 MiB", "is no UTF-8 text"};

	return texts[result];
}

static size_t sequence_length(unsigned char c)
{
	if (c < 0x80)
		return c != 0;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

/* Overlong forms, surrogates and values above U+10FFFF show in the second byte. */
static bool second_valid(unsigned char first, unsigned char second)
{
	unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return second >= low && second <= high;
}

bool source_text_valid(const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text;

	for (size_t i = 0, n; i < length; i += n) {
		n = sequence_length(at[i]);
		if (!n || n > length - i || (n > 1 && !second_valid(at[i], at[i + 1])))
			return false;
		for (size_t k = 2; k < n; k++)
			if ((at[i + k] & 0xc0) != 0x80)
				return false;
	}
	return true;
}
