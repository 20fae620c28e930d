// SPDX-License-Identifier: Apache-2.0
// The embedded list: order, removal, and what an empty one looks like.
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct item {
	int before; /* so that the link is not at offset 0 */
	struct list link;
};

static void expect(const struct list *head, const int *numbers, unsigned count)
{
	const struct item *item;
	const struct list *back = head;
	unsigned i = 0;

	LIST_FOR_EACH (item, head, link) {
		assert_true(i < count);
		assert_int_equal(item->before, numbers[i++]);
	}
	assert_int_equal(i, count);
	while ((back = back->prev) != head)
		assert_int_equal(CONTAINER_OF(back, const struct item, link)->before, numbers[--i]);
	assert_int_equal(i, 0);
}

static void order_is_kept(void **state)
{
	struct item a = {.before = 1}, b = {.before = 2}, c = {.before = 3};
	struct list head;

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	expect(&head, NULL, 0);
	list_append(&head, &a.link);
	list_append(&head, &c.link);
	list_insert_after(&a.link, &b.link);
	assert_false(list_is_empty(&head));
	expect(&head, (int[]){1, 2, 3}, 3);
	list_remove(&b.link);
	expect(&head, (int[]){1, 3}, 2);
	assert_true(list_is_empty(&b.link));
	list_remove(&b.link); /* on no list: nothing happens */
	list_remove(&a.link);
	list_remove(&c.link);
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(order_is_kept)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
