// SPDX-License-Identifier: Apache-2.0
// HTTP by libmicrohttpd: a thread for each connection. So many are taken at once, by a thread of our own, because the
// library drops those that are too many; the others wait in the queue of the socket.
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

#define CONNECTIONS_MAX 96
#define BACKLOG 4096

/* One connection, while its request has not arrived whole. */
struct arrival {
	int fd;
	s64 since; /* seconds */
	bool is_arriving;
	struct arrival *next, **to_me;
};

struct http {
	const struct service *service;
	struct MHD_Daemon *daemon;
	u32 slow_seconds;
	pthread_mutex_t lock; /* of the list */
	pthread_cond_t stop;
	pthread_t watchman, doorman;
	sem_t places; /* for connections */
	int listener;
	bool is_stopping;
	struct arrival *arrivals;
};

struct request {
	struct text body;
	struct arena arena;
	bool is_too_large;
};

static s64 now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* --- slow clients
 * ------------------------------------------------------------------------------------------------------- */

static void on_connection(void *context, struct MHD_Connection *c, void **mine,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http *h = context;
	struct arrival *a = *mine;

	pthread_mutex_lock(&h->lock);
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		a = calloc(1, sizeof(*a));
		if (a) {
			const union MHD_ConnectionInfo *info =
				MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

			*a = (struct arrival){info ? info->connect_fd : -1, now_seconds(), true, h->arrivals,
					      &h->arrivals};
			if (a->next)
				a->next->to_me = &a->next;
			h->arrivals = a;
		}
		*mine = a;
	} else if (a) {
		*a->to_me = a->next;
		if (a->next)
			a->next->to_me = a->to_me;
		free(a);
		*mine = NULL;
	}
	if (what == MHD_CONNECTION_NOTIFY_CLOSED)
		sem_post(&h->places);
	pthread_mutex_unlock(&h->lock);
}

static void set_arriving(struct http *h, struct MHD_Connection *c, bool is_arriving)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct arrival *a = info ? info->socket_context : NULL;

	pthread_mutex_lock(&h->lock);
	if (a) {
		a->is_arriving = is_arriving;
		a->since = now_seconds();
	}
	pthread_mutex_unlock(&h->lock);
}

/* A client that sends a byte now and then is never idle: what counts is how long the whole request takes. */
static void *watch(void *context)
{
	struct http *h = context;
	struct timespec t;

	pthread_mutex_lock(&h->lock);
	while (!h->is_stopping) {
		for (struct arrival *a = h->arrivals; a; a = a->next)
			if (a->is_arriving && a->fd >= 0 && now_seconds() - a->since > h->slow_seconds)
				shutdown(a->fd, SHUT_RDWR);
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec++;
		pthread_cond_timedwait(&h->stop, &h->lock, &t);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* --- requests
 * ------------------------------------------------------------------------------------------------------------ */

/* Take connections while there is a place for them; ends when the socket is shut down. */
static void *take_connections(void *context)
{
	struct http *h = context;

	for (;;) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		int fd;

		while (sem_wait(&h->places))
			;
		fd = accept4(h->listener, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0 && MHD_add_connection(h->daemon, fd, (struct sockaddr *)&from, size) == MHD_YES)
			continue;
		sem_post(&h->places);
		if (__atomic_load_n(&h->is_stopping, __ATOMIC_RELAXED))
			return NULL;
		if (fd < 0 && errno != ECONNABORTED && errno != EINTR)
			usleep(10000); /* out of descriptors: they come back */
	}
}

/* Escapes are decoded by requests.c, once, and looked at. */
static size_t leave_escaped(void *context, struct MHD_Connection *c, char *s)
{
	(void)context;
	(void)c;
	return strlen(s);
}

static enum MHD_Result send_reply(struct MHD_Connection *c, struct reply reply)
{
	char *text = reply.body ? json_dumps(reply.body, JSON_INDENT(2)) : NULL;
	struct MHD_Response *response;
	enum MHD_Result result;

	json_decref(reply.body);
	if (!text)
		return MHD_NO;
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "application/json");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (reply.allow)
		MHD_add_response_header(response, "Allow", reply.allow);
	if (reply.status == 413)
		MHD_add_response_header(response, "Connection", "close");
	result = MHD_queue_response(c, (unsigned)reply.status, response);
	MHD_destroy_response(response);
	return result;
}

static bool announces_too_much(struct MHD_Connection *c)
{
	const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");

	return length && strtoull(length, NULL, 10) > SERVICE_BODY_BYTES_MAX;
}

static enum MHD_Result begin(struct http *h, struct MHD_Connection *c, void **mine)
{
	struct request *r;

	if (MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Origin")) {
		set_arriving(h, c, false);
		return send_reply(c,
				  (struct reply){.status = 403,
						 .body = service_error("pages of a browser are not served", "Origin")});
	}
	if (announces_too_much(c)) {
		set_arriving(h, c, false);
		return send_reply(
			c, (struct reply){.status = 413, .body = service_error("the body is larger than 1 MiB", NULL)});
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return MHD_NO;
	r->body.arena = &r->arena;
	*mine = r;
	return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *data, size_t *size, void **mine)
{
	struct http *h = context;
	struct request *r = *mine;

	(void)version;
	if (!r)
		return begin(h, c, mine);
	if (*size) {
		r->is_too_large |= r->body.length + *size > SERVICE_BODY_BYTES_MAX;
		if (!r->is_too_large)
			text_add(&r->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	set_arriving(h, c, false);
	if (r->is_too_large)
		return send_reply(
			c, (struct reply){.status = 413, .body = service_error("the body is larger than 1 MiB", NULL)});
	return send_reply(c, service_handle(h->service, method, url, text_get(&r->body), r->body.length));
}

static void on_done(void *context, struct MHD_Connection *c, void **mine, enum MHD_RequestTerminationCode why)
{
	struct request *r = *mine;

	if (why == MHD_REQUEST_TERMINATED_COMPLETED_OK) /* the next one on this connection */
		set_arriving(context, c, true);
	if (!r)
		return;
	arena_fini(&r->arena);
	free(r);
	*mine = NULL;
}

/* --- starting and stopping
 * ----------------------------------------------------------------------------------------------- */

static int listen_on(const struct http_options *options)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(options->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(options->port)};
	bool is_v6 = inet_pton(AF_INET6, options->bind, &v6.sin6_addr) == 1;
	int fd = -1, one = 1;

	if (!is_v6 && inet_pton(AF_INET, options->bind, &v4.sin_addr) != 1) {
		fprintf(stderr, "eterna-port: %s is no address\n", options->bind);
		return -1;
	}
	fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4, is_v6 ? sizeof(v6) : sizeof(v4)) ||
	    listen(fd, BACKLOG)) {
		fprintf(stderr, "eterna-port: cannot listen on %s port %u: %s\n", options->bind, options->port,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

struct http *http_start(const struct service *service, const struct http_options *options)
{
	struct http *h = calloc(1, sizeof(*h));
	int fd = h ? listen_on(options) : -1;

	if (fd < 0) {
		free(h);
		return NULL;
	}
	h->service = service;
	h->listener = fd;
	sem_init(&h->places, 0, CONNECTIONS_MAX);
	h->slow_seconds = options->slow_seconds;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->stop, NULL);
	h->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
					     MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET,
				     0, NULL, NULL, on_request, h, MHD_OPTION_CONNECTION_LIMIT, 2u * CONNECTIONS_MAX,
				     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)options->slow_seconds,
				     MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_NOTIFY_CONNECTION,
				     on_connection, h, MHD_OPTION_NOTIFY_COMPLETED, on_done, h, MHD_OPTION_END);
	if (!h->daemon) {
		fputs("eterna-port: the HTTP server does not start\n", stderr);
		close(fd);
		free(h);
		return NULL;
	}
	if (pthread_create(&h->watchman, NULL, watch, h) || pthread_create(&h->doorman, NULL, take_connections, h)) {
		fputs("eterna-port: no threads\n", stderr);
		abort();
	}
	return h;
}

void http_stop(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	__atomic_store_n(&h->is_stopping, true, __ATOMIC_RELAXED);
	pthread_cond_signal(&h->stop);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->watchman, NULL);
	shutdown(h->listener, SHUT_RDWR); /* accept() ends */
	sem_post(&h->places);
	pthread_join(h->doorman, NULL);
	MHD_stop_daemon(h->daemon);
	close(h->listener);
	sem_destroy(&h->places);
	pthread_cond_destroy(&h->stop);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

u16 http_port(const struct http *h)
{
	struct sockaddr_storage at;
	socklen_t size = sizeof(at);

	if (getsockname(h->listener, (struct sockaddr *)&at, &size))
		return 0;
	return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
					      : ((struct sockaddr_in *)&at)->sin_port);
}
