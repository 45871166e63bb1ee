/* SPDX-License-Identifier: BSD-3-Clause */
/* The tracer: which packets it follows, what it records, and that it stops. */
#include <stdlib.h>
#include <string.h>

#include "core/hook.h"
#include "core/trace.h"
#include "dev/netdev_update.h"
#include "lib/fake_worker.h"
#include "lib/pkt.h"
#include "unit.h"

static struct trace_record *got[8];
static unsigned int n;
static bool refuse;

static bool sink(struct worker *w, struct trace_record *r)
{
	if (refuse || n == RTE_DIM(got))
		return false;
	got[n++] = r;
	return true;
}

static void forget(void)
{
	while (n)
		free(got[--n]);
}

static int setup(void **state)
{
	int rc = fake_worker_setup(state);
	struct fake_worker *f = *state;

	f->dp.trace_sink = sink;
	refuse = false;
	return rc;
}

/* A frame that no handler wants: eth_input, netif_receive, dropped. */
static void arrive(struct fake_worker *f, struct netdev *dev, struct pkt p)
{
	p.data[12] = 0x99;
	burst_to(f->w, STAGE_eth_input, fake_rx(f, dev, p.data, p.len));
	worker_sweep(f->w);
}

static void follows_so_many(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = fake_netdev(f, 4, "a", NULL);
	struct trace_filter all = {0};
	struct pkt p = PKT_UDP();

	arrive(f, dev, p);
	assert_int_equal(n, 0);
	trace_start(f->w, &all, 2);
	for (unsigned int i = 0; i < 3; i++)
		arrive(f, dev, p);
	assert_int_equal(n, 2);
	assert_false(f->w->tracing);
	const struct trace_record *r = got[1];

	assert_int_equal(r->in_dev, 4);
	assert_int_equal(r->len, p.len);
	assert_int_equal(r->outcome, TRACE_DROPPED);
	assert_int_equal(r->reason, DROP_ETH_UNKNOWN_TYPE);
	assert_int_equal(r->nsteps, 2);
	assert_int_equal(r->step[0].stage, STAGE_eth_input);
	assert_int_equal(r->step[1].stage, STAGE_netif_receive);
	assert_int_equal(r->nbytes, p.len);
	assert_memory_equal(r->bytes, p.data, 12);
	forget();
}

static void stage_of_ip4(struct fake_worker *f, struct netdev *dev, struct pkt p)
{
	burst_to(f->w, STAGE_ip4_forward_point,
		fake_rx_ip4(f, dev, p.data + p.l3, p.len - p.l3));
	worker_sweep(f->w);
}

static void drop_all(struct worker *w, struct hook_call *c)
{
	for (unsigned int i = 0; i < c->n; i++)
		c->verdict[i] = HOOK_DROP;
}

/* Each field of the filter alone, matching and not; a hook's verdict is a step. */
static void filters(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *a = fake_netdev(f, 4, "a", NULL), *b = fake_netdev(f, 5, "b", NULL);
	struct hook_ops ops = {.fn = drop_all, .point = HOOK_ip4_forward_point, .name = "wall"};
	const struct trace_filter yes[] = {{0}, {.iface = 4}, {.src = pkt_addr("10.0.0.2")},
		{.dst = pkt_addr("192.0.2.1")}, {.proto = 17}, {.sport = htons(1024)},
		{.dport = htons(7)}, {.iface = 4, .proto = 17, .dport = htons(7)}};
	const struct trace_filter no[] = {{.iface = 5}, {.src = pkt_addr("10.0.0.3")},
		{.dst = pkt_addr("10.0.0.2")}, {.proto = 6}, {.sport = htons(7)},
		{.dport = htons(1024)}, {.iface = 4, .proto = 17, .dport = htons(8)}};

	assert_non_null(b);
	assert_int_equal(hook_register(&f->dp, &ops), 0);
	for (unsigned int i = 0; i < RTE_DIM(yes); i++) {
		trace_start(f->w, &yes[i], 1);
		stage_of_ip4(f, a, PKT_UDP());
		assert_int_equal(n, 1);
		assert_int_equal(got[0]->reason, DROP_HOOK);
		assert_string_equal(got[0]->step[1].hook, "wall");
		assert_int_equal(got[0]->step[1].verdict, HOOK_DROP);
		forget();
	}
	for (unsigned int i = 0; i < RTE_DIM(no); i++) {
		trace_start(f->w, &no[i], 1);
		stage_of_ip4(f, a, PKT_UDP());
		assert_int_equal(n, 0);
		assert_true(f->w->tracing);
	}
	trace_start(f->w, &no[0], 0);
	assert_false(f->w->tracing);
}

static void refused_records_are_counted(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = fake_netdev(f, 4, "a", NULL);

	refuse = true;
	trace_start(f->w, &(struct trace_filter){0}, 3);
	for (unsigned int i = 0; i < 3; i++)
		arrive(f, dev, PKT_UDP());
	assert_int_equal(f->w->trace->lost, 3);
	assert_false(f->w->tracing);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, fake_worker_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(follows_so_many), T(filters), T(refused_records_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
