/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A transmission ends: the frame, whole or cut off, comes out at the end of the wire; TxEvent says
 * how it went; its place in the buffer is free. Called by model_mac.c.
 */
#include "model_priv.h"

static void put_crc(struct cs8900a_wire_frame *f)
{
	uint32_t crc = ~csm_crc(f->data, f->len);

	for (unsigned i = 0; i < 4; i++)
		f->data[f->len++] = (uint8_t)(crc >> 8 * i);
	f->has_crc = true;
}

/* The head of the buffer as it is on the wire: padded with zeros, CRC appended unless inhibited. */
static void image(struct cs8900a_model *m, struct cs8900a_wire_frame *f)
{
	const struct csm_tx_frame *head = csm_tx_head(m);

	f->at_ns = m->now;
	f->bad_crc = f->dribble = f->has_crc = false;
	f->len = head->len;
	memcpy(f->data, head->data, head->len);
	if (!(head->cmd & CS_TXCMD_TXPADDIS) && f->len < 60) {
		memset(f->data + f->len, 0, 60 - f->len);
		f->len = 60;
	}
	if (!(head->cmd & CS_TXCMD_INHIBITCRC))
		put_crc(f);
}

static void out(struct cs8900a_model *m, const struct cs8900a_wire_frame *f)
{
	struct cs8900a_model *peer = csm_peer(m);

	bool loop = m->testctl & CS_TESTCTL_ENDECLOOP;

	if (peer)
		csm_rx_peer_end(peer, loop || !csm_plugged(m) || f->len < 8 ? NULL : f);
	if (loop ? csm_fdx(m) : csm_aui(m) && (m->testctl & CS_TESTCTL_AUILOOP))
		csm_rx_loop(m, f);
	if (!loop && !peer && csm_plugged(m) && m->wire->ops->send && f->len >= 8)
		m->wire->ops->send(m->wire, f);
}

static void ended(struct cs8900a_model *m)
{
	m->tx.last_end = m->now;
	m->tx.state = TX_IDLE;
	m->tx.forced = false;
	csm_tx_pop(m);
	csm_mac_kick(m);
}

static void heartbeat(struct cs8900a_model *m, uint16_t *event)
{
	if (m->tx.lost_carrier) {
		*event |= CS_TXEVENT_LOSS_OF_CRS;
		m->tdr = CSM_PREAMBLE_NS / CSM_BIT_NS;
	}
	if (csm_aui(m) && !csm_fdx(m) && !(m->testctl & CS_TESTCTL_ENDECLOOP)
		&& (m->tx.inject.sqe_error || !csm_plugged(m)))
		*event |= CS_TXEVENT_SQEERROR;
}

void csm_send_done(struct cs8900a_model *m)
{
	struct cs8900a_wire_frame f;
	uint16_t event = (uint16_t)(CS_TXEVENT_TXOK | m->tx.collisions
		<< CS_TXEVENT_COLLISIONS_SHIFT);

	image(m, &f);
	heartbeat(m, &event);
	m->txevent = event;
	m->stats.tx_frames++;
	m->stats.tx_bytes += f.len;
	out(m, &f);
	ended(m);
}

/* Cut off: what is out by now gets a wrong CRC. Event 0: TxEvent does not tell. */
void csm_send_cut(struct cs8900a_model *m, uint16_t event)
{
	struct cs8900a_wire_frame f;
	uint64_t t = m->now - m->tx.start_at;
	uint32_t n = t > CSM_PREAMBLE_NS ? (uint32_t)((t - CSM_PREAMBLE_NS) / CSM_BYTE_NS) : 0;

	image(m, &f);
	if (n < f.len)
		f.len = n;
	f.has_crc = f.bad_crc = true;
	if (event)
		m->txevent = event | (event & (CS_TXEVENT_COLLISIONS_MASK | CS_TXEVENT_16COLL) ? 0
			: (uint16_t)(m->tx.collisions << CS_TXEVENT_COLLISIONS_SHIFT));
	m->stats.tx_aborted++;
	out(m, &f);
	ended(m);
}
