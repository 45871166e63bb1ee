/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is new at the chip, by one of two ways. POLL_EVENT reads RxEvent and TxEvent themselves, no
 * interrupt enabled. POLL_ISQ enables the events, though no pin, and reads the queue of them: one
 * access to a port where the other takes two. Reading clears, in both. Called by every burst.
 */
#include <errno.h>

#include "chip.h"

#define ISQ_DRAIN 8 /* reports taken at once: each kind may be there, and some twice */

void cs_events_setup(struct cs_chip *c)
{
	c->rxcfg = CS_RXCFG_CRCERRORIE | CS_RXCFG_RUNTIE | CS_RXCFG_EXTRADATAIE;
	if (c->poll == CS_POLL_ISQ) {
		c->rxcfg |= CS_RXCFG_RXOKIE;
		cs_page_write(c, CS_PP_TXCFG,
			CS_TXCFG_TXOKIE | CS_TXCFG_OUT_OF_WINDOWIE | CS_TXCFG_JABBERIE |
				CS_TXCFG_16COLLIE | CS_TXCFG_LOSS_OF_CRSIE | CS_TXCFG_SQERRORIE);
		cs_page_write(c, CS_PP_BUFCFG,
			CS_BUFCFG_TXUNDERRUNIE | CS_BUFCFG_TXCOLOVFIE | CS_BUFCFG_MISSOVFLOIE);
	} else {
		cs_page_write(c, CS_PP_TXCFG, 0);
		cs_page_write(c, CS_PP_BUFCFG, 0);
	}
	cs_page_write(c, CS_PP_RXCFG, c->rxcfg);
}

static unsigned count_of(uint16_t word)
{
	return word >> CS_COUNT_SHIFT & CS_COUNT_MASK;
}

/* Takes reports until one is of a received frame: that must be read before the queue goes on. */
static void drain(struct cs_chip *c)
{
	for (unsigned i = 0; i < ISQ_DRAIN && c->rx_event == 0; i++) {
		uint16_t w = cs_bus_has_ports(c->bus) ? c->bus->ops->in16(c->bus, CS_IO_ISQ)
						      : cs_page_read(c, CS_PP_ISQ);
		if (w == 0)
			return;
		switch (w & CS_REGNO_MASK) {
		case CS_REGNO_RXEVENT:
			c->rx_event = w;
			break;
		case CS_REGNO_TXEVENT:
			c->tx_event = w;
			break;
		case CS_REGNO_BUFEVENT:
			c->last_buf_event = w;
			if (w & CS_BUFEVENT_TXUNDERRUN)
				c->tx_event = w;
			break;
		case CS_REGNO_RXMISS:
			c->count.rx_missed += count_of(w);
			break;
		case CS_REGNO_TXCOL:
			c->count.tx_collisions += count_of(w);
			break;
		default:
			c->count.garbage++;
			cs_chip_present(c);
			return;
		}
	}
}

/* An event register itself; 0: nothing in it. */
static uint16_t direct(struct cs_chip *c, unsigned addr)
{
	uint16_t v;

	return cs_status_read(c, addr, &v) && v & CS_CONTENT_MASK ? v : 0;
}

/* With RxOK the upper bits may be a hash index; only without are they errors. */
static void count_rx(struct cs_chip *c, uint16_t ev)
{
	struct cs_counts *n = &c->count;

	c->last_rx_event = ev;
	if (ev & CS_RXEVENT_DRIBBLE)
		n->rx_dribble++;
	if (ev & CS_RXEVENT_RXOK)
		return;
	n->rx_bad++;
	if (ev & CS_RXEVENT_RUNT)
		n->rx_runt++;
	else if (ev & CS_RXEVENT_EXTRADATA)
		n->rx_extra++;
	else if (ev & CS_RXEVENT_CRCERROR)
		n->rx_crc++;
}

uint16_t cs_rx_event(struct cs_chip *c)
{
	uint16_t ev;

	if (c->gone)
		return 0;
	if (c->poll == CS_POLL_ISQ) {
		drain(c);
		ev = c->rx_event;
		c->rx_event = 0;
	} else {
		ev = direct(c, CS_PP_RXEVENT);
	}
	if (ev && !c->gone)
		count_rx(c, ev);
	return c->gone ? 0 : ev;
}

/* The start threshold goes up where the host was too slow for it: at the third and sixth time. */
static void underrun(struct cs_chip *c)
{
	c->count.tx_underrun++;
	c->underruns++;
	if (c->underruns == 3 && c->txstart == CS_TXCMD_TXSTART_5)
		c->txstart = CS_TXCMD_TXSTART_381;
	else if (c->underruns % 3 == 0)
		c->txstart = CS_TXCMD_TXSTART_ALL;
	direct(c, CS_PP_TXEVENT); /* whatever it says is of the same frame */
}

static void count_tx(struct cs_chip *c, uint16_t ev)
{
	struct cs_counts *n = &c->count;

	c->last_tx_event = ev;
	if (cs_tx_is_underrun(ev)) {
		underrun(c);
		return;
	}
	if (ev & CS_TXEVENT_TXOK)
		n->tx_ok++;
	else if (ev & CS_TXEVENT_OUT_OF_WINDOW)
		n->tx_out_of_window++;
	else if (ev & CS_TXEVENT_JABBER)
		n->tx_jabber++;
	else if (ev & CS_TXEVENT_16COLL)
		n->tx_16coll++;
	else
		n->tx_unknown++;
	if (ev & CS_TXEVENT_LOSS_OF_CRS)
		n->tx_loss_of_crs++;
	if (ev & CS_TXEVENT_SQEERROR)
		n->tx_sqe++;
	if (ev & CS_TXEVENT_TXOK && ev & CS_TXEVENT_COLLISIONS_MASK)
		n->tx_collided++;
}

uint16_t cs_tx_event(struct cs_chip *c, bool late)
{
	uint16_t ev = 0;

	if (c->gone)
		return 0;
	if (c->poll == CS_POLL_ISQ && c->tx_event == 0)
		drain(c);
	if (c->poll == CS_POLL_ISQ) {
		ev = c->tx_event;
		c->tx_event = 0;
	}
	/* The queue stands still while a received frame waits: then the register is asked. */
	if (ev == 0 && (c->poll == CS_POLL_EVENT || c->rx_event))
		ev = direct(c, CS_PP_TXEVENT);
	if (ev == 0 && (late || (c->poll == CS_POLL_EVENT && c->txstart != CS_TXCMD_TXSTART_ALL))) {
		ev = direct(c, CS_PP_BUFEVENT);
		c->last_buf_event = ev;
		if (!(ev & CS_BUFEVENT_TXUNDERRUN))
			ev = 0;
	}
	if (c->gone)
		return 0;
	if (ev)
		count_tx(c, ev);
	return ev;
}

void cs_counters(struct cs_chip *c)
{
	uint16_t v;

	if (!c->gone && cs_status_read(c, CS_PP_RXMISS, &v))
		c->count.rx_missed += count_of(v);
	if (!c->gone && cs_status_read(c, CS_PP_TXCOL, &v))
		c->count.tx_collisions += count_of(v);
}
