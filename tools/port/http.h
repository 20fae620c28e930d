/* SPDX-License-Identifier: Apache-2.0 */
/* The service over HTTP. */
#ifndef ETERNA_PORT_HTTP_H
#define ETERNA_PORT_HTTP_H

#include "service.h"

struct http;

struct http_options {
	const char *bind; /* an IPv4 or IPv6 address */
	u16 port;         /* 0: any free one */
	u32 slow_seconds; /* a request that takes longer to arrive is cut off */
};

/* NULL, after a message, when it cannot listen. `service` must outlive it. */
struct http *http_start(const struct service *service, const struct http_options *options);
void http_stop(struct http *h);
u16 http_port(const struct http *h);

#endif
