/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The serial EEPROM: words through the chip's command and data registers, the block that Linux's
 * driver uses (its 16-bit sum is 0), and what it says of address and media. The chip itself has read
 * its own block at reset and says in SelfST whether that one's checksum was right.
 */
#include <errno.h>
#include <string.h>

#include "chip.h"

#define POLL_NS UINT64_C(10000)
#define POLLS 3000 /* a word takes 25 us to read and up to 10 ms to write */

static int wait_idle(struct cs_chip *c)
{
	struct cs_bus *b = c->bus;
	uint16_t st;

	for (unsigned i = 0; i < POLLS; i++) {
		if (cs_status_read(c, CS_PP_SELFST, &st) && !(st & CS_SELFST_SIBUSY))
			return 0;
		if (c->gone)
			return -ENODEV;
		b->ops->sleep(b, POLL_NS);
	}
	return -ETIMEDOUT;
}

static int command(struct cs_chip *c, uint16_t word)
{
	int err = wait_idle(c);

	if (err == 0) {
		cs_page_write(c, CS_PP_EEPROM_COMMAND, word);
		err = wait_idle(c);
	}
	return err;
}

int cs_eeprom_read(struct cs_chip *c, unsigned word, uint16_t *value)
{
	int err = command(c, CS_EEPROM_READ | word);

	if (err == 0)
		*value = cs_page_read(c, CS_PP_EEPROM_DATA);
	return err;
}

int cs_eeprom_write(struct cs_chip *c, unsigned word, uint16_t value)
{
	int off, err = command(c, CS_EEPROM_WRITE_ENABLE);

	if (err == 0)
		err = command(c, CS_EEPROM_ERASE | word);
	if (err == 0) {
		cs_page_write(c, CS_PP_EEPROM_DATA, value);
		err = command(c, CS_EEPROM_WRITE | word);
	}
	off = command(c, CS_EEPROM_WRITE_DISABLE);
	return err ? err : off;
}

static int load_driver_block(struct cs_chip *c)
{
	struct cs_eeprom *e = &c->eeprom;
	uint16_t sum = 0, ones = 0xffff, any = 0;
	int err;

	for (unsigned i = 0; i < CS_EEPROM_DRIVER_WORDS; i++) {
		err = cs_eeprom_read(c, CS_EEPROM_DRIVER_FIRST + i, &e->driver[i]);
		if (err < 0)
			return err;
		sum += e->driver[i];
		ones &= e->driver[i];
		any |= e->driver[i];
	}
	e->driver_blank = ones == 0xffff || any == 0;
	e->driver_ok = sum == 0 && !e->driver_blank;
	return 0;
}

int cs_eeprom_load(struct cs_chip *c, struct cs_why *why)
{
	struct cs_eeprom *e = &c->eeprom;
	uint16_t st;
	int err;

	memset(e, 0, sizeof(*e));
	if (!cs_status_read(c, CS_PP_SELFST, &st))
		return cs_say(why, -EIO, "SelfST of the chip at %s reads %04Xh", c->bus->name, st);
	e->present = st & CS_SELFST_EEPROMPRESENT;
	e->config_ok = e->present && st & CS_SELFST_EEPROMOK;
	if (!e->present)
		return 0;
	e->words = st & CS_SELFST_EESIZE ? 64 : 128;
	err = load_driver_block(c);
	if (err < 0)
		return cs_say(why, err, "the EEPROM of the chip at %s cannot be read: %s",
			c->bus->name, err == -ETIMEDOUT ? "SIBUSY stays set"
			: "the chip does not answer any more");
	return 0;
}

static bool usable(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, 6) != 0;
}

/* The low byte of a word is the earlier octet. */
static void put_word(uint8_t *to, uint16_t word)
{
	to[0] = (uint8_t)word;
	to[1] = (uint8_t)(word >> 8);
}

int cs_eeprom_address(struct cs_chip *c, uint8_t mac[6], struct cs_why *why)
{
	const struct cs_eeprom *e = &c->eeprom;

	if (!e->present)
		return cs_say(why, -ENOENT,
			"the card at %s has no EEPROM (SelfST.EEPROMpresent is 0), so its address is "
			"not known: give mac=", c->bus->name);
	if (!e->driver_ok && !e->config_ok)
		return cs_say(why, -ENOENT,
			"the EEPROM of the card at %s has a wrong checksum (the chip refused its own "
			"block, and the driver's block %s): give mac=, and write it anew",
			c->bus->name, e->driver_blank ? "is blank" : "does not sum to 0");
	for (unsigned i = 0; i < 3; i++)
		put_word(mac + 2 * i, e->driver_ok ?
			e->driver[CS_EEPROM_DRIVER_IA - CS_EEPROM_DRIVER_FIRST + i] :
			cs_page_read(c, CS_PP_IA + 2 * i));
	if (!usable(mac))
		return cs_say(why, -ENOENT,
			"the EEPROM of the card at %s holds %02x:%02x:%02x:%02x:%02x:%02x, which is no "
			"station's address: give mac=", c->bus->name, mac[0], mac[1], mac[2], mac[3],
			mac[4], mac[5]);
	return 0;
}

static uint16_t driver_word(const struct cs_chip *c, unsigned word)
{
	return c->eeprom.driver_ok ? c->eeprom.driver[word - CS_EEPROM_DRIVER_FIRST] : 0;
}

enum cs_media cs_eeprom_media(const struct cs_chip *c)
{
	switch (driver_word(c, CS_EEPROM_DRIVER_ADAPTER) & CS_EEPROM_ADAPTER_MEDIA_MASK) {
	case CS_EEPROM_ADAPTER_MEDIA_10B2:
		return CS_MEDIA_10B2;
	case CS_EEPROM_ADAPTER_MEDIA_10BT:
		return CS_MEDIA_10BT;
	case CS_EEPROM_ADAPTER_MEDIA_AUI:
		return CS_MEDIA_AUI;
	}
	return CS_MEDIA_AUTO;
}

bool cs_eeprom_full_duplex(const struct cs_chip *c)
{
	return driver_word(c, CS_EEPROM_DRIVER_XMIT) & CS_EEPROM_XMIT_FDX;
}
