/* SPDX-License-Identifier: BSD-3-Clause */
/* Notifier chains: order, stop, limits, changes during a call. */
#include <errno.h>
#include <string.h>

#include "dev/notifier.h"
#include "unit.h"

struct note {
	struct notifier_block nb;
	char name;
	int ret;
	struct note *removes;
};

static struct notifier_chain chain;
static char order[32];

static int on_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct note *n = (struct note *)nb;

	strncat(order, &n->name, 1);
	assert_int_equal(event, 7);
	assert_ptr_equal(ptr, order);
	if (n->removes)
		assert_int_equal(notifier_unregister(&chain, &n->removes->nb), 0);
	return n->ret;
}

#define NOTE(c, prio) {.nb = {.call = on_event, .priority = prio}, .name = c, .ret = NOTIFY_OK}

static int call(int max, int *n)
{
	order[0] = 0;
	return notifier_call(&chain, 7, order, max, n);
}

static void order_and_stop(void **state)
{
	struct note a = NOTE('a', 0), b = NOTE('b', 5), c = NOTE('c', 0), d = NOTE('d', -1);
	int n;

	chain = (struct notifier_chain){0};
	assert_int_equal(call(-1, &n), NOTIFY_DONE);
	assert_int_equal(n, 0);
	notifier_register(&chain, &a.nb);
	notifier_register(&chain, &b.nb);
	notifier_register(&chain, &c.nb);
	notifier_register(&chain, &d.nb);
	assert_int_equal(notifier_register(&chain, &c.nb), -EEXIST);
	d.ret = 99;
	assert_int_equal(call(-1, &n), 99);
	assert_string_equal(order, "bacd");
	assert_int_equal(n, 4);
	call(2, &n);
	assert_string_equal(order, "ba");
	a.ret = NOTIFY_BAD;
	assert_int_equal(call(-1, &n), NOTIFY_BAD);
	assert_string_equal(order, "ba");
	assert_int_equal(notifier_unregister(&chain, &b.nb), 0);
	assert_int_equal(notifier_unregister(&chain, &b.nb), -ENOENT);
	a.ret = NOTIFY_OK;
	call(-1, NULL);
	assert_string_equal(order, "acd");
}

static void removed_during_the_call(void **state)
{
	struct note a = NOTE('a', 3), b = NOTE('b', 2), c = NOTE('c', 1);

	chain = (struct notifier_chain){0};
	notifier_register(&chain, &a.nb);
	notifier_register(&chain, &b.nb);
	notifier_register(&chain, &c.nb);
	a.removes = &a; /* itself */
	b.removes = &c; /* the next one: not called any more */
	call(-1, NULL);
	assert_string_equal(order, "ab");
	b.removes = NULL;
	call(-1, NULL);
	assert_string_equal(order, "b");
	assert_null(b.nb.next);
	assert_ptr_equal(chain.head, &b.nb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_stop), cmocka_unit_test(removed_during_the_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
