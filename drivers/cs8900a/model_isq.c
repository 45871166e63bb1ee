/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event registers and counters, which reading clears; the Interrupt Status Queue, which reports them
 * one by one (RxEvent, TxEvent, BufEvent, RxMISS, TxCOL); and the interrupt pin.
 */
#include "model_priv.h"

#define RX_KINDS (CS_RXEVENT_RXOK | CS_RXEVENT_CRCERROR | CS_RXEVENT_RUNT | CS_RXEVENT_EXTRADATA)
#define TX_SAME_BITS                                                                               \
	(CS_TXEVENT_LOSS_OF_CRS | CS_TXEVENT_SQEERROR | CS_TXEVENT_TXOK | CS_TXEVENT_OUT_OF_WINDOW \
		| CS_TXEVENT_JABBER | CS_TXEVENT_16COLL)
#define BUF_SAME_BITS                                                                              \
	(CS_BUFEVENT_RXDMAFRAME | CS_BUFEVENT_RDY4TX | CS_BUFEVENT_TXUNDERRUN | CS_BUFEVENT_RXMISS \
		| CS_BUFEVENT_RX128 | CS_BUFEVENT_RXDEST)

/* Of a hashed good frame the bits F-A are no kinds but the hash index. */
static uint16_t kinds(uint16_t status)
{
	if (status & CS_RXEVENT_RXOK)
		return CS_RXEVENT_RXOK;
	return status & RX_KINDS;
}

static bool rx_reports(const struct cs8900a_model *m)
{
	const struct csm_rx_entry *e = csm_ram_unreported((struct cs8900a_model *)m);

	return e && (kinds(e->status) & m->rxcfg);
}

static bool tx_reports(const struct cs8900a_model *m)
{
	if (m->txevent & m->txcfg & TX_SAME_BITS)
		return true;
	return (m->txevent & (CS_TXEVENT_COLLISIONS_MASK | CS_TXEVENT_16COLL))
		&& (m->txcfg & CS_TXCFG_ANYCOLLIE);
}

static uint16_t bufevent(const struct cs8900a_model *m)
{
	return m->bufevent | (m->dma.frames ? CS_BUFEVENT_RXDMAFRAME : 0);
}

/* A DMA frame is reported once; its bit stays until the frame count was read. */
static bool buf_reports(const struct cs8900a_model *m)
{
	uint16_t bits = m->bufevent | (m->dma.waiting ? CS_BUFEVENT_RXDMAFRAME : 0);

	return m->swint || (bits & m->bufcfg & BUF_SAME_BITS);
}

bool csm_interrupts(const struct cs8900a_model *m)
{
	return rx_reports(m) || tx_reports(m) || buf_reports(m) || m->miss_ovf || m->col_ovf;
}

void csm_pin_update(struct cs8900a_model *m)
{
	if (!(m->busctl & CS_BUSCTL_ENABLEIRQ) || (m->interrupt & CS_INTERRUPT_NONE) || m->pulled)
		m->pin = false;
	else if (!m->pin)
		m->pin = m->now >= m->rest_until && csm_interrupts(m);
}

uint16_t csm_rxevent_read(struct cs8900a_model *m)
{
	const struct csm_rx_entry *e = csm_ram_unreported(m);
	uint16_t v = CS_REGNO_RXEVENT;

	if (e) {
		v |= e->status;
		csm_ram_report(m);
	}
	return v;
}

uint16_t csm_txevent_read(struct cs8900a_model *m)
{
	uint16_t v = m->txevent | CS_REGNO_TXEVENT;

	m->txevent = 0;
	return v;
}

/* Reading it while RxDest or Rx128 is set hands the arriving frame to the host. */
uint16_t csm_bufevent_read(struct cs8900a_model *m)
{
	uint16_t v = bufevent(m) | CS_REGNO_BUFEVENT;

	if ((v & (CS_BUFEVENT_RXDEST | CS_BUFEVENT_RX128)) && m->rx.active && !m->rx.host_early) {
		m->rx.host_early = true;
		m->rx.cursor = 0;
		m->rx.half = 0;
	}
	m->bufevent = 0;
	m->swint = m->dma.waiting = false;
	return v;
}

uint16_t csm_rxmiss_read(struct cs8900a_model *m)
{
	uint16_t v = (uint16_t)(m->rxmiss << CS_COUNT_SHIFT | CS_REGNO_RXMISS);

	m->rxmiss = 0;
	m->miss_ovf = false;
	return v;
}

uint16_t csm_txcol_read(struct cs8900a_model *m)
{
	uint16_t v = (uint16_t)(m->txcol << CS_COUNT_SHIFT | CS_REGNO_TXCOL);

	m->txcol = 0;
	m->col_ovf = false;
	return v;
}

uint16_t csm_isq_read(struct cs8900a_model *m)
{
	if (rx_reports(m))
		return csm_rxevent_read(m);
	if (tx_reports(m))
		return csm_txevent_read(m);
	if (buf_reports(m))
		return csm_bufevent_read(m);
	if (m->miss_ovf)
		return csm_rxmiss_read(m);
	if (m->col_ovf)
		return csm_txcol_read(m);
	m->pin = false;
	m->rest_until = m->now + CSM_ISQ_REST_NS;
	return CS_RESET_ISQ;
}

void csm_count_miss(struct cs8900a_model *m)
{
	m->stats.rx_missed++;
	m->bufevent |= CS_BUFEVENT_RXMISS;
	m->rxmiss = (m->rxmiss + 1) & CS_COUNT_MASK;
	if (m->rxmiss == CS_COUNT_INTERRUPT && (m->bufcfg & CS_BUFCFG_MISSOVFLOIE))
		m->miss_ovf = true;
}

void csm_count_collision(struct cs8900a_model *m)
{
	m->stats.tx_collisions++;
	m->txcol = (m->txcol + 1) & CS_COUNT_MASK;
	if (m->txcol == CS_COUNT_INTERRUPT && (m->bufcfg & CS_BUFCFG_TXCOLOVFIE))
		m->col_ovf = true;
}
