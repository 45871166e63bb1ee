/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The line: which medium, which duplex, receiver and transmitter on or off, and the link. The medium
 * may only be changed while the transmitter is off. The chip does not negotiate: full duplex is set
 * by hand at both ends.
 */
#include "chip.h"

#define MEDIA_BITS (CS_LINECTL_AUIONLY | CS_LINECTL_AUTOAUI_10BT)

/* 10BASE-2 hangs on the AUI behind a DC/DC converter that a pin of the chip switches. */
static void dc_dc(struct cs_chip *c, bool on)
{
	const unsigned word = CS_EEPROM_DRIVER_ADAPTER - CS_EEPROM_DRIVER_FIRST;
	bool inverted = c->eeprom.driver_ok &&
		c->eeprom.driver[word] & CS_EEPROM_ADAPTER_DC_DC_POLARITY;
	uint16_t v = CS_SELFCTL_HC1E;

	if (on != inverted)
		v |= CS_SELFCTL_HCB1;
	cs_page_write(c, CS_PP_SELFCTL, v);
}

static void write_linectl(struct cs_chip *c, uint16_t v)
{
	c->linectl = v;
	cs_page_write(c, CS_PP_LINECTL, v);
}

void cs_line_setup(struct cs_chip *c, enum cs_media media, bool full_duplex)
{
	const unsigned word = CS_EEPROM_DRIVER_ADAPTER - CS_EEPROM_DRIVER_FIRST;
	uint16_t v = 0;

	if (media == CS_MEDIA_AUI || media == CS_MEDIA_10B2)
		v = CS_LINECTL_AUIONLY;
	else if (media == CS_MEDIA_AUTO)
		v = CS_LINECTL_AUTOAUI_10BT;
	if (c->eeprom.driver_ok && c->eeprom.driver[word] & CS_EEPROM_ADAPTER_LO_SQUELCH)
		v |= CS_LINECTL_LORXSQUELCH;
	write_linectl(c, v);
	if (media == CS_MEDIA_10B2)
		dc_dc(c, true);
	c->testctl = full_duplex ? CS_TESTCTL_FDX : 0;
	cs_page_write(c, CS_PP_TESTCTL, c->testctl);
}

void cs_line_on(struct cs_chip *c, bool rx, bool tx)
{
	uint16_t v = c->linectl & (uint16_t)~(CS_LINECTL_SERRXON | CS_LINECTL_SERTXON);

	if (rx)
		v |= CS_LINECTL_SERRXON;
	if (tx)
		v |= CS_LINECTL_SERTXON;
	write_linectl(c, v);
}

/* AUI has no link test: where that is the medium, the link is taken to be up. */
enum cs_link cs_line_link(struct cs_chip *c)
{
	uint16_t st;

	if (c->gone || !cs_status_read(c, CS_PP_LINEST, &st))
		return CS_LINK_DOWN;
	if (st & CS_LINEST_AUI || (c->linectl & MEDIA_BITS) == CS_LINECTL_AUIONLY)
		return CS_LINK_AUI;
	return st & CS_LINEST_LINKOK ? CS_LINK_10BT : CS_LINK_DOWN;
}
