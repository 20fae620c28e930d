// SPDX-License-Identifier: Apache-2.0
// Whatever comes over the line, a frame that is taken is one that encodes back to itself.
// fuzz: -max_len=2048
#include "base/assert.h"
#include "base/mem.h"
#include "gdb/channel.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t count);

static void check(const struct channel_frame *frame)
{
	static u8 line[CHANNEL_LINE_MAX], copy[CHANNEL_PAYLOAD_MAX];
	struct channel_in again = {0};
	struct channel_frame back;
	u32 length, taken = 0;

	ASSERT(frame->bytes <= CHANNEL_PAYLOAD_MAX);
	memcpy(copy, frame->payload, frame->bytes);
	length = channel_encode(frame->channel, frame->kind, copy, frame->bytes, line);
	ASSERT(length <= CHANNEL_LINE_MAX);
	for (u32 i = 0; i < length; i++)
		taken += channel_in_put(&again, line[i], &back);
	ASSERT(taken == 1 && back.channel == frame->channel && back.kind == frame->kind);
	ASSERT(back.bytes == frame->bytes && !memcmp(back.payload, copy, back.bytes));
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t count)
{
	struct channel_in in = {0};
	struct channel_frame frame;

	for (size_t i = 0; i < count; i++)
		if (channel_in_put(&in, bytes[i], &frame))
			check(&frame);
	return 0;
}
