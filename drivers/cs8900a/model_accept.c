/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame has arrived: the address filter, its kind (good, bad CRC, runt, too long), whether RxCTL
 * wants that kind, room in the packet memory. What is refused or missed is counted, and reported
 * where RxCFG asks for it. Early in a frame: RxDest and Rx128.
 */
#include "model_priv.h"

#define KINDS (CS_RXEVENT_RXOK | CS_RXEVENT_CRCERROR | CS_RXEVENT_RUNT | CS_RXEVENT_EXTRADATA)
#define FRAGMENT 8 /* bytes below which nothing is ever reported */

static uint16_t kinds(const struct cs8900a_wire_frame *f)
{
	uint16_t v = 0;

	if (f->bad_crc)
		v |= CS_RXEVENT_CRCERROR;
	if (f->len < CS_FRAME_MIN_CRC)
		v |= CS_RXEVENT_RUNT;
	if (f->len > CS_FRAME_MAX_CRC)
		v |= CS_RXEVENT_EXTRADATA;
	return v ? v : CS_RXEVENT_RXOK;
}

static uint16_t status_of(const struct cs8900a_wire_frame *f, uint16_t kind, uint16_t why)
{
	if (!(kind & CS_RXEVENT_RXOK))
		why &= CS_RXEVENT_HASHED | CS_RXEVENT_IAHASH;
	if (f->dribble)
		why |= CS_RXEVENT_DRIBBLE;
	return kind | why;
}

/* RxLength: the CRC is kept only with BufferCRC, and of a long frame the first 1518 bytes. */
static uint16_t length_of(const struct cs8900a_model *m, uint32_t len)
{
	if (len > CS_FRAME_MAX_CRC)
		return CS_FRAME_MAX_CRC;
	return (uint16_t)(m->rxcfg & CS_RXCFG_BUFFERCRC ? len : len - 4);
}

static void refuse(struct cs8900a_model *m, uint16_t kind, uint16_t status, uint16_t len)
{
	m->stats.rx_refused++;
	if (m->rx.host_early) {
		csm_ram_push(m, status, len, true);
		return;
	}
	csm_ram_unstore(m);
	if ((kind & m->rxcfg & KINDS) && csm_ram_store(m, NULL, 0))
		csm_ram_push(m, status, 0, false);
}

static void miss(struct cs8900a_model *m)
{
	csm_ram_unstore(m);
	csm_count_miss(m);
}

void csm_accept(struct cs8900a_model *m, const struct cs8900a_wire_frame *f)
{
	uint16_t why, kind = kinds(f), status, len;

	m->bufevent &= ~(CS_BUFEVENT_RXDEST | CS_BUFEVENT_RX128);
	m->stats.rx_frames++;
	m->stats.rx_bytes += f->len;
	if (f->len < FRAGMENT) {
		m->stats.rx_fragments++;
		csm_ram_unstore(m);
		return;
	}
	if (!csm_filter(m, f->data, &why)) {
		m->stats.rx_filtered++;
		csm_ram_unstore(m);
		return;
	}
	status = status_of(f, kind, why);
	len = length_of(m, f->len);
	m->rx.counter = len;
	if (!m->rx.host_early && !(kind & m->rxctl & KINDS)) {
		refuse(m, kind, status, len);
		return;
	}
	if (!m->rx.host_early && csm_dma_wanted(m, len)) {
		csm_ram_unstore(m);
		if (m->conf.dma && m->dma_channel != CS_DMA_CHANNEL_NONE)
			csm_dma_frame(m, status, f->data, len);
		else
			csm_count_miss(m);
		return;
	}
	if (!csm_ram_store(m, f->data, len)) {
		miss(m);
		return;
	}
	if (!(kind & m->rxctl & KINDS)) {
		refuse(m, kind, status, len);
		return;
	}
	m->stats.rx_accepted++;
	csm_ram_push(m, status, len, true);
}

/* What has come so far, of whoever sends it. */
static const uint8_t *arriving(struct cs8900a_model *m)
{
	struct cs8900a_model *peer = csm_peer(m);

	if (!m->rx.from_peer)
		return m->rx.frame.data;
	return peer && csm_tx_head(peer) ? csm_tx_head(peer)->data : NULL;
}

/* The packet memory follows what arrives. */
void csm_rx_grow(struct cs8900a_model *m)
{
	const uint8_t *data = arriving(m);
	uint32_t n = csm_rx_arrived(m);

	if (data && m->rx.active && !m->rx.deaf)
		csm_ram_store(m, data, n < CS_FRAME_MAX_CRC ? n : CS_FRAME_MAX_CRC);
}

/* Six bytes are in, or 128. Nothing is told early while a whole frame waits to be read. */
void csm_rx_early(struct cs8900a_model *m)
{
	const uint8_t *data = arriving(m);
	uint32_t n = csm_rx_arrived(m);
	uint16_t why;

	if (!data || n < 6)
		return;
	m->rx.dest_passed = csm_filter(m, data, &why);
	if (!m->rx.dest_passed)
		return;
	csm_rx_grow(m);
	if (m->rx.count)
		return;
	if (!m->rx.rx128_done) {
		m->bufevent |= CS_BUFEVENT_RXDEST;
	} else if (n >= 128) {
		m->bufevent &= ~CS_BUFEVENT_RXDEST;
		m->bufevent |= CS_BUFEVENT_RX128;
	}
}
