// SPDX-License-Identifier: Apache-2.0
// Debuggers' streams between COM2 and the VMs' sessions.
#include "main/debug_port.h"

#include "base/str.h"
#include "gdb/channel.h"
#include "host/log.h"
#include "host/serial.h"
#include "main/fleet.h"
#include "vm/debug.h"
#include "vm/run.h"

static bool is_used;
static struct channel_in in;

static void frame_send(u8 channel, u8 kind, const void *payload, u32 bytes)
{
	static u8 line[CHANNEL_LINE_MAX];

	serial_put(line, channel_encode(channel, kind, payload, bytes, line));
}

static void name_send(u32 i)
{
	frame_send((u8)i, CHANNEL_NAME, fleet[i].config->name, (u32)strlen(fleet[i].config->name));
}

static void names_send(void)
{
	for (u32 i = 0; i < fleet_count; i++)
		if (fleet[i].debug)
			name_send(i);
}

void debug_port_init(void)
{
	for (u32 i = 0; i < fleet_count; i++) {
		bool waits = fleet[i].config->gdb == CONFIG_GDB_WAIT;

		if (fleet[i].config->gdb == CONFIG_GDB_OFF)
			continue;
		if (!hvm->debug_can(HVM_DEBUG_STEP)) {
			log_warn("VM %s: no gdb with %s", fleet[i].config->name, hvm->name);
			continue;
		}
		if (debug_create(waits, &fleet[i].debug)) {
			log_warn("VM %s: no memory for gdb", fleet[i].config->name);
			continue;
		}
		is_used = true;
	}
	if (!is_used)
		return;
	if (!serial_init(run_request_work)) {
		log_warn("gdb is asked for, but there is no second serial port (COM2)");
		is_used = false;
		return;
	}
	names_send();
}

/* What a session has to say, in as few frames as it needs. */
static void output_send(u32 i)
{
	u8 payload[CHANNEL_PAYLOAD_MAX];
	u32 bytes;

	do {
		for (bytes = 0; bytes < sizeof(payload) && debug_send(fleet[i].debug, &payload[bytes]);)
			bytes++;
		if (bytes)
			frame_send((u8)i, CHANNEL_DATA, payload, bytes);
	} while (bytes == sizeof(payload));
}

static void data_take(u32 i, const u8 *payload, u32 bytes)
{
	for (u32 at = 0; at < bytes; at++) {
		if (debug_receive(fleet[i].debug, payload[at]))
			continue;
		output_send(i);
		(void)debug_receive(fleet[i].debug, payload[at]);
	}
	output_send(i);
}

static void refuse(u8 channel, const char *why)
{
	frame_send(channel, CHANNEL_CLOSE, why, (u32)strlen(why));
}

static void frame_take(const struct channel_frame *frame)
{
	u32 i = frame->channel;
	bool is_there = i < fleet_count && fleet[i].debug;

	if (frame->kind == CHANNEL_HELLO)
		names_send();
	if (frame->kind == CHANNEL_OPEN && !is_there) {
		refuse(frame->channel, "there is no such VM to be debugged");
	} else if (frame->kind == CHANNEL_OPEN && debug_is_open(fleet[i].debug)) {
		refuse(frame->channel, "another debugger is attached to this VM");
	} else if (frame->kind == CHANNEL_OPEN) {
		run_put();
		debug_open(fleet[i].debug);
		log_info("VM %s: gdb is attached", fleet[i].config->name);
	} else if (frame->kind == CHANNEL_CLOSE && is_there && debug_is_open(fleet[i].debug)) {
		run_put();
		debug_close(fleet[i].debug, fleet[i].config->on_gdb_lost == CONFIG_GDB_LOST_PAUSE);
		log_info("VM %s: gdb's connection is lost", fleet[i].config->name);
	} else if (frame->kind == CHANNEL_DATA && is_there && debug_is_open(fleet[i].debug)) {
		data_take(i, frame->payload, frame->bytes);
	}
}

void debug_port_pump(void)
{
	struct channel_frame frame;
	u8 byte;

	if (!is_used)
		return;
	for (u32 i = 0; i < fleet_count; i++)
		if (fleet[i].debug)
			debug_attend(fleet[i].debug);
	while (serial_get(&byte))
		if (channel_in_put(&in, byte, &frame))
			frame_take(&frame);
	/* What happened meanwhile. */
	for (u32 i = 0; i < fleet_count; i++)
		if (fleet[i].debug)
			output_send(i);
}

void debug_port_finish(void)
{
	debug_port_pump();
	if (is_used)
		serial_flush();
}
