// SPDX-License-Identifier: Apache-2.0
// Byte ring against a plain queue, across the wrap of the buffer and of the indices.
#include "base/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 8 };

static void behaves_like_a_queue(struct ring *r)
{
	u8 queue[SIZE];
	unsigned used = 0;

	for (int i = 0; i < 20000; i++) {
		u8 byte = (u8)random(), got;

		switch (random() % 3) {
		case 0:
			assert_int_equal(ring_put(r, byte), used < SIZE);
			if (used < SIZE)
				queue[used++] = byte;
			break;
		case 1:
			assert_int_equal(ring_get(r, &got), used > 0);
			if (used) {
				assert_int_equal(got, queue[0]);
				memmove(queue, queue + 1, --used);
			}
			break;
		default:
			ring_force(r, byte);
			if (used == SIZE)
				memmove(queue, queue + 1, --used);
			queue[used++] = byte;
		}
		assert_int_equal(ring_used(r), used);
		assert_int_equal(ring_room(r), SIZE - used);
		for (u32 n = 0; n < used; n++)
			assert_int_equal(ring_peek(r, n), queue[n]);
	}
}

static void from_empty(void **state)
{
	u8 bytes[SIZE];
	struct ring r;

	(void)state;
	srandom(2);
	ring_init(&r, bytes, SIZE);
	behaves_like_a_queue(&r);
}

static void across_the_wrap_of_the_indices(void **state)
{
	u8 bytes[SIZE];
	struct ring r;

	(void)state;
	ring_init(&r, bytes, SIZE);
	r.head = r.tail = UINT32_MAX - 100;
	behaves_like_a_queue(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_empty),
		cmocka_unit_test(across_the_wrap_of_the_indices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
