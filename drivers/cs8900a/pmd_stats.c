/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statistics: what the queues have moved, and every way in which the chip says that it lost a frame,
 * by name. RxMISS and TxCOL are fetched when they are asked for, too.
 */
#include <stddef.h>
#include <string.h>

#include "pmd.h"

struct class {
	const char *name;
	size_t at; /* in struct cs_counts */
};

#define CLASS(name, field) {name, offsetof(struct cs_counts, field)}
static const struct class classes[] = {
	CLASS("rx_missed_rxmiss", rx_missed),
	CLASS("rx_crc_errors", rx_crc),
	CLASS("rx_runt_errors", rx_runt),
	CLASS("rx_extradata_errors", rx_extra),
	CLASS("rx_dribble_bits", rx_dribble),
	CLASS("rx_skipped", rx_skipped),
	CLASS("tx_collisions_txcol", tx_collisions),
	CLASS("tx_collided_frames", tx_collided),
	CLASS("tx_16_collisions_errors", tx_16coll),
	CLASS("tx_out_of_window_errors", tx_out_of_window),
	CLASS("tx_jabber_errors", tx_jabber),
	CLASS("tx_loss_of_crs", tx_loss_of_crs),
	CLASS("tx_sqe_errors", tx_sqe),
	CLASS("tx_underruns", tx_underrun),
	CLASS("tx_bid_errors", tx_bid_error),
	CLASS("tx_unknown_errors", tx_unknown),
	CLASS("bus_garbage", garbage),
	CLASS("chip_resets", resets),
};

/* Those that stand in the queues and the device. */
static const char *const others[] = {"recoveries", "tx_made_room", "tx_too_long", "tx_too_short",
	"tx_card_pulled"};

static uint64_t count(const struct cs_counts *c, const struct class *k)
{
	uint64_t v;

	memcpy(&v, (const uint8_t *)c + k->at, sizeof(v));
	return v;
}

static uint64_t since(const struct cs_dev *d, size_t at)
{
	const struct class k = {NULL, at};

	return count(&d->chip.count, &k) - count(&d->base, &k);
}
#define SINCE(d, field) since(d, offsetof(struct cs_counts, field))

static void fetch(struct cs_dev *d)
{
	if (cs_dev_enter(d) < 0)
		return;
	cs_counters(&d->chip);
	cs_dev_leave(d);
}

int cs_stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *s)
{
	struct cs_dev *d = dev->data->dev_private;
	const struct cs_rxq *r = d->rxq;
	const struct cs_txq *t = d->txq;

	fetch(d);
	s->imissed = SINCE(d, rx_missed);
	s->ierrors = SINCE(d, rx_bad);
	if (r) {
		s->ipackets = s->q_ipackets[0] = r->packets;
		s->ibytes = s->q_ibytes[0] = r->bytes;
		s->rx_nombuf = r->nombuf;
	}
	if (t) {
		s->opackets = s->q_opackets[0] = t->packets;
		s->obytes = s->q_obytes[0] = t->bytes;
		s->oerrors = t->errors + t->too_long + t->too_short + t->pulled;
	}
	return 0;
}

int cs_stats_reset(struct rte_eth_dev *dev)
{
	struct cs_dev *d = dev->data->dev_private;

	fetch(d);
	rte_spinlock_lock(&d->lock);
	d->base = d->chip.count;
	d->recoveries = 0;
	if (d->rxq)
		d->rxq->packets = d->rxq->bytes = d->rxq->nombuf = 0;
	if (d->txq) {
		d->txq->packets = d->txq->bytes = d->txq->errors = d->txq->starved = 0;
		d->txq->too_long = d->txq->too_short = d->txq->pulled = 0;
	}
	rte_spinlock_unlock(&d->lock);
	return 0;
}

#define NB_XSTATS (RTE_DIM(classes) + RTE_DIM(others))

int cs_xstats_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned n)
{
	(void)dev;
	for (unsigned i = 0; names && n >= NB_XSTATS && i < NB_XSTATS; i++)
		strlcpy(names[i].name,
			i < RTE_DIM(classes) ? classes[i].name : others[i - RTE_DIM(classes)],
			sizeof(names[i].name));
	return NB_XSTATS;
}

int cs_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *x, unsigned n)
{
	struct cs_dev *d = dev->data->dev_private;
	const struct cs_txq *t = d->txq;
	const uint64_t last[RTE_DIM(others)] = {d->recoveries, t ? t->starved : 0,
		t ? t->too_long : 0, t ? t->too_short : 0, t ? t->pulled : 0};

	if (x == NULL || n < NB_XSTATS)
		return NB_XSTATS;
	fetch(d);
	for (unsigned i = 0; i < NB_XSTATS; i++) {
		x[i].id = i;
		x[i].value = i < RTE_DIM(classes) ? since(d, classes[i].at)
						  : last[i - RTE_DIM(classes)];
	}
	return NB_XSTATS;
}
