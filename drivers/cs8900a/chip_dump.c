/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All registers for a report, without disturbing a running chip: an event register that is read is
 * cleared, and the frame behind it lost, so those are shown as the driver saw them last.
 */
#include <string.h>

#include "chip.h"

struct reg {
	uint16_t addr;
	const char *name;
};

static const struct reg regs[] = {
	{CS_PP_EISA_ID, "EISA id"}, {CS_PP_PRODUCT_ID, "product"},
	{CS_PP_IO_BASE, "I/O base"}, {CS_PP_INTERRUPT, "interrupt pin"},
	{CS_PP_DMA_CHANNEL, "DMA channel"}, {CS_PP_DMA_START_OF_FRAME, "DMA start of frame"},
	{CS_PP_MEM_BASE, "memory base, low"}, {CS_PP_MEM_BASE + 2, "memory base, high"},
	{CS_PP_BOOT_PROM_BASE, "boot PROM base, low"},
	{CS_PP_BOOT_PROM_BASE + 2, "boot PROM base, high"},
	{CS_PP_BOOT_PROM_MASK, "boot PROM mask, low"},
	{CS_PP_BOOT_PROM_MASK + 2, "boot PROM mask, high"},
	{CS_PP_EEPROM_COMMAND, "EEPROM command"}, {CS_PP_EEPROM_DATA, "EEPROM data"},
	{CS_PP_RXCFG, "RxCFG"}, {CS_PP_RXCTL, "RxCTL"}, {CS_PP_TXCFG, "TxCFG"},
	{CS_PP_TXCMD_COPY, "TxCMD"}, {CS_PP_BUFCFG, "BufCFG"}, {CS_PP_LINECTL, "LineCTL"},
	{CS_PP_SELFCTL, "SelfCTL"}, {CS_PP_BUSCTL, "BusCTL"}, {CS_PP_TESTCTL, "TestCTL"},
	{CS_PP_RXEVENT, "RxEvent"}, {CS_PP_TXEVENT, "TxEvent"}, {CS_PP_BUFEVENT, "BufEvent"},
	{CS_PP_RXMISS, "RxMISS"}, {CS_PP_TXCOL, "TxCOL"}, {CS_PP_LINEST, "LineST"},
	{CS_PP_SELFST, "SelfST"}, {CS_PP_BUSST, "BusST"}, {CS_PP_LAF, "hash filter 0"},
	{CS_PP_LAF + 2, "hash filter 1"}, {CS_PP_LAF + 4, "hash filter 2"},
	{CS_PP_LAF + 6, "hash filter 3"}, {CS_PP_IA, "address 0"}, {CS_PP_IA + 2, "address 1"},
	{CS_PP_IA + 4, "address 2"},
};

const char *cs_dump_name(unsigned addr)
{
	for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		if (regs[i].addr == addr)
			return regs[i].name;
	return NULL;
}

static uint16_t look(struct cs_chip *c, unsigned addr)
{
	switch (addr) {
	case CS_PP_RXEVENT:
		return c->last_rx_event;
	case CS_PP_TXEVENT:
		return c->last_tx_event;
	case CS_PP_BUFEVENT:
		return c->last_buf_event;
	case CS_PP_RXMISS:
		return (uint16_t)(c->count.rx_missed << CS_COUNT_SHIFT | CS_REGNO_RXMISS);
	case CS_PP_TXCOL:
		return (uint16_t)(c->count.tx_collisions << CS_COUNT_SHIFT | CS_REGNO_TXCOL);
	}
	return cs_page_read(c, addr);
}

void cs_dump(struct cs_chip *c, uint16_t words[CS_DUMP_WORDS])
{
	memset(words, 0, CS_DUMP_WORDS * sizeof(*words));
	cs_counters(c);
	for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		words[regs[i].addr / 2] = look(c, regs[i].addr);
}
