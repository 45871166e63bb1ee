/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PacketPage memory: which register is at an address, what reading and writing it does. Reached by
 * the pointer port and by the memory window alike. Where nothing is, 0300h is read, as was seen on
 * a chip, and a write is lost and counted.
 */
#include "model_priv.h"

#define HOLE 0x0300
#define NO_ADDR 0xFFFFu

static uint16_t tagged(uint16_t content, unsigned number)
{
	return (uint16_t)((content & CS_CONTENT_MASK) | number);
}

static uint16_t bytes_word(const uint8_t *bytes, unsigned at)
{
	return (uint16_t)(bytes[at] | bytes[at + 1] << 8);
}

static uint16_t hole(struct cs8900a_model *m)
{
	m->stats.reserved++;
	return HOLE;
}

static uint16_t bus_read(struct cs8900a_model *m, unsigned addr)
{
	switch (addr) {
	case CS_PP_EISA_ID:
		return CS_EISA_ID;
	case CS_PP_PRODUCT_ID:
		return m->conf.product;
	case CS_PP_IO_BASE:
		return m->io_base;
	case CS_PP_INTERRUPT:
		return m->interrupt;
	case CS_PP_DMA_CHANNEL:
		return m->dma_channel;
	case CS_PP_DMA_START_OF_FRAME:
		return (uint16_t)m->dma.start;
	case CS_PP_DMA_FRAME_COUNT:
		return csm_dma_frames_read(m);
	case CS_PP_RXDMA_BYTE_COUNT:
		return csm_dma_bytes_read(m);
	case CS_PP_MEM_BASE:
	case CS_PP_MEM_BASE + 2:
		return m->mem_base[(addr - CS_PP_MEM_BASE) / 2];
	case CS_PP_BOOT_PROM_BASE:
	case CS_PP_BOOT_PROM_BASE + 2:
		return m->prom_base[(addr - CS_PP_BOOT_PROM_BASE) / 2];
	case CS_PP_BOOT_PROM_MASK:
	case CS_PP_BOOT_PROM_MASK + 2:
		return m->prom_mask[(addr - CS_PP_BOOT_PROM_MASK) / 2];
	case CS_PP_EEPROM_COMMAND:
		return m->ee.command;
	case CS_PP_EEPROM_DATA:
		return m->ee.data;
	case CS_PP_RX_BYTE_COUNTER:
		return csm_rx_counter(m);
	}
	return hole(m);
}

static uint16_t control_read(struct cs8900a_model *m, unsigned addr)
{
	switch (addr) {
	case CS_PP_RXCFG:
		return tagged(m->rxcfg, CS_REGNO_RXCFG);
	case CS_PP_RXCTL:
		return tagged(m->rxctl, CS_REGNO_RXCTL);
	case CS_PP_TXCFG:
		return tagged(m->txcfg, CS_REGNO_TXCFG);
	case CS_PP_TXCMD_COPY:
		return tagged(m->tx.cmd, CS_REGNO_TXCMD);
	case CS_PP_BUFCFG:
		return tagged(m->bufcfg, CS_REGNO_BUFCFG);
	case CS_PP_LINECTL:
		return tagged(m->linectl, CS_REGNO_LINECTL);
	case CS_PP_SELFCTL:
		return tagged(m->selfctl, CS_REGNO_SELFCTL);
	case CS_PP_BUSCTL:
		return tagged(m->busctl, CS_REGNO_BUSCTL);
	case CS_PP_TESTCTL:
		return tagged(m->testctl, CS_REGNO_TESTCTL);
	}
	return hole(m);
}

static uint16_t status_read(struct cs8900a_model *m, unsigned addr)
{
	uint16_t v;

	switch (addr) {
	case CS_PP_ISQ:
		return csm_isq_read(m);
	case CS_PP_RXEVENT:
		return csm_rxevent_read(m);
	case CS_PP_TXEVENT:
		return csm_txevent_read(m);
	case CS_PP_BUFEVENT:
		return csm_bufevent_read(m);
	case CS_PP_RXMISS:
		return csm_rxmiss_read(m);
	case CS_PP_TXCOL:
		return csm_txcol_read(m);
	case CS_PP_LINEST:
		return csm_linest(m);
	case CS_PP_SELFST:
		return csm_selfst(m);
	case CS_PP_BUSST:
		return csm_busst(m);
	case CS_PP_TDR:
		v = (uint16_t)(m->tdr << CS_COUNT_SHIFT | CS_REGNO_TDR);
		m->tdr = 0;
		return v;
	}
	return hole(m);
}

uint16_t csm_pp_read(struct cs8900a_model *m, unsigned addr)
{
	m->read_addr = NO_ADDR;
	if (addr < 0x100)
		return bus_read(m, addr);
	if (addr < 0x120)
		return control_read(m, addr);
	if (addr < 0x140)
		return status_read(m, addr);
	if (addr >= CS_PP_LAF && addr < CS_PP_LAF + sizeof(m->laf))
		return bytes_word(m->laf, addr - CS_PP_LAF);
	if (addr >= CS_PP_IA && addr < CS_PP_IA + sizeof(m->ia))
		return bytes_word(m->ia, addr - CS_PP_IA);
	if (addr >= CS_PP_RXSTATUS && addr < CS_PP_TXFRAME)
		return csm_ram_window(m, addr - CS_PP_RXSTATUS);
	return hole(m);
}

/* A byte of a register that reading clears comes with the other one, which waits to be read. */
uint8_t csm_pp_read8(struct cs8900a_model *m, unsigned addr)
{
	unsigned shift = 8 * (addr & 1);

	if (addr >= CS_PP_RXSTATUS && addr < CS_PP_TXFRAME)
		return csm_ram_window8(m, addr - CS_PP_RXSTATUS);
	if (m->read_addr == addr) {
		m->read_addr = NO_ADDR;
		return (uint8_t)(m->read_word >> shift);
	}
	m->read_word = csm_pp_read(m, addr & ~1u);
	if (addr >= CS_PP_ISQ && addr < CS_PP_ISQ + 0x20)
		m->read_addr = addr ^ 1;
	return (uint8_t)(m->read_word >> shift);
}

static void bus_write(struct cs8900a_model *m, unsigned addr, uint16_t v)
{
	switch (addr) {
	case CS_PP_IO_BASE:
		m->io_base = v;
		return;
	case CS_PP_INTERRUPT:
		m->interrupt = v & CS_INTERRUPT_MASK;
		return;
	case CS_PP_DMA_CHANNEL:
		m->dma_channel = v & CS_DMA_CHANNEL_MASK;
		return;
	case CS_PP_MEM_BASE:
		m->mem_base[0] = v & 0xF000;
		return;
	case CS_PP_MEM_BASE + 2:
		m->mem_base[1] = v & 0x000F;
		return;
	case CS_PP_BOOT_PROM_BASE:
		m->prom_base[0] = v;
		return;
	case CS_PP_BOOT_PROM_BASE + 2:
		m->prom_base[1] = v & 0x000F;
		return;
	case CS_PP_BOOT_PROM_MASK:
		m->prom_mask[0] = v;
		return;
	case CS_PP_BOOT_PROM_MASK + 2:
		m->prom_mask[1] = v & 0x000F;
		return;
	case CS_PP_EEPROM_COMMAND:
		csm_ee_command(m, v);
		return;
	case CS_PP_EEPROM_DATA:
		m->ee.data = v;
		return;
	}
	m->stats.reserved++;
}

static void rxcfg_write(struct cs8900a_model *m, uint16_t v)
{
	m->rxcfg = v & ~CS_RXCFG_SKIP_1;
	if (v & CS_RXCFG_SKIP_1)
		csm_ram_skip(m);
}

static void bufcfg_write(struct cs8900a_model *m, uint16_t v)
{
	m->bufcfg = v & ~CS_BUFCFG_SWINT_X;
	if (!(v & CS_BUFCFG_SWINT_X))
		return;
	m->bufevent |= CS_BUFEVENT_SWINT;
	m->swint = true;
}

static void linectl_write(struct cs8900a_model *m, uint16_t v)
{
	m->linectl = v;
	if (!(v & CS_LINECTL_SERRXON) && m->rx.active && !m->rx.deaf) {
		csm_ram_unstore(m);
		m->rx.deaf = true;
		csm_tx_retry(m);
	}
	csm_mac_kick(m);
}

static void busctl_write(struct cs8900a_model *m, uint16_t v)
{
	m->busctl = v & ~CS_BUSCTL_RESETRXDMA;
	if (v & CS_BUSCTL_RESETRXDMA)
		csm_dma_reset(m);
}

static void control_write(struct cs8900a_model *m, unsigned addr, uint16_t v)
{
	v &= CS_CONTENT_MASK;
	switch (addr) {
	case CS_PP_RXCFG:
		rxcfg_write(m, v);
		return;
	case CS_PP_RXCTL:
		m->rxctl = v;
		return;
	case CS_PP_TXCFG:
		m->txcfg = v;
		return;
	case CS_PP_BUFCFG:
		bufcfg_write(m, v);
		return;
	case CS_PP_LINECTL:
		linectl_write(m, v);
		return;
	case CS_PP_SELFCTL:
		m->selfctl = v & ~CS_SELFCTL_RESET;
		if (v & CS_SELFCTL_RESET)
			csm_reset(m);
		return;
	case CS_PP_BUSCTL:
		busctl_write(m, v);
		return;
	case CS_PP_TESTCTL:
		m->testctl = v;
		csm_mac_kick(m);
		return;
	}
	m->stats.reserved++;
}

void csm_pp_write(struct cs8900a_model *m, unsigned addr, uint16_t value)
{
	uint8_t bytes[2] = { (uint8_t)value, (uint8_t)(value >> 8) };

	m->read_addr = m->write_addr = NO_ADDR;
	if (addr < 0x100)
		bus_write(m, addr, value);
	else if (addr < 0x120)
		control_write(m, addr, value);
	else if (addr == CS_PP_TXCMD)
		csm_tx_cmd(m, value);
	else if (addr == CS_PP_TXLENGTH)
		csm_tx_length(m, value);
	else if (addr >= CS_PP_LAF && addr < CS_PP_LAF + sizeof(m->laf))
		memcpy(&m->laf[addr - CS_PP_LAF], bytes, 2);
	else if (addr >= CS_PP_IA && addr < CS_PP_IA + sizeof(m->ia))
		memcpy(&m->ia[addr - CS_PP_IA], bytes, 2);
	else if (addr >= CS_PP_TXFRAME)
		csm_tx_data(m, addr - CS_PP_TXFRAME, bytes, 2);
	else
		m->stats.reserved++;
}

/*
 * Registers are words: the low byte waits for the high one, which makes the write. A high byte alone
 * goes with a low byte of 0.
 */
void csm_pp_write8(struct cs8900a_model *m, unsigned addr, uint8_t value)
{
	uint8_t low = 0;

	if (addr >= CS_PP_LAF && addr < CS_PP_LAF + sizeof(m->laf)) {
		m->laf[addr - CS_PP_LAF] = value;
	} else if (addr >= CS_PP_IA && addr < CS_PP_IA + sizeof(m->ia)) {
		m->ia[addr - CS_PP_IA] = value;
	} else if (addr >= CS_PP_TXFRAME) {
		csm_tx_data(m, addr - CS_PP_TXFRAME, &value, 1);
	} else if (!(addr & 1)) {
		m->write_addr = addr + 1;
		m->write_low = value;
	} else {
		if (m->write_addr == addr)
			low = m->write_low;
		csm_pp_write(m, addr - 1, (uint16_t)(value << 8 | low));
	}
}
