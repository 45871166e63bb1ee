/* SPDX-License-Identifier: BSD-3-Clause */
/* The fake worker of unit tests and its mempool, which needs no EAL: a stack of mbufs behind ops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mempool.h>

#include "core/skb_alloc.h"
#include "ctl/ctl.h"
#include "dev/netdev_update.h"
#include "lib/fake_worker.h"
#include "sched/sched.h"

struct stack {
	uint32_t n, size;
	void *memory;
	void *obj[];
};

static int stack_put(struct rte_mempool *mp, void *const *obj, unsigned int n)
{
	struct stack *s = mp->pool_data;

	assert_true(s->n + n <= s->size); /* freed twice? */
	memcpy(s->obj + s->n, obj, n * sizeof(*obj));
	s->n += n;
	return 0;
}

static int stack_get(struct rte_mempool *mp, void **obj, unsigned int n)
{
	struct stack *s = mp->pool_data;

	if (s->n < n)
		return -ENOBUFS;
	s->n -= n;
	memcpy(obj, s->obj + s->n, n * sizeof(*obj));
	return 0;
}

static unsigned int stack_count(const struct rte_mempool *mp)
{
	return ((const struct stack *)mp->pool_data)->n;
}

static int stack_alloc(struct rte_mempool *mp)
{
	(void)mp;
	return 0;
}

static int ops_index(void)
{
	static const struct rte_mempool_ops ops = {.name = "fake_stack", .alloc = stack_alloc,
		.enqueue = stack_put, .dequeue = stack_get, .get_count = stack_count};
	static int index = -1;

	if (index < 0)
		index = rte_mempool_register_ops(&ops);
	assert_true(index >= 0);
	return index;
}

struct rte_mempool *fake_pool_create(uint32_t n, uint16_t data_room)
{
	uint32_t elt = RTE_ALIGN_CEIL(sizeof(struct rte_mbuf) + sizeof(struct skb) + data_room, 64);
	uint32_t head = RTE_ALIGN_CEIL(sizeof(struct rte_mempool_objhdr), 64);
	struct rte_pktmbuf_pool_private *priv;
	size_t size = RTE_ALIGN_CEIL(sizeof(struct rte_mempool) + sizeof(*priv), 64);
	struct rte_mempool *mp = aligned_alloc(64, size);
	struct stack *s = malloc(sizeof(*s) + n * sizeof(void *));
	uint8_t *p = aligned_alloc(64, (size_t)n * (head + elt));

	assert_true(mp && s && p);
	memset(mp, 0, size);
	memset(p, 0, (size_t)n * (head + elt));
	*s = (struct stack){.size = n, .memory = p};
	mp->size = mp->populated_size = n;
	mp->elt_size = sizeof(struct rte_mbuf) + sizeof(struct skb) + data_room;
	mp->header_size = head;
	mp->private_data_size = sizeof(*priv);
	mp->ops_index = ops_index();
	mp->pool_data = s;
	priv = rte_mempool_get_priv(mp);
	priv->mbuf_data_room_size = data_room;
	priv->mbuf_priv_size = sizeof(struct skb);
	for (uint32_t i = 0; i < n; i++, p += head + elt) {
		struct rte_mempool_objhdr *h = (struct rte_mempool_objhdr *)(p + head) - 1;

		h->mp = mp;
		h->iova = (uintptr_t)p + head;
		rte_pktmbuf_init(mp, NULL, p + head, i);
		s->obj[s->n++] = p + head;
	}
	return mp;
}

uint32_t fake_pool_in_use(const struct rte_mempool *pool)
{
	const struct stack *s = pool->pool_data;

	return s->size - s->n;
}

void fake_pool_free(struct rte_mempool *pool)
{
	struct stack *s = pool->pool_data;

	free(s->memory);
	free(s);
	free(pool);
}

void fake_worker_init(struct fake_worker *f)
{
	memset(f, 0, sizeof(*f));
	f->w = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*f->w), 64));
	assert_non_null(f->w);
	f->pool = fake_pool_create(FAKE_MBUFS, SKB_DATA_ROOM);
	f->clone_pool = fake_pool_create(FAKE_MBUFS, 0);
	assert_int_equal(dp_init(&f->dp, NULL), 0);
	assert_int_equal(netdev_table_init(&f->dp), 0);
	f->netdevs = f->dp.netdevs;
	sched_init(&f->dp);
	struct worker_opts opts = {.pool = f->pool, .clone_pool = f->clone_pool,
		.tsc_hz = 2000000000};

	assert_int_equal(worker_init(f->w, &f->dp, &opts), 0);
	assert_int_equal(ctl_worker_init(f->w), 0);
	assert_int_equal(dev_worker_init(f->w), 0);
	atomic_store(&f->dp.workers[0], f->w);
}

void fake_worker_fini(struct fake_worker *f)
{
	struct ledger_sum sum;

	worker_stop(f->w);
	ledger_snapshot(f->w, &sum);
	assert_int_equal(ledger_gap(&sum), 0);
	for (unsigned int i = 0; i < f->nmade; i++) {
		atomic_store(&f->netdevs->dev[f->made[i]->index], NULL);
		free(f->made[i]);
	}
	netdev_table_fini(&f->dp);
	atomic_store(&f->dp.workers[0], NULL);
	dev_worker_fini(f->w);
	ctl_worker_fini(f->w);
	worker_fini(f->w);
	assert_int_equal(fake_pool_in_use(f->pool), 0);
	assert_int_equal(fake_pool_in_use(f->clone_pool), 0);
	dp_fini(&f->dp);
	fake_pool_free(f->pool);
	fake_pool_free(f->clone_pool);
	free(f->w);
}

int fake_worker_setup(void **state)
{
	*state = malloc(sizeof(struct fake_worker));
	if (!*state)
		return -1;
	fake_worker_init(*state);
	return 0;
}

int fake_worker_teardown(void **state)
{
	fake_worker_fini(*state);
	free(*state);
	return 0;
}

struct netdev *fake_netdev(struct fake_worker *f, uint16_t index, const char *name,
	const uint8_t mac[6])
{
	const uint8_t own[6] = {2, 0, 0, 0, 0, (uint8_t)index};
	static const struct tx_contract contract = {.max_segs = 8, .indirect = true, .max_frame = 1518};
	struct netdev *dev = calloc(1, sizeof(*dev));
	uint64_t addr = 0;

	assert_true(dev && f->nmade < RTE_DIM(f->made));
	memcpy(&addr, mac ? mac : own, 6);
	dev->index = index;
	dev->ifindex = NETDEV_IFINDEX_BASE + index;
	dev->port_id = NETDEV_PORT_NONE;
	dev->type = NETDEV_PORT;
	dev->flags = 1 | 2 | 0x40 | 0x1000; /* UP BROADCAST RUNNING MULTICAST */
	dev->state = NETDEV_START | NETDEV_PRESENT;
	dev->mtu = 1500;
	dev->addr = addr;
	dev->hard_header_len = 14;
	dev->xmit = STAGE_netdev_tx;
	dev->contract = &contract;
	dev->arphrd = 1;
	memset(dev->broadcast, 0xff, 6);
	strncpy(dev->name, name, sizeof(dev->name) - 1);
	atomic_store(&f->netdevs->dev[index], dev);
	f->made[f->nmade++] = dev;
	return dev;
}

static struct skb *fresh(struct fake_worker *f, struct netdev *dev)
{
	struct skb *skb = skb_alloc(f->pool);

	assert_non_null(skb);
	skb->dev = dev;
	skb->iif = dev ? dev->index : 0;
	f->w->ledger.rx++;
	return skb;
}

struct skb *fake_rx(struct fake_worker *f, struct netdev *dev, const void *frame, uint32_t len)
{
	return fake_rx_segs(f, dev, frame, len, SKB_DATA_ROOM);
}

struct skb *fake_rx_ip4(struct fake_worker *f, struct netdev *dev, const void *packet,
	uint32_t len)
{
	struct skb *skb = fresh(f, dev);
	uint64_t addr = dev ? dev->addr : 0;
	uint8_t *eth = skb_put(skb, 14), *p = skb_put(skb, len);

	assert_non_null(p);
	memcpy(eth, &addr, 6);
	memcpy(eth + 6, "\x02\xee\0\0\0\x01\x08\0", 8);
	memcpy(p, packet, len);
	skb_reset_mac_header(skb);
	skb_pull(skb, 14);
	skb_reset_network_header(skb);
	skb->protocol = RTE_BE16(0x0800);
	return skb;
}

struct skb *fake_rx_segs(struct fake_worker *f, struct netdev *dev, const void *frame,
	uint32_t len, uint32_t seg)
{
	struct skb *skb = fresh(f, dev);
	struct rte_mbuf *m = skb_mbuf(skb), *last = m;
	const uint8_t *p = frame;

	for (uint32_t left = len;;) {
		uint32_t k = RTE_MIN(left, RTE_MIN(seg, rte_pktmbuf_tailroom(last)));

		memcpy(rte_pktmbuf_mtod(last, void *), p, k);
		last->data_len = k;
		p += k;
		left -= k;
		if (!left)
			break;
		last->next = rte_pktmbuf_alloc(f->pool);
		assert_non_null(last->next);
		last = last->next;
		m->nb_segs++;
	}
	m->pkt_len = len;
	return skb;
}

void fake_stage(struct fake_worker *f, stage_fn *fn, struct skb *const *skb, uint32_t n)
{
	struct burst in = {.n = n};

	assert_true(n <= BURST_MAX);
	memcpy(in.skb, skb, n * sizeof(*skb));
	fn(f->w, &in);
	assert_int_equal(in.n, n);
}

void fake_stage1(struct fake_worker *f, stage_fn *fn, struct skb *skb)
{
	fake_stage(f, fn, &skb, 1);
}

uint32_t fake_take(struct fake_worker *f, enum stage stage, struct skb **skb, uint32_t max)
{
	struct burst *b = &f->w->out[stage];
	uint32_t n = b->n;

	assert_true(n <= max);
	memcpy(skb, b->skb, n * sizeof(*skb));
	b->n = 0;
	f->w->pending[stage / 64] &= ~(UINT64_C(1) << (stage % 64));
	return n;
}

uint32_t fake_waiting(const struct fake_worker *f)
{
	uint32_t n = f->w->overflow_len;

	for (unsigned int s = 0; s < STAGE_COUNT; s++)
		n += f->w->out[s].n;
	return n;
}

struct skb *fake_take1(struct fake_worker *f, enum stage stage)
{
	struct skb *skb[BURST_MAX];
	uint32_t n = f->w->out[stage].n, all = fake_waiting(f);

	if (n != 1 || all != 1) {
		for (unsigned int s = 0; s < STAGE_COUNT; s++)
			if (f->w->out[s].n)
				print_message("%u waiting for %s\n", f->w->out[s].n, stage_name(s));
		for (unsigned int r = 0; r < DROP_REASON_COUNT; r++)
			if (f->w->ledger.dropped[r] != f->seen.dropped[r])
				print_message("dropped as %s\n", drop_reason_name(r));
		fail_msg("one packet expected for %s alone", stage_name(stage));
	}
	fake_take(f, stage, skb, BURST_MAX);
	return skb[0];
}

void fake_expect_drop(struct fake_worker *f, enum drop_reason reason, uint64_t n)
{
	uint64_t got = f->w->ledger.dropped[reason] - f->seen.dropped[reason];

	f->seen.dropped[reason] = f->w->ledger.dropped[reason];
	if (got != n)
		fail_msg("%lu dropped as %s, expected %lu", got, drop_reason_name(reason), n);
}

void fake_sent(struct fake_worker *f, struct skb *skb)
{
	f->w->ledger.tx++;
	skb_free(skb);
}
