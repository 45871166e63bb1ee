/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive burst: frames out of the chip into mbufs, chained where one is too small. Never waits:
 * when another thread has the chip it comes back with nothing. Buffers are had before the chip is
 * asked, so that without them a frame stays where it is and only the chip can lose it.
 */
#include <rte_branch_prediction.h>

#include "pmd.h"

#define MS UINT64_C(1000000)
#define COUNTERS_EVERY (20 * MS) /* RxMISS wraps after 69 ms at the earliest */
#define LINK_EVERY (100 * MS)

/* Now and then: counters that wrap, the link, and whether the chip was reset by a glitch. */
static void look_around(struct cs_dev *d)
{
	const uint64_t now = d->bus->ops->now(d->bus);
	int link;

	if (now >= d->next_counters) {
		d->next_counters = now + COUNTERS_EVERY;
		cs_counters(&d->chip);
	}
	if (now >= d->next_link) {
		d->next_link = now + LINK_EVERY;
		link = cs_line_link(&d->chip);
		if (link != d->link && !d->chip.gone) {
			d->link = link;
			cs_news(d, CS_NEWS_LINK);
		}
		if (!cs_filter_kept(&d->chip) && cs_chip_present(&d->chip))
			cs_news(d, CS_NEWS_RESET);
	}
}

/* Buffers for the longest frame. */
static bool refill(struct cs_rxq *q)
{
	while (q->nb_spare < q->need) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(q->pool);

		if (unlikely(m == NULL)) {
			q->nombuf++;
			return false;
		}
		q->spare[q->nb_spare++] = m;
	}
	return true;
}

/* A frame of this length into one or several of the spare buffers. NULL: the card went meanwhile. */
static struct rte_mbuf *take(struct cs_rxq *q, unsigned len)
{
	struct rte_mbuf *first = NULL, **link = &first, *m;
	uint16_t segs = 0;

	for (unsigned left = len; left; segs++) {
		const unsigned part = RTE_MIN(left, q->room);

		m = q->spare[--q->nb_spare];
		cs_rx_read(&q->dev->chip, rte_pktmbuf_mtod(m, void *), part);
		m->data_len = (uint16_t)part;
		*link = m;
		link = &m->next;
		left -= part;
	}
	if (unlikely(!cs_rx_whole(&q->dev->chip))) {
		rte_pktmbuf_free(first);
		return NULL;
	}
	first->nb_segs = segs;
	first->pkt_len = len;
	first->port = q->dev->port;
	q->packets++;
	q->bytes += len;
	return first;
}

uint16_t cs_rx_burst(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct cs_rxq *q = queue;
	struct cs_dev *d = q->dev;
	struct cs_chip *c = &d->chip;
	uint16_t got = 0;
	bool can;

	if (!cs_burst_enter(d))
		return 0;
	can = n && refill(q);
	cs_tx_pump(d, can);
	for (uint16_t budget = can ? n : 0; budget && refill(q); budget--) {
		uint16_t ev = cs_rx_event(c);
		int len;

		if (ev == 0)
			break;
		if (!(ev & CS_RXEVENT_RXOK))
			continue; /* refused by the chip, counted */
		len = cs_rx_begin(c);
		if (unlikely(len < 0)) {
			cs_rx_skip(c);
			continue;
		}
		pkts[got] = take(q, len);
		if (unlikely(pkts[got] == NULL))
			break;
		got++;
		cs_tx_pump(d, true);
	}
	if (likely(!c->gone))
		look_around(d);
	cs_dev_leave(d);
	return got;
}
