/* SPDX-License-Identifier: BSD-3-Clause */
/* Hook points: order, verdicts, resumption, registration. */
#include <errno.h>

#include "core/hook.h"
#include "lib/fake_worker.h"
#include "lib/pkt.h"
#include "unit.h"

#define POINT HOOK_ip4_forward_point
#define POINT_STAGE STAGE_ip4_forward_point
#define NEXT STAGE_ip4_forward_finish

static char order[64];
static unsigned int calls;
static struct skb *kept;
static enum hook_verdict say;
static enum drop_reason why;
static unsigned int repeats_left;

static void note(const struct hook_call *c)
{
	order[calls++] = *(const char *)c->priv;
	order[calls] = 0;
}

static void let_pass(struct worker *w, struct hook_call *c)
{
	note(c);
}

static void verdict(struct worker *w, struct hook_call *c)
{
	note(c);
	for (unsigned int i = 0; i < c->n; i++) {
		c->verdict[i] = say;
		if (why)
			c->reason[i] = why;
		if (say == HOOK_QUEUE || say == HOOK_STOLEN)
			kept = c->skb[i];
		if (say == HOOK_REPEAT && repeats_left && !--repeats_left)
			c->verdict[i] = HOOK_ACCEPT;
	}
}

static struct hook_ops ops(hook_fn *fn, const char *name, int16_t priority)
{
	return (struct hook_ops){.fn = fn, .priv = (void *)(uintptr_t)name, .point = POINT,
		.priority = priority, .name = name};
}

static struct skb *packet(struct fake_worker *f)
{
	struct pkt p = PKT_UDP();

	calls = 0;
	order[0] = 0;
	why = 0;
	return fake_rx(f, NULL, p.data, p.len);
}

static void run(struct fake_worker *f, struct skb *skb)
{
	fake_stage1(f, ip4_forward_point, skb);
}

/* Those that wait for a hook that goes now would be passed by those that find none. */
static void nobody_passes_who_waits(void **state)
{
	struct fake_worker *f = *state;
	struct hook_ops a = ops(let_pass, "a", 0);
	struct skb *first = packet(f), *second = packet(f), *skb[2];

	assert_int_equal(hook_register(&f->dp, &a), 0);
	burst_to(f->w, hook_next(f->w, POINT), first);
	assert_int_equal(hook_unregister(&f->dp, &a), 0);
	burst_to(f->w, hook_next(f->w, POINT), second);
	if (fake_take(f, POINT_STAGE, skb, 2) == 2)
		fake_stage(f, ip4_forward_point, skb, 2);
	assert_int_equal(fake_take(f, NEXT, skb, 2), 2);
	assert_int_equal(calls, 0);
	assert_ptr_equal(skb[0], first);
	assert_ptr_equal(skb[1], second);
	assert_int_equal(hook_next(f->w, POINT), NEXT);
	fake_sent(f, first);
	fake_sent(f, second);
}

static void empty_is_passed_by(void **state)
{
	struct fake_worker *f = *state;
	struct hook_ops a = ops(let_pass, "a", 0);

	assert_int_equal(hook_next(f->w, POINT), NEXT);
	/* LOCAL_OUT's next is POST_ROUTING, itself a point */
	assert_int_equal(hook_next(f->w, HOOK_ip4_local_out), STAGE_ip4_output);
	assert_int_equal(hook_register(&f->dp, &a), 0);
	assert_int_equal(f->dp.staged, 1);
	assert_int_equal(hook_next(f->w, POINT), POINT_STAGE);
	assert_int_equal(hook_register(&f->dp, &a), -EEXIST);
	assert_int_equal(hook_unregister(&f->dp, &a), 0);
	assert_int_equal(hook_unregister(&f->dp, &a), -ENOENT);
	assert_int_equal(f->dp.staged, 0);
	assert_int_equal(hook_next(f->w, POINT), NEXT);
}

static void by_priority_then_registration(void **state)
{
	struct fake_worker *f = *state;
	struct hook_ops a = ops(let_pass, "a", 10), b = ops(let_pass, "b", -5), c = ops(let_pass, "c", 10);

	hook_register(&f->dp, &a);
	hook_register(&f->dp, &b);
	hook_register(&f->dp, &c);
	run(f, packet(f));
	assert_string_equal(order, "bac");
	skb_drop(f->w, fake_take1(f, NEXT), DROP_HOOK);
}

static void verdicts(void **state)
{
	struct fake_worker *f = *state;
	struct hook_ops v = ops(verdict, "v", 0), z = ops(let_pass, "z", 1);
	struct skb *skb;

	hook_register(&f->dp, &v);
	hook_register(&f->dp, &z);
	say = HOOK_DROP;
	run(f, packet(f));
	fake_expect_drop(f, DROP_HOOK, 1);
	assert_string_equal(order, "v");

	skb = packet(f);
	why = DROP_LOOP;
	run(f, skb);
	fake_expect_drop(f, DROP_LOOP, 1);

	say = HOOK_STOP;
	run(f, packet(f));
	assert_string_equal(order, "v");
	skb_drop(f->w, fake_take1(f, NEXT), DROP_HOOK);

	say = HOOK_STOLEN;
	run(f, packet(f));
	assert_int_equal(fake_waiting(f), 0);
	skb_drop(f->w, kept, DROP_HOOK);

	say = HOOK_REPEAT;
	repeats_left = 3;
	run(f, packet(f));
	assert_string_equal(order, "vvvz");
	skb_drop(f->w, fake_take1(f, NEXT), DROP_HOOK);
	fake_expect_drop(f, DROP_HOOK, 3);

	repeats_left = 0; /* for ever */
	run(f, packet(f));
	assert_string_equal(order, "vvvvv");
	fake_expect_drop(f, DROP_LOOP, 1);
}

/* Two hooks of one priority; the skb left at the first, and the array is replaced meanwhile. */
static void resumes_in_a_new_array(void **state)
{
	struct fake_worker *f = *state;
	struct hook_ops a = ops(let_pass, "a", 0), v = ops(verdict, "v", 5), z = ops(let_pass, "z", 5);
	struct hook_ops e = ops(let_pass, "e", 3), y = ops(let_pass, "y", 9);

	hook_register(&f->dp, &a);
	hook_register(&f->dp, &v);
	hook_register(&f->dp, &z);
	say = HOOK_QUEUE;
	run(f, packet(f));
	assert_string_equal(order, "av");
	hook_unregister(&f->dp, &a);
	hook_register(&f->dp, &e); /* before the place: not run */
	hook_register(&f->dp, &y); /* behind it: run */
	hook_resume(f->w, kept, false);
	run(f, fake_take1(f, POINT_STAGE));
	assert_string_equal(order, "avzy");
	skb_drop(f->w, fake_take1(f, NEXT), DROP_HOOK);

	run(f, packet(f));
	hook_resume(f->w, kept, true);
	say = HOOK_ACCEPT;
	run(f, fake_take1(f, POINT_STAGE));
	assert_string_equal(order, "evvzy");
	skb_drop(f->w, fake_take1(f, NEXT), DROP_HOOK);

	/* the hook it waited at is gone, the point is empty: on it goes */
	say = HOOK_QUEUE;
	run(f, packet(f));
	hook_unregister(&f->dp, &e);
	hook_unregister(&f->dp, &v);
	hook_unregister(&f->dp, &z);
	hook_unregister(&f->dp, &y);
	hook_resume(f->w, kept, true);
	run(f, fake_take1(f, POINT_STAGE));
	skb_drop(f->w, fake_take1(f, NEXT), DROP_HOOK);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_worker_setup, fake_worker_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(empty_is_passed_by), T(nobody_passes_who_waits), T(by_priority_then_registration), T(verdicts),
		T(resumes_in_a_new_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
