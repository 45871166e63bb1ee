/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * News that a burst comes upon (the link changed, the card was pulled, the transmitter hangs) is
 * carried to EAL's interrupt thread, where applications expect their callbacks, and where the reset
 * of a chip may take its time.
 */
#include <errno.h>

#include <rte_alarm.h>

#include "pmd.h"

int cs_link_store(struct rte_eth_dev *dev)
{
	const struct cs_dev *d = dev->data->dev_private;
	const bool up = d->started && !d->dead && !d->down && d->link != CS_LINK_DOWN;
	const struct rte_eth_link link = {
		.link_speed = up ? RTE_ETH_SPEED_NUM_10M : RTE_ETH_SPEED_NUM_NONE,
		.link_duplex = d->conf.full_duplex ? RTE_ETH_LINK_FULL_DUPLEX
						   : RTE_ETH_LINK_HALF_DUPLEX,
		.link_autoneg = RTE_ETH_LINK_FIXED,
		.link_status = up ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN,
	};

	return rte_eth_linkstatus_set(dev, &link);
}

/* The chip is reset and programmed as it was; what waits to be sent still waits. */
static void recover(struct cs_dev *d, const char *from)
{
	struct cs_why why;

	if (!d->started || cs_dev_enter(d) < 0)
		return;
	CS_LOG(WARNING, "%s: %s; the chip is set up anew", d->bus->name, from);
	d->recoveries++;
	if (cs_dev_program(d, &why) < 0) {
		CS_LOG(ERR, "%s; the port is disabled", why.text);
		d->chip.gone = true;
	}
	cs_dev_leave(d);
}

static void deliver(void *arg)
{
	struct cs_dev *d = arg;
	struct rte_eth_dev *dev = &rte_eth_devices[d->port];
	const uint32_t what = atomic_exchange(&d->news, 0);

	if (what & CS_NEWS_HUNG)
		recover(d, "the transmitter hangs");
	else if (what & CS_NEWS_RESET)
		recover(d, "the chip has forgotten its settings");
	if (what & (CS_NEWS_LINK | CS_NEWS_GONE) && cs_link_store(dev) == 0)
		rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_LSC, NULL);
	/* Last: the application may close the device in here. */
	if (what & CS_NEWS_GONE) {
		CS_LOG(ERR, "%s does not answer any more; the port is disabled", d->bus->name);
		rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_RMV, NULL);
	}
}

void cs_news(struct cs_dev *d, uint32_t what)
{
	if (atomic_fetch_or(&d->news, what) == 0 && rte_eal_alarm_set(1, deliver, d) < 0) {
		atomic_store(&d->news, 0);
		CS_LOG(ERR, "%s: news cannot be delivered: no memory", d->bus->name);
	}
}

void cs_news_cancel(struct cs_dev *d)
{
	rte_eal_alarm_cancel(deliver, d);
	atomic_store(&d->news, 0);
}
