/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reset and self-initialisation: registers at their defaults, the configuration from the EEPROM,
 * INITD when the calibration is over. The individual address survives SelfCTL.RESET.
 */
#include "model_priv.h"

static void registers(struct cs8900a_model *m)
{
	m->ptr = CS_PTR_RESET;
	m->io_base = CS_RESET_IO_BASE;
	m->interrupt = CS_RESET_INTERRUPT;
	m->dma_channel = CS_RESET_DMA_CHANNEL;
	memset(m->mem_base, 0, sizeof(m->mem_base));
	memset(m->prom_base, 0, sizeof(m->prom_base));
	memset(m->prom_mask, 0, sizeof(m->prom_mask));
	m->rxcfg = m->rxctl = m->txcfg = m->bufcfg = 0;
	m->linectl = m->selfctl = m->busctl = m->testctl = 0;
	m->txevent = m->bufevent = m->tdr = m->rxmiss = m->txcol = 0;
	m->swint = m->miss_ovf = m->col_ovf = false;
	memset(m->laf, 0, sizeof(m->laf));
	m->read_addr = m->write_addr = 0xFFFF;
	m->pin = false;
	m->rest_until = 0;
}

void csm_reset(struct cs8900a_model *m)
{
	uint64_t load = (uint64_t)csm_ee_load_words(m) * m->conf.eeprom_ns;

	m->stats.resets++;
	csm_tx_drop_all(m);
	if (m->rx.active)
		m->rx.deaf = true;
	csm_ram_clear(m);
	csm_dma_reset(m);
	registers(m);
	m->tx.cmd = m->tx.len = 0;
	m->ee.command = m->ee.data = 0;
	m->ee.writable = false;
	m->ee.done_at = CSM_NEVER;
	m->eeprom_ok = false;
	m->initd = false;
	m->init_at = m->now + (load > m->conf.reset_ns ? load : m->conf.reset_ns);
}

void csm_power_up(struct cs8900a_model *m)
{
	memset(m->ia, 0, sizeof(m->ia));
	csm_reset(m);
	m->stats.resets--; /* of the host's there was none */
}

void csm_initialised(struct cs8900a_model *m)
{
	csm_ee_load(m);
	m->initd = true;
	csm_mac_kick(m);
}
