/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's half of transmission: TxCMD and TxLength make a bid for packet memory, Rdy4TxNOW
 * grants it, the data fills it. model_mac.c takes over once as much is there as TxStart wants.
 */
#include "model_priv.h"

#define TXCMD_BITS                                                                                 \
	(CS_TXCMD_TXSTART_MASK | CS_TXCMD_FORCE | CS_TXCMD_ONECOLL | CS_TXCMD_INHIBITCRC           \
		| CS_TXCMD_TXPADDIS)

static struct csm_tx_frame *slot(struct cs8900a_model *m, unsigned i)
{
	return &m->tx.frame[(m->tx.head + i) % CS8900A_MODEL_TX_FRAMES];
}

struct csm_tx_frame *csm_tx_head(struct cs8900a_model *m)
{
	return m->tx.count ? slot(m, 0) : NULL;
}

static struct csm_tx_frame *present(struct cs8900a_model *m)
{
	return slot(m, m->tx.count - 1);
}

uint32_t csm_tx_used(const struct cs8900a_model *m)
{
	uint32_t used = 0;

	for (unsigned i = 0; i < m->tx.count; i++)
		used += m->tx.frame[(m->tx.head + i) % CS8900A_MODEL_TX_FRAMES].room;
	return used;
}

/* Where port 0 writes next. */
unsigned csm_tx_cursor(const struct cs8900a_model *m)
{
	if (m->tx.bid != BID_GRANTED)
		return 0;
	return m->tx.frame[(m->tx.head + m->tx.count - 1) % CS8900A_MODEL_TX_FRAMES].written;
}

static bool on_wire(const struct cs8900a_model *m)
{
	return m->tx.state == TX_SEND || m->tx.state == TX_JAM || m->tx.state == TX_JABBER;
}

/* The head leaves the buffer, sent or not. */
void csm_tx_pop(struct cs8900a_model *m)
{
	if (m->tx.count == 1)
		m->tx.bid = m->tx.bid == BID_GRANTED ? BID_NONE : m->tx.bid;
	m->tx.head = (m->tx.head + 1) % CS8900A_MODEL_TX_FRAMES;
	m->tx.count--;
	csm_tx_retry(m);
}

/* The newest leaves the buffer, of which nothing went out. */
static void drop_newest(struct cs8900a_model *m)
{
	m->tx.count--;
	m->stats.tx_aborted++;
	if (!m->tx.count)
		m->tx.state = TX_IDLE;
}

void csm_tx_drop_all(struct cs8900a_model *m)
{
	csm_mac_abort(m);
	while (m->tx.count)
		drop_newest(m);
	m->tx.bid = BID_NONE;
	m->tx.bid_error = m->tx.silent = m->tx.hung = false;
}

/* A bid that was not used up is lost; one whose frame is on the wire already will underrun. */
static void cancel_bid(struct cs8900a_model *m)
{
	if (m->tx.bid == BID_GRANTED && !(m->tx.count == 1 && on_wire(m)))
		drop_newest(m);
	m->tx.bid = BID_NONE;
	m->tx.bid_error = false;
}

static void force(struct cs8900a_model *m)
{
	unsigned keep = on_wire(m) ? 1 : 0;

	while (m->tx.count > keep)
		drop_newest(m);
	if (keep)
		m->tx.forced = true;
}

void csm_tx_cmd(struct cs8900a_model *m, uint16_t cmd)
{
	cancel_bid(m);
	m->tx.cmd = cmd & TXCMD_BITS;
	m->tx.silent = false;
	if (cmd & CS_TXCMD_FORCE)
		force(m);
	csm_mac_kick(m);
}

static bool grant(struct cs8900a_model *m)
{
	uint16_t room = (m->tx.len + 1) & ~1;
	struct csm_tx_frame *f;

	if (m->tx.count >= m->conf.tx_frames || csm_ram_free(m) < room)
		return false;
	f = slot(m, m->tx.count++);
	memset(f, 0, sizeof(*f));
	f->cmd = m->tx.cmd;
	f->len = m->tx.len;
	f->room = room;
	m->tx.bid = BID_GRANTED;
	return true;
}

void csm_tx_length(struct cs8900a_model *m, uint16_t len)
{
	unsigned most = m->tx.cmd & CS_TXCMD_INHIBITCRC ? CS_TX_LEN_MAX_CRC : CS_TX_LEN_MAX;

	cancel_bid(m);
	m->tx.len = len;
	if (len > most) {
		m->tx.bid_error = true;
		return;
	}
	if (len < CS_TX_LEN_MIN)
		return;
	m->tx.bid = BID_WAITS;
	grant(m);
}

void csm_tx_retry(struct cs8900a_model *m)
{
	if (m->tx.bid == BID_WAITS && grant(m))
		m->bufevent |= CS_BUFEVENT_RDY4TX;
}

uint16_t csm_busst(const struct cs8900a_model *m)
{
	uint16_t v = CS_REGNO_BUSST;

	if (m->tx.bid_error)
		v |= CS_BUSST_TXBIDERR;
	if (m->tx.bid == BID_GRANTED)
		v |= CS_BUSST_RDY4TXNOW;
	return v;
}

/* What is beyond TxLength, as the high byte of an odd frame's last word, is ignored. */
void csm_tx_data(struct cs8900a_model *m, unsigned off, const uint8_t *data, unsigned n)
{
	struct csm_tx_frame *f;

	if (m->tx.bid != BID_GRANTED) {
		m->stats.early_data++;
		return;
	}
	f = present(m);
	for (unsigned i = off; i < off + n && i < f->len; i++) {
		f->data[i] = data[i - off];
		f->there[i] = true;
	}
	while (f->written < f->len && f->there[f->written])
		f->written++;
	if (f->written == f->len)
		m->tx.bid = BID_NONE;
	csm_mac_kick(m);
}
