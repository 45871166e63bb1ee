/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The transmit entry and the queues behind it. The port is the far end of a hand-over ring, so no
 * EAL is needed: what it takes, the test reads from the ring.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_ring.h>

#include "core/skb_alloc.h"
#include "dev/ptype.h"
#include "dev/txq.h"
#include "lib/fake_worker.h"
#include "lib/pkt.h"
#include "sched/sched.h"
#include "unit.h"

#define RING 64

struct wire {
	struct fake_worker f;
	struct netdev *dev;
	struct tx_contract contract;
	struct tx_queue t;
	unsigned int timeouts;
};

static struct wire *wire;

static void on_timeout(struct worker *w, struct netdev *dev)
{
	assert_ptr_equal(dev, wire->dev);
	wire->timeouts++;
}

static int setup(void **state)
{
	wire = *state = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(struct wire), 64));
	memset(wire, 0, sizeof(*wire));
	fake_worker_init(&wire->f);
	wire->f.dp.tx_timeout = on_timeout;
	wire->dev = fake_netdev(&wire->f, 3, "out", NULL);
	wire->contract = (struct tx_contract){.max_segs = 4, .indirect = true, .max_frame = 1518};
	wire->dev->contract = &wire->contract;
	wire->t.dev = wire->dev;
	wire->t.q.ops = &pfifo_qdisc;
	wire->t.q.limit = 1000;
	wire->t.owner = wire->f.w;
	wire->t.ring = aligned_alloc(64, RTE_ALIGN_CEIL(rte_ring_get_memsize(RING), 64));
	assert_int_equal(rte_ring_init(wire->t.ring, "wire", RING, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	txq_attach(wire->f.w, &wire->t);
	return 0;
}

/* What the port took comes home. */
static uint32_t take(struct rte_mbuf **m, uint32_t max)
{
	return rte_ring_sc_dequeue_burst(wire->t.ring, (void **)m, max, NULL);
}

static uint32_t drain(void)
{
	struct rte_mbuf *m[RING];
	uint32_t n = take(m, RING);

	for (uint32_t i = 0; i < n; i++)
		rte_pktmbuf_free(m[i]);
	return n;
}

static int teardown(void **state)
{
	drain();
	if (wire->f.w->dev->txq[wire->dev->index])
		txq_detach(wire->f.w, &wire->t, DROP_STOPPED);
	fake_worker_fini(&wire->f);
	free(wire->t.ring);
	free(wire);
	return 0;
}

static struct skb *numbered(uint32_t i)
{
	struct pkt p = PKT_UDP(.data = &i, .data_len = sizeof(i));
	struct skb *skb = fake_rx(&wire->f, NULL, p.data, p.len);

	skb->dev = wire->dev;
	skb_set_network_header(skb, p.l3);
	return skb;
}

static uint32_t number_of(const struct rte_mbuf *m)
{
	uint32_t i;

	memcpy(&i, rte_pktmbuf_mtod_offset(m, void *, 42), sizeof(i));
	return i;
}

static void xmit(struct skb *skb)
{
	fake_stage1(&wire->f, netdev_tx, skb);
}

static void order_through_stops(void **state)
{
	struct rte_mbuf *m[RING];
	uint32_t in = 0, out = 0;

	/* 64 places, 63 usable: bursts of 20 fill it up, then it is read in bits */
	for (unsigned int round = 0; round < 200; round++) {
		for (unsigned int i = 0; round < 100 && i < 20; i++) {
			if (wire->t.q.len + wire->t.n + 1 >= wire->t.q.limit)
				break;
			if (i % 3) /* the lane does not ask whether others wait */
				xmit(numbered(in++));
			else
				dev_tx_mbuf(wire->f.w, &wire->t, skb_mbuf(numbered(in++)));
		}
		txq_flush_all(wire->f.w);
		uint32_t n = take(m, round % 37);

		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(number_of(m[i]), out++);
			rte_pktmbuf_free(m[i]);
		}
	}
	while (txq_flush_all(wire->f.w) || rte_ring_count(wire->t.ring)) {
		uint32_t n = take(m, RING);

		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(number_of(m[i]), out++);
			rte_pktmbuf_free(m[i]);
		}
	}
	assert_int_equal(out, in);
	assert_true(in > 1000 && wire->t.stops > 0);
	assert_int_equal(wire->t.state & TXQ_XOFF, 0);
	assert_null(wire->f.w->dev->active);
}

static void queue_is_bounded(void **state)
{
	struct ledger_sum sum;

	wire->t.q.limit = 10;
	for (unsigned int i = 0; i < 63 + 10 + 5; i++)
		xmit(numbered(i));
	assert_true(txq_flush_all(wire->f.w));
	fake_expect_drop(&wire->f, DROP_TX_FULL, 5);
	assert_int_equal(dev_stats(wire->f.w, wire->dev)->tx_dropped, 5);
	ledger_snapshot(wire->f.w, &sum);
	assert_int_equal(sum.held, 10);
	assert_int_equal(ledger_gap(&sum), 0);
	drain();
	assert_false(txq_flush_all(wire->f.w));
	assert_int_equal(drain(), 10);
}

static void down_and_deactivated(void **state)
{
	wire->t.q.limit = 1000;
	for (unsigned int i = 0; i < 80; i++)
		xmit(numbered(i));
	txq_detach(wire->f.w, &wire->t, DROP_DEV_DOWN);
	fake_expect_drop(&wire->f, DROP_DEV_DOWN, 80 - 63);
	atomic_store(&wire->dev->state, 0);
	xmit(numbered(1));
	fake_expect_drop(&wire->f, DROP_DEV_DOWN, 1);
	assert_false(txq_flush_all(wire->f.w));
}

static void frozen_keeps_all(void **state)
{
	txq_freeze(wire->f.w, &wire->t);
	for (unsigned int i = 0; i < 40; i++)
		xmit(numbered(i));
	assert_true(txq_flush_all(wire->f.w));
	assert_int_equal(drain(), 0);
	txq_wake(wire->f.w, &wire->t);
	assert_false(txq_flush_all(wire->f.w));
	assert_int_equal(drain(), 40);
}

static void watchdog_only_when_stuck(void **state)
{
	struct worker *w = wire->f.w;

	for (unsigned int i = 0; i < 70; i++)
		xmit(numbered(i));
	txq_flush_all(w);
	w->now += (TXQ_WATCHDOG_SEC - 1) * w->tsc_hz;
	txq_watchdog(w);
	assert_int_equal(wire->timeouts, 0);
	w->now += 2 * w->tsc_hz;
	txq_watchdog(w);
	assert_int_equal(wire->timeouts, 1);
	txq_watchdog(w); /* again in five seconds */
	assert_int_equal(wire->timeouts, 1);
	drain();
	txq_flush_all(w);
	w->now += 20 * w->tsc_hz;
	txq_watchdog(w); /* healthy */
	assert_int_equal(wire->timeouts, 1);
}

static struct rte_mbuf *sent1(void)
{
	struct rte_mbuf *m = NULL;

	txq_flush_all(wire->f.w);
	assert_int_equal(take(&m, 1), 1);
	return m;
}

/* The same bytes leave, in what the port can take. */
static void expect_frame(const struct pkt *p, uint16_t max_segs, bool direct)
{
	struct rte_mbuf *m = sent1();
	uint8_t buf[PKT_MAX];

	assert_int_equal(m->pkt_len, p->len);
	assert_true(m->nb_segs <= max_segs);
	assert_memory_equal(rte_pktmbuf_read(m, 0, m->pkt_len, buf), p->data, p->len);
	for (struct rte_mbuf *s = m; s; s = s->next)
		assert_true(!direct || (RTE_MBUF_DIRECT(s) && rte_mbuf_refcnt_read(s) == 1));
	rte_pktmbuf_free(m);
}

static struct skb *to_wire(const struct pkt *p, uint32_t seg)
{
	struct skb *skb = fake_rx_segs(&wire->f, NULL, p->data, p->len, seg);

	skb->dev = wire->dev;
	skb_set_network_header(skb, p->l3);
	return skb;
}

static void contract(void **state)
{
	struct worker *w = wire->f.w;
	struct pkt p = PKT_UDP(.data_len = 1200), big = PKT_UDP(.data_len = 1600);
	struct skb *skb;

	xmit(to_wire(&p, 400));
	expect_frame(&p, 4, true);
	assert_int_equal(dev_stats(w, wire->dev)->tx_copied, 0);
	xmit(to_wire(&p, 100)); /* 13 segments */
	expect_frame(&p, 4, true);
	assert_int_equal(dev_stats(w, wire->dev)->tx_copied, 1);
	xmit(to_wire(&big, 1000));
	fake_expect_drop(&wire->f, DROP_TX_TOO_LONG, 1);

	skb = to_wire(&p, 2000);
	xmit(skb_clone(w, skb)); /* clones may go */
	expect_frame(&p, 1, false);
	wire->contract.indirect = false;
	struct skb *clone = skb_clone(w, skb);

	clone->dev = wire->dev;
	xmit(clone); /* or not */
	expect_frame(&p, 1, true);
	skb_get(skb);
	xmit(skb); /* somebody else still holds it: a copy leaves */
	expect_frame(&p, 1, true);
	assert_int_equal(skb->users, 1);
	assert_int_equal(dev_stats(w, wire->dev)->tx_copied, 3);
	skb_drop(w, skb, DROP_HOOK);

	wire->contract.max_segs = 1;
	wire->contract.max_frame = 9000;
	struct pkt jumbo = PKT_UDP(.data_len = 5000);

	xmit(to_wire(&jumbo, 1000)); /* no single buffer holds it */
	fake_expect_drop(&wire->f, DROP_TX_TOO_LONG, 1);
}

static unsigned int destroyed;

static void destructor(struct skb *skb)
{
	destroyed++;
}

static void checksums(void **state)
{
	struct pkt want = PKT_UDP(.data_len = 77), p = want;
	struct udp_hdr *udp = (struct udp_hdr *)(p.data + p.l4);
	struct ip4_hdr *ip = pkt_ip(&p);
	struct skb *skb;

	udp->check = csum_reduce(csum_pseudo4(ip->saddr, ip->daddr, 17, p.len - p.l4));
	skb = to_wire(&p, 2000);
	skb_set_csum_partial(skb, p.l4, 6);
	xmit(skb);
	expect_frame(&want, 1, true);
	assert_int_equal(dev_stats(wire->f.w, wire->dev)->tx_csum_done, 1);
	/* a clone's bytes are not written: the sum goes into a copy */
	skb = to_wire(&p, 2000);
	skb_set_csum_partial(skb, p.l4, 6);
	xmit(skb_clone(wire->f.w, skb));
	expect_frame(&want, 1, true);
	assert_memory_equal(skb_data(skb), p.data, p.len);
	/* the port does it */
	wire->contract.l4_csum = true;
	xmit(skb);
	struct rte_mbuf *m = sent1();

	assert_memory_equal(rte_pktmbuf_mtod(m, void *), p.data, p.len);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK,
		RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4);
	assert_int_equal(m->l2_len, 14);
	assert_int_equal(m->l3_len, 20);
	rte_pktmbuf_free(m);
	/* nonsense */
	wire->contract.l4_csum = false;
	skb = to_wire(&p, 2000);
	skb_set_csum_partial(skb, p.len - 3, 2);
	xmit(skb);
	fake_expect_drop(&wire->f, DROP_TX_CSUM, 1);
	/* the owner is told when the port gets it */
	skb = to_wire(&want, 2000);
	skb_set_owner(skb, wire, destructor, 1);
	destroyed = 0;
	xmit(skb);
	assert_int_equal(destroyed, 1);
	txq_flush_all(wire->f.w);
	drain();
}

static void super_frames(void **state)
{
	struct pkt p = PKT_TCP(.data_len = 4000);
	struct rte_mbuf *m[8];
	struct skb *skb = to_wire(&p, 1500);

	skb->flags |= SKB_F_GSO;
	skb->gso_type = SKB_GSO_TCPV4;
	skb->gso_size = 1400;
	skb_set_csum_partial(skb, p.l4, 16);
	xmit(skb);
	struct skb *seg[8];
	uint32_t n = fake_take(&wire->f, STAGE_netdev_tx, seg, 8);

	assert_int_equal(n, 3);
	fake_stage(&wire->f, netdev_tx, seg, n);
	txq_flush_all(wire->f.w);
	assert_int_equal(take(m, 8), 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(m[i]->pkt_len, 54 + (i < 2 ? 1400 : 1200));
		rte_pktmbuf_free(m[i]);
	}
	/* a port that cuts them itself gets it whole */
	wire->contract.tso = wire->contract.l4_csum = true;
	skb = to_wire(&p, 1500);
	skb->flags |= SKB_F_GSO;
	skb->gso_type = SKB_GSO_TCPV4;
	skb->gso_size = 1400;
	skb_set_csum_partial(skb, p.l4, 16);
	xmit(skb);
	m[0] = sent1();
	assert_int_equal(m[0]->pkt_len, p.len);
	assert_int_equal(m[0]->tso_segsz, 1400);
	assert_int_equal(m[0]->l4_len, 20);
	assert_true(m[0]->ol_flags & RTE_MBUF_F_TX_TCP_SEG);
	rte_pktmbuf_free(m[0]);
	/* neither the port nor we */
	skb = to_wire(&p, 1500);
	skb->flags |= SKB_F_GSO;
	skb->gso_type = SKB_GSO_TCPV6;
	skb->gso_size = 1400;
	xmit(skb);
	fake_expect_drop(&wire->f, DROP_TX_GSO, 1);
}

/* A tag beside the data goes into it. */
static void stripped_tag(void **state)
{
	struct pkt p = PKT_UDP(.data_len = 30), want = PKT_UDP(.data_len = 30, .vlan = 0x2005);
	struct skb *skb = to_wire(&p, 2000);

	skb_set_vlan(skb, RTE_BE16(0x8100), 0x2005);
	xmit(skb);
	expect_frame(&want, 1, true);
}

static struct {
	const struct netdev *dev;
	uint32_t len;
	uint16_t tci; /* 0: no tag beside */
	rte_be16_t type;
} seen[8];
static unsigned int n_seen;

static void tap(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	(void)priv;
	assert_true(n_seen < RTE_DIM(seen));
	assert_int_equal(skb->pkt_type, SKB_OUTGOING);
	seen[n_seen].dev = dev;
	seen[n_seen].len = skb_len(skb);
	seen[n_seen].tci = skb->flags & SKB_F_VLAN ? skb_mbuf(skb)->vlan_tci : 0;
	assert_true(skb_copy_bits(skb, 12, &seen[n_seen++].type, 2));
	skb_delivered(w, skb);
}

static void assert_seen(unsigned int i, const struct netdev *dev, const struct pkt *p, uint16_t tci)
{
	assert_ptr_equal(seen[i].dev, dev);
	assert_int_equal(seen[i].len, p->len);
	assert_int_equal(seen[i].tci, tci);
	assert_int_equal(seen[i].type, RTE_BE16(ETH_TYPE_IP4));
}

/* Sent by a VLAN: its taps see no tag, those of the port have it beside; the wire has it in. */
static void taps(void **state)
{
	struct pkt plain = PKT_UDP(.data_len = 30), p = PKT_UDP(.data_len = 30, .vlan = 7);
	struct netdev *vlan = fake_netdev(&wire->f, 9, "out.7", NULL);
	const struct ptype any = {PTYPE_ALL, NULL, tap, NULL};
	struct skb *skb = to_wire(&p, 2000);

	n_seen = 0;
	vlan->type = NETDEV_VLAN;
	vlan->lower = wire->dev;
	assert_int_equal(ptype_add(&wire->f.dp, &any), 0);
	skb->dev = vlan;
	skb_reset_mac_header(skb);
	xmit(skb);
	fake_stage1(&wire->f, netdev_tx, fake_take1(&wire->f, STAGE_netdev_tx));
	assert_int_equal(n_seen, 2);
	assert_seen(0, vlan, &plain, 0);
	assert_seen(1, wire->dev, &plain, 7);
	expect_frame(&p, 1, true);
	/* no tag */
	n_seen = 0;
	xmit(to_wire(&plain, 2000));
	assert_int_equal(n_seen, 1);
	assert_seen(0, wire->dev, &plain, 0);
	expect_frame(&plain, 1, false); /* the tap's clone is freed at the sweep's end */
	/* a super-frame that is cut here is seen in its pieces only */
	p = PKT_TCP(.data_len = 2000);
	skb = to_wire(&p, 1500);
	skb->flags |= SKB_F_GSO;
	skb->gso_type = SKB_GSO_TCPV4;
	skb->gso_size = 1400;
	skb_set_csum_partial(skb, p.l4, 16);
	n_seen = 0;
	xmit(skb);
	struct skb *seg[4];
	uint32_t n = fake_take(&wire->f, STAGE_netdev_tx, seg, 4);

	assert_int_equal(n, 2);
	assert_int_equal(n_seen, 0);
	fake_stage(&wire->f, netdev_tx, seg, n);
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[0].len + seen[1].len, p.len + 54);
	assert_int_equal(ptype_remove(&wire->f.dp, &any), 0);
	txq_flush_all(wire->f.w);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(order_through_stops), T(queue_is_bounded), T(down_and_deactivated),
		T(frozen_keeps_all), T(watchdog_only_when_stuck), T(contract), T(checksums),
		T(super_frames), T(stripped_tag), T(taps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
