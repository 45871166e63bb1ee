/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slave DMA of received frames into the host's ring of 16 or 64 KB: RxStatus, RxLength, data, each
 * frame from a double word on. RxDMAonly: all of them; AutoRxDMAE: those that the packet memory has
 * no room for.
 */
#include "model_priv.h"

static uint32_t ring_size(const struct cs8900a_model *m)
{
	return m->busctl & CS_BUSCTL_RXDMASIZE ? 65536 : 16384;
}

bool csm_dma_wanted(const struct cs8900a_model *m, uint32_t len)
{
	if (m->rxcfg & CS_RXCFG_RXDMAONLY)
		return true;
	return (m->rxcfg & CS_RXCFG_AUTORXDMAE) && csm_ram_free(m) + m->rx.in.room < len + 6;
}

static void put(struct cs8900a_model *m, const uint8_t *data, uint32_t len)
{
	uint32_t n, size = ring_size(m);

	while (len) {
		n = size - m->dma.offset;
		if (n > len)
			n = len;
		m->conf.dma(m->conf.dma_arg, m->dma_channel, m->dma.offset, data, n);
		m->dma.offset = (m->dma.offset + n) % size;
		data += n;
		len -= n;
	}
}

void csm_dma_frame(struct cs8900a_model *m, uint16_t status, const uint8_t *data, uint16_t len)
{
	uint8_t header[4] = {
		(uint8_t)(status | CS_REGNO_RXEVENT), (uint8_t)(status >> 8), (uint8_t)len,
		(uint8_t)(len >> 8),
	};
	uint32_t size = ring_size(m);

	m->dma.offset %= size; /* RxDMAsize may have changed */
	m->dma.start = m->dma.offset;
	put(m, header, sizeof(header));
	put(m, data, len);
	m->dma.offset = (m->dma.offset + 3) / 4 * 4 % size;
	m->dma.frames = (m->dma.frames + 1) & CS_DMA_FRAME_COUNT_MASK;
	m->dma.bytes += 4u + len;
	m->dma.waiting = true;
	m->stats.rx_accepted++;
}

uint16_t csm_dma_frames_read(struct cs8900a_model *m)
{
	uint16_t n = (uint16_t)m->dma.frames;

	m->stats.rx_read += n;
	m->dma.frames = 0;
	m->dma.waiting = false;
	return n;
}

uint16_t csm_dma_bytes_read(struct cs8900a_model *m)
{
	uint16_t n = (uint16_t)m->dma.bytes;

	m->dma.bytes = 0;
	return n;
}

void csm_dma_reset(struct cs8900a_model *m)
{
	memset(&m->dma, 0, sizeof(m->dma));
}
