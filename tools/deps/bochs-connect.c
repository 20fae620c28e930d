// SPDX-License-Identifier: Apache-2.0
// Linked into Bochs in place of connect(): serial ports over unix sockets instead of TCP.
//
// Bochs sends a serial port's output byte by byte over TCP and ends with the machine. If input for it is still unread
// then, the kernel resets the connection and drops what TCP had not delivered yet: the end of the output, of all
// places. A unix socket delivers at once. It is also out of reach for other users of the host, and needs no free port.
//
// With BOCHS_SOCKETS=DIR in the environment, a serial port's `dev=127.0.0.1:N` with N from 1 to 4 means DIR/comN.
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define COM_LAST 4

int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);

// Makes `fd` a stream connected to the unix socket DIRECTORY/comPORT; -1 and errno like connect().
static int connect_local(int fd, const char *directory, unsigned port)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t room = sizeof(address.sun_path);

	if ((size_t)snprintf(address.sun_path, room, "%s/com%u", directory, port) >= room) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int local = socket(AF_UNIX, SOCK_STREAM, 0);
	if (local < 0)
		return -1;
	int result = __real_connect(local, (const struct sockaddr *)&address, sizeof(address));
	if (result == 0 && dup2(local, fd) < 0)
		result = -1;
	close(local);
	return result;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	const char *directory = getenv("BOCHS_SOCKETS");

	if (directory && address->sa_family == AF_INET) {
		unsigned port = ntohs(((const struct sockaddr_in *)address)->sin_port);

		if (port >= 1 && port <= COM_LAST)
			return connect_local(fd, directory, port);
	}
	return __real_connect(fd, address, length);
}
