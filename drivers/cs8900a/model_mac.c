/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The transmitter on the wire: it waits for silence and the gap, sends at 800 ns a byte, meets
 * collisions, jams, backs off, tries again. How a transmission ends is in model_send.c.
 *
 * The other end of a pair hears us, and we it, after the delay of the cable; whoever starts in
 * between collides.
 */
#include "model_priv.h"

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool csm_mac_carrier(const struct cs8900a_model *m)
{
	return m->tx.state == TX_SEND || m->tx.state == TX_JAM || m->tx.state == TX_JABBER;
}

static bool endec_loop(const struct cs8900a_model *m)
{
	return m->testctl & CS_TESTCTL_ENDECLOOP;
}

/* Does what we send reach the other end of a pair? */
static struct cs8900a_model *hearer(const struct cs8900a_model *m)
{
	struct cs8900a_model *peer = csm_peer(m);

	if (!peer || endec_loop(m) || !csm_plugged(m) || !csm_plugged(peer))
		return NULL;
	return peer;
}

static bool heard(const struct cs8900a_model *peer)
{
	return csm_mac_carrier(peer) && !endec_loop(peer);
}

static unsigned threshold(const struct csm_tx_frame *f)
{
	static const unsigned bytes[4] = { 5, 381, 1021, CSM_TX_ROOM };
	unsigned n = bytes[(f->cmd & CS_TXCMD_TXSTART_MASK) >> 6];

	return n < f->len ? n : f->len;
}

/* Bytes on the wire: padding and CRC included. */
static unsigned wire_len(const struct csm_tx_frame *f)
{
	unsigned n = f->len;

	if (!(f->cmd & CS_TXCMD_TXPADDIS) && n < 60)
		n = 60;
	return f->cmd & CS_TXCMD_INHIBITCRC ? n : n + 4;
}

void csm_mac_kick(struct cs8900a_model *m)
{
	const struct csm_tx_frame *f = csm_tx_head(m);

	if (m->tx.forced && (m->tx.state == TX_SEND || m->tx.state == TX_JABBER)
		&& m->tx.end_at > m->now + 64 * CSM_BIT_NS)
		m->tx.end_at = m->now + 64 * CSM_BIT_NS;
	if (m->tx.state != TX_IDLE || !f || m->tx.silent || f->written < threshold(f))
		return;
	m->tx.state = TX_WAIT;
	m->tx.attempt = m->tx.collisions = 0;
	m->tx.forced = m->tx.lost_carrier = false;
	m->tx.ready_at = m->now;
	m->tx.nb_frames++;
	csm_fault_at(m, AT_TX, m->tx.nb_frames);
	m->tx.inject = m->tx.next_inject;
	memset(&m->tx.next_inject, 0, sizeof(m->tx.next_inject));
}

static bool may_send(const struct cs8900a_model *m)
{
	if (m->tx.hung || !m->initd || !(m->linectl & CS_LINECTL_SERTXON)
		|| (m->selfctl & CS_SELFCTL_SWSUSPEND))
		return false;
	if (csm_aui(m) || endec_loop(m) || (m->testctl & CS_TESTCTL_DISABLELT))
		return true;
	return csm_plugged(m); /* no link, no blind transmission */
}

static uint64_t start_time(const struct cs8900a_model *m)
{
	const struct cs8900a_model *peer = hearer(m);
	uint64_t t = m->tx.ready_at, delay;

	if (m->tx.last_end)
		t = later(t, m->tx.last_end + CSM_GAP_NS);
	if (csm_fdx(m) || endec_loop(m))
		return t;
	if (m->rx.last_end)
		t = later(t, m->rx.last_end + CSM_GAP_NS);
	if (m->rx.active && !m->rx.from_peer)
		return CSM_NEVER;
	if (!peer)
		return t;
	delay = csm_pair_delay(m->wire);
	if (heard(peer)) {
		t = later(t, m->now);
		return t < peer->tx.start_at + delay ? t : CSM_NEVER;
	}
	if (peer->tx.last_end)
		t = later(t, peer->tx.last_end + delay + CSM_GAP_NS);
	return t;
}

/* When the bytes that the host has written are all out, and there should be more. */
static uint64_t underrun_time(struct cs8900a_model *m)
{
	const struct csm_tx_frame *f = csm_tx_head(m);
	unsigned n = f->written;

	if (m->tx.inject.underrun)
		n = n < 32 ? n : 32;
	else if (n >= f->len)
		return CSM_NEVER;
	return m->tx.start_at + CSM_PREAMBLE_NS + (uint64_t)n * CSM_BYTE_NS;
}

uint64_t csm_mac_next(struct cs8900a_model *m)
{
	uint64_t t;

	switch (m->tx.state) {
	case TX_IDLE:
		return CSM_NEVER;
	case TX_WAIT:
		return may_send(m) ? start_time(m) : CSM_NEVER;
	case TX_SEND:
		t = underrun_time(m);
		t = t < m->tx.end_at ? t : m->tx.end_at;
		return t < m->tx.collision_at ? t : m->tx.collision_at;
	case TX_JAM:
	case TX_JABBER:
		return m->tx.end_at;
	}
	return CSM_NEVER;
}

/* The script's collisions, and those of the internal collision test. */
static uint64_t made_up_collision(const struct cs8900a_model *m)
{
	if (endec_loop(m))
		return csm_fdx(m) ? CSM_NEVER : m->now + CSM_PREAMBLE_NS;
	if (m->tx.inject.late)
		return m->now + CSM_SLOT_NS + 10 * CSM_BIT_NS;
	if (m->tx.collisions < m->tx.inject.collisions)
		return m->now + CSM_PREAMBLE_NS;
	return CSM_NEVER;
}

static void meet_peer(struct cs8900a_model *m, struct cs8900a_model *peer)
{
	uint64_t delay = csm_pair_delay(m->wire);

	if (heard(peer)) {
		if (!csm_fdx(m))
			m->tx.collision_at = peer->tx.start_at + delay;
		if (!csm_fdx(peer) && peer->tx.state == TX_SEND
			&& m->now + delay < peer->tx.collision_at)
			peer->tx.collision_at = m->now + delay;
	}
	csm_rx_peer_start(peer);
}

static void start(struct cs8900a_model *m)
{
	struct cs8900a_model *peer = hearer(m);

	m->tx.state = TX_SEND;
	m->tx.attempt++;
	m->tx.start_at = m->now;
	m->tx.end_at = m->now + CSM_PREAMBLE_NS
		+ (uint64_t)wire_len(csm_tx_head(m)) * CSM_BYTE_NS;
	m->tx.collision_at = made_up_collision(m);
	m->last_was_tx = true;
	m->tx.lost_carrier = csm_aui(m) && !endec_loop(m)
		&& (!csm_plugged(m) || m->tx.inject.carrier_loss);
	if (!csm_fdx(m) && !endec_loop(m) && m->rx.active)
		csm_rx_cut(m);
	if (peer)
		meet_peer(m, peer);
	if (m->tx.inject.jabber) {
		m->tx.state = TX_JABBER;
		m->tx.end_at = m->now + CSM_JABBER_NS;
	}
}

static void collide(struct cs8900a_model *m)
{
	m->tx.collisions++;
	csm_count_collision(m);
	if (csm_aui(m))
		m->tdr = (m->now - m->tx.start_at) / CSM_BIT_NS & CS_COUNT_MASK;
	m->tx.state = TX_JAM;
	m->tx.end_at = later(m->now, m->tx.start_at + CSM_PREAMBLE_NS) + CSM_JAM_NS;
}

static uint64_t back_off(struct cs8900a_model *m)
{
	unsigned k = m->tx.attempt < 10 ? m->tx.attempt : 10;

	if (m->testctl & CS_TESTCTL_DISABLEBACKOFF)
		return 0;
	if ((m->linectl & CS_LINECTL_MODBACKOFFE) && k < 3)
		k = 3;
	return csm_random(m) % ((1u << k) + 1) * (uint64_t)CSM_SLOT_NS;
}

static void jammed(struct cs8900a_model *m)
{
	bool late = m->tx.collision_at - m->tx.start_at > CSM_SLOT_NS;

	if (late) {
		csm_send_cut(m, CS_TXEVENT_OUT_OF_WINDOW);
		return;
	}
	if (m->tx.forced) {
		csm_send_cut(m, 0);
		return;
	}
	if (csm_tx_head(m)->cmd & CS_TXCMD_ONECOLL) {
		csm_send_cut(m, (uint16_t)(1 << CS_TXEVENT_COLLISIONS_SHIFT));
		return;
	}
	if (m->tx.attempt == 16) {
		csm_send_cut(m, CS_TXEVENT_16COLL);
		return;
	}
	m->tx.last_end = m->now;
	if (csm_peer(m))
		csm_rx_peer_end(csm_peer(m), NULL);
	m->tx.state = TX_WAIT;
	m->tx.ready_at = m->now + back_off(m);
}

void csm_mac_step(struct cs8900a_model *m)
{
	switch (m->tx.state) {
	case TX_IDLE:
		return;
	case TX_WAIT:
		start(m);
		return;
	case TX_JAM:
		jammed(m);
		return;
	case TX_JABBER:
		m->tx.silent = !m->tx.forced;
		csm_send_cut(m, m->tx.forced ? 0 : CS_TXEVENT_JABBER);
		return;
	case TX_SEND:
		break;
	}
	if (m->tx.collision_at <= m->now) {
		collide(m);
	} else if (underrun_time(m) <= m->now) {
		m->bufevent |= CS_BUFEVENT_TXUNDERRUN;
		m->stats.tx_underruns++;
		csm_send_cut(m, 0);
	} else if (m->tx.forced) {
		csm_send_cut(m, 0);
	} else {
		csm_send_done(m);
	}
}

void csm_mac_abort(struct cs8900a_model *m)
{
	if (csm_mac_carrier(m)) {
		m->tx.last_end = m->now;
		if (csm_peer(m))
			csm_rx_peer_end(csm_peer(m), NULL);
	}
	m->tx.state = TX_IDLE;
	m->tx.forced = false;
}
