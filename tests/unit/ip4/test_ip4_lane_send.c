/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane's way out 16 at a time against the one by one: the same entries, next hops, queues and flows
 * that have left must end in the same frames, queues, counts and refusals. Calm bursts have nothing in
 * them that goes one by one, wild ones much.
 */
#include "unit.h"

#include <string.h>

#include "dev/txq.h"
#include "fake_router.h"
#include "ip4/flow_filter.h"
#include "ip4/ip4_lane_priv.h"
#include "l2/eth.h"

#define ROUNDS 20000
#define PORTS 7u /* 1..6 open, the last one down */
#define AHEAD BURST_MAX

enum { ONE_BY_ONE, WIDE, SIDES };

struct frame {
	struct rte_mbuf m;
	uint8_t buf[192];
} __attribute__((aligned(64)));

/* What one way makes of a burst. */
struct side {
	struct frame frame[BURST_MAX];
	struct rte_mbuf *m[BURST_MAX];
	struct tx_queue q[PORTS + 1];
	struct rte_mbuf *sent[PORTS + 1][2 * BURST_MAX]; /* flushed */
	uint32_t n_sent[PORTS + 1], bytes[PORTS + 1];
	struct lane l;
	struct flow_filter left;
};

static struct fake_router r;
static struct side side[SIDES], *flushing;
static struct frame ahead_frame, waiting;
static struct rte_mbuf *ahead[AHEAD];
static uint32_t good[PORTS][8]; /* ids of next hops by port */
static uint64_t rng = 42;

static uint32_t rnd(uint32_t below)
{
	rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(rng >> 33) % below;
}

void __wrap_txq_flush(struct worker *w, struct tx_queue *t);

void __wrap_txq_flush(struct worker *w, struct tx_queue *t)
{
	uint32_t port = (uint32_t)(t - flushing->q);

	(void)w;
	assert_in_range(t->n, 1, TXQ_BURST);
	memcpy(flushing->sent[port] + flushing->n_sent[port], t->m, t->n * sizeof(t->m[0]));
	flushing->n_sent[port] += t->n;
	flushing->bytes[port] += t->bytes;
	t->n = 0;
	t->bytes = 0;
}

static uint32_t next_hop(unsigned int port, uint8_t flags, uint32_t mtu)
{
	struct fib_nh nh = {.type = FIB_UNICAST, .flags = flags, .mtu = mtu, .dev = r.f.netdevs->dev[port]};
	uint8_t mac[6] = {2, (uint8_t)rnd(256), (uint8_t)port};

	nh.phys = nh.dev;
	nh.gw = rte_cpu_to_be_32(rnd(UINT32_MAX));
	nh.hh_len = eth_build_hh(nh.hh, nh.dev, mac, ETH_TYPE_IP4);
	return fake_nh(&r, nh);
}

static int setup(void **state)
{
	static const struct tx_contract plain = {.max_segs = 8, .max_frame = 1518};
	static const struct tx_contract sums = {.max_segs = 8, .max_frame = 1518, .l4_csum = true};
	const uint8_t lane = FIB_NH_HH | FIB_NH_LANE;

	(void)state;
	fake_router_init(&r);
	for (uint16_t p = 1; p <= PORTS; p++) {
		struct netdev *dev = p <= 2 ? r.dev[p] : fake_netdev(&r.f, p + 10, "port", NULL);

		dev->contract = p % 2 ? &plain : &sums;
		for (unsigned int i = 0; p < PORTS && i < 8; i++)
			good[p][i] = next_hop(dev->index, lane, 1500);
		for (unsigned int s = 0; s < SIDES; s++)
			side[s].q[p].dev = dev;
	}
	for (unsigned int i = 0; i < AHEAD; i++)
		ahead[i] = &ahead_frame.m;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_router_fini(&r);
	return 0;
}

/* An id that a burst has more or less often; the wild ones are not for the lane, or not for all. */
static uint32_t random_id(unsigned int ports, bool wild)
{
	static uint32_t odd[8];
	const uint8_t lane = FIB_NH_HH | FIB_NH_LANE;

	if (!odd[0]) {
		uint32_t member[3], weight[3] = {1, 2, 3};
		struct fib_nh_group group = {0};

		odd[0] = next_hop(1, lane | FIB_NH_DEAD, 1500);
		odd[1] = next_hop(2, FIB_NH_HH, 1500);
		odd[2] = next_hop(1, FIB_NH_LANE, 1500);
		odd[3] = next_hop(2, lane, 200);
		odd[4] = next_hop(side[0].q[PORTS].dev->index, lane, 1500); /* a port without queue */
		odd[5] = fake_nh_type(&r, FIB_UNREACHABLE);
		member[0] = good[1][0];
		member[1] = good[2][0];
		member[2] = odd[0];
		assert_int_equal(fib_nh_group_fill(&group, member, weight, 3), 0);
		odd[6] = fake_nh(&r, (struct fib_nh){.type = FIB_GROUP, .group = &group});
	}
	if (wild && !rnd(20))
		return odd[rnd(8)]; /* the last one: 0, nothing */
	return good[1 + rnd(ports)][rnd(8)];
}

static void random_frame(struct frame *f, bool sums)
{
	uint8_t *p = f->buf + 64;

	memset(f, 0, sizeof(*f));
	for (unsigned int i = 0; i < sizeof(f->buf); i++)
		f->buf[i] = (uint8_t)rnd(256);
	p[ETH_HDR_LEN + 15] = (uint8_t)rnd(8); /* flows of several frames */
	memset(p + ETH_HDR_LEN + 12, 30, 3);
	memset(p + ETH_HDR_LEN + 16, 20, 4);
	p[ETH_HDR_LEN + 9] = rnd(2) ? IP4_PROTO_TCP : IP4_PROTO_UDP;
	f->m.data_off = 64;
	f->m.nb_segs = 1;
	f->m.refcnt = 1;
	f->m.pkt_len = 1600; /* padded */
	f->m.data_len = 1600;
	if (sums && !rnd(3)) {
		f->m.ol_flags = LANE_CSUM_PARTIAL;
		f->m.packet_type = rnd(2) ? RTE_PTYPE_L4_TCP : RTE_PTYPE_L4_UDP;
		f->m.l2_len = ETH_HDR_LEN;
		f->m.l3_len = rnd(5) ? IP4_HDR_LEN : 24;
	}
}

/* The same for both: frames, entries, queues' contents. */
static void random_burst(void)
{
	bool wild = rnd(2), sums = wild && !rnd(4), gaps = wild && rnd(2);
	uint32_t frames = rnd(3) ? BURST_MAX : rnd(BURST_MAX + 1), n = 0, ports = 1 + rnd(PORTS - 1);
	struct side *s = &side[0];
	struct lane *l = &s->l;

	memset(l, 0, sizeof(*l));
	memset(&s->left, 0, sizeof(s->left));
	l->dp = &r.f.dp;
	l->partial = sums;
	l->ahead = ahead;
	l->n_ahead = rnd(2) ? 0 : rnd(2) ? AHEAD : rnd(AHEAD);
	l->dev_index = wild && !rnd(3) ? (uint16_t)s->q[1].dev->index : 99;
	for (uint32_t i = 0; i < frames; i++) {
		random_frame(&s->frame[i], sums);
		if (gaps && !rnd(10)) {
			if (!rnd(3))
				flow_filter_add(&s->left, s->frame[i].buf + 64 + ETH_HDR_LEN + 12);
			continue;
		}
		l->at[n] = i;
		l->id[n] = random_id(ports, wild);
		l->len[n] = 40 + rnd(200);
		l->ttl[n] = rnd(UINT32_MAX);
		l->octets += l->len[n++];
	}
	l->n = n;
	for (uint32_t p = 1; p <= PORTS; p++) {
		s->q[p].n = (uint16_t)(rnd(3) ? 0 : rnd(TXQ_BURST));
		s->q[p].bytes = s->q[p].n;
		s->q[p].active = s->q[p].n;
		s->q[p].offload = false;
		for (uint32_t i = 0; i < s->q[p].n; i++)
			s->q[p].m[i] = &waiting.m;
	}
	memset(s->n_sent, 0, sizeof(s->n_sent));
	memset(s->bytes, 0, sizeof(s->bytes));
	side[WIDE] = side[ONE_BY_ONE];
	for (s = side; s < side + SIDES; s++)
		for (uint32_t i = 0; i < frames; i++) {
			s->frame[i].m.buf_addr = s->frame[i].buf;
			s->m[i] = &s->frame[i].m;
		}
}

static void send_by(struct side *s, lane_send_fn *fn)
{
	struct worker *w = r.f.w;

	flushing = s;
	w->dev->active = NULL;
	for (uint32_t p = 1; p < PORTS; p++)
		w->dev->txq[s->q[p].dev->index] = &s->q[p];
	fn(w, &s->l, &s->left, s->m, 0, s->l.n);
	for (uint32_t p = 1; p < PORTS; p++) {
		bool active = s->q[p].active;

		w->dev->txq[s->q[p].dev->index] = NULL;
		assert_true(active || !s->q[p].n);
		if (s->q[p].n)
			__wrap_txq_flush(w, &s->q[p]);
	}
	w->dev->active = NULL;
}

static uint32_t number(const struct side *s, const struct rte_mbuf *m)
{
	return m == &waiting.m ? UINT32_MAX : (uint32_t)((const struct frame *)m - s->frame);
}

static void compare(const struct side *a, const struct side *b)
{
	for (uint32_t p = 1; p <= PORTS; p++) {
		assert_int_equal(a->n_sent[p], b->n_sent[p]);
		assert_int_equal(a->bytes[p], b->bytes[p]);
		assert_int_equal(a->q[p].active, b->q[p].active);
		assert_int_equal(a->q[p].offload, b->q[p].offload);
		for (uint32_t i = 0; i < a->n_sent[p]; i++)
			assert_int_equal(number(a, a->sent[p][i]), number(b, b->sent[p][i]));
	}
	for (uint32_t i = 0; i < BURST_MAX; i++) {
		const struct frame *f = &a->frame[i], *g = &b->frame[i];

		assert_memory_equal(f->buf, g->buf, sizeof(f->buf));
		assert_int_equal(f->m.pkt_len, g->m.pkt_len);
		assert_int_equal(f->m.data_len, g->m.data_len);
		assert_int_equal(f->m.ol_flags, g->m.ol_flags);
		assert_int_equal(f->m.tx_offload, g->m.tx_offload);
	}
	assert_memory_equal(a->l.len, b->l.len, sizeof(a->l.len));
	assert_int_equal(a->l.octets, b->l.octets);
	assert_memory_equal(&a->left, &b->left, sizeof(a->left));
}

static void same_by_both(void **state)
{
	const struct lane_form *wide = ip4_lane_form(true);
	uint64_t entries = 0, refused = 0;

	(void)state;
	if (!wide)
		skip();
	for (unsigned int round = 0; round < ROUNDS; round++) {
		random_burst();
		uint32_t n_ahead = side[0].l.n_ahead;

		send_by(&side[ONE_BY_ONE], lane_send_scalar);
		send_by(&side[WIDE], wide->send);
		compare(&side[ONE_BY_ONE], &side[WIDE]);
		for (unsigned int s = 0; s < SIDES; s++)
			assert_ptr_equal(side[s].l.ahead + side[s].l.n_ahead, ahead + n_ahead);
		entries += side[0].l.n;
		for (uint32_t k = 0; k < side[0].l.n; k++)
			refused += !side[0].l.len[k];
	}
	print_message("%lu entries, %lu refused\n", entries, refused);
	assert_in_range(refused, entries / 100, entries / 2);
}

/* However many are ahead: what the ladder fetches of them is not fetched again on the way out. */
static void sift_fetches_in_order(void **state)
{
	const struct lane_form *wide = ip4_lane_form(true);

	(void)state;
	if (!wide)
		skip();
	for (uint32_t n = 0; n <= BURST_MAX; n++) {
		struct lane *l = &side[WIDE].l;

		random_burst();
		l->n = 0;
		l->fib = r.fib;
		l->fetched = true;
		l->ahead = ahead;
		l->n_ahead = n;
		for (uint32_t i = 0; i < BURST_MAX; i++) {
			random_frame(&side[WIDE].frame[i], false);
			side[WIDE].frame[i].m.buf_addr = side[WIDE].frame[i].buf;
			side[WIDE].m[i] = &side[WIDE].frame[i].m;
		}
		wide->sift(l, side[WIDE].m, 0, BURST_MAX);
		assert_int_equal(l->n_ahead, n - RTE_MIN(n / LANE_SIFT_AHEAD, BURST_MAX / 16) *
			LANE_SIFT_AHEAD);
		assert_ptr_equal(l->ahead + l->n_ahead, ahead + n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_by_both),
		cmocka_unit_test(sift_fetches_in_order),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
