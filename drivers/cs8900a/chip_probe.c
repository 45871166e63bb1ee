/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding the chip and resetting it. The probe is safe where something else may be: it reads the
 * pointer port, whose bits C-E are always 011b, before it writes anything. (A mask of 3000h, which
 * other drivers use, would take an empty bus, all ones, for a chip.) Called by the device's probe and
 * start.
 */
#include <errno.h>
#include <string.h>

#include "chip.h"

#define MS UINT64_C(1000000)
#define RESET_QUIET (20 * MS) /* no access while the chip calibrates itself, 10 ms, with a margin */
#define RESET_POLLS 300       /* a millisecond each */

void cs_chip_init(struct cs_chip *c, struct cs_bus *bus)
{
	memset(c, 0, sizeof(*c));
	c->bus = bus;
	c->window = !cs_bus_has_ports(bus);
	c->pointer = -1;
	c->txstart = CS_TXCMD_TXSTART_ALL;
}

/* Byte accesses at even and odd addresses move SBHE: so the chip sees a 16-bit bus. */
static void widen(struct cs_bus *b)
{
	for (unsigned i = 0; i < 4; i++)
		b->ops->in8(b, CS_IO_PTR + i % 2);
}

static int nobody(struct cs_chip *c, const char *where, uint16_t got, struct cs_why *why)
{
	return cs_say(why, -ENODEV, "no CS8900A at %s: %s %04Xh%s", c->bus->name, where, got,
		got == 0xffff ? " (all ones: nothing answers there)" : "");
}

int cs_chip_probe(struct cs_chip *c, struct cs_why *why)
{
	struct cs_bus *b = c->bus;
	uint16_t v;

	if (cs_bus_has_ports(b)) {
		widen(b);
		v = b->ops->in16(b, CS_IO_PTR);
		if ((v & CS_PTR_FIXED_MASK) != CS_PTR_FIXED)
			return nobody(c, "its pointer port should read 3xxxh and reads", v, why);
	}
	v = cs_page_read(c, CS_PP_EISA_ID);
	if (v == (uint16_t)(CS_EISA_ID << 8 | CS_EISA_ID >> 8))
		return cs_say(why, -ENODEV, "there is a CS8900A at %s, but its bytes are swapped "
			"(id %04Xh, 630Eh expected): the bus crosses D0-D7 and D8-D15", b->name, v);
	if (v != CS_EISA_ID)
		return nobody(c, "its id should be 630Eh and is", v, why);
	c->product = cs_page_read(c, CS_PP_PRODUCT_ID);
	switch (c->product & CS_PRODUCT_MASK) {
	case CS_PRODUCT_CS8900:
		return 0;
	case CS_PRODUCT_CS8920:
	case CS_PRODUCT_CS8920M:
		return cs_say(why, -ENODEV,
			"the chip at %s is a CS8920 (product %04Xh); this driver is for the CS8900A",
			b->name, c->product);
	}
	return nobody(c, "the id is there, but its product number is", c->product, why);
}

char cs_chip_revision(const struct cs_chip *c)
{
	switch ((c->product & CS_REVISION_MASK) >> CS_REVISION_SHIFT) {
	case CS_REVISION_CS8900A_B:
		return 'B';
	case CS_REVISION_CS8900A_C:
		return 'C';
	case CS_REVISION_CS8900A_D:
		return 'D';
	case CS_REVISION_CS8900A_F:
		return 'F';
	}
	return '?';
}

/*
 * Through the window alone a reset would shut the only way to the chip, so everything is set to
 * what a reset leaves. What hangs so badly that this does not help needs the ports.
 */
static int quiet_by_hand(struct cs_chip *c, struct cs_why *why)
{
	cs_page_write(c, CS_PP_LINECTL, 0);
	cs_tx_force(c);
	cs_page_write(c, CS_PP_RXCFG, CS_RXCFG_SKIP_1);
	cs_page_write(c, CS_PP_RXCFG, 0);
	cs_page_write(c, CS_PP_RXCTL, 0);
	cs_page_write(c, CS_PP_TXCFG, 0);
	cs_page_write(c, CS_PP_BUFCFG, 0);
	cs_page_write(c, CS_PP_TESTCTL, 0);
	for (unsigned a = CS_PP_RXEVENT; a <= CS_PP_BUFEVENT; a += 4)
		cs_page_read(c, a);
	if (cs_chip_present(c))
		return 0;
	return cs_say(why, -ENODEV, "the chip at %s does not answer any more", c->bus->name);
}

/* INITD set and the EEPROM read. */
static int wait_ready(struct cs_chip *c, struct cs_why *why)
{
	struct cs_bus *b = c->bus;
	uint16_t st = 0;

	for (unsigned i = 0; i < RESET_POLLS; i++) {
		st = cs_page_read(c, CS_PP_SELFST);
		if ((st & CS_REGNO_MASK) == CS_REGNO_SELFST && st & CS_SELFST_INITD &&
			!(st & CS_SELFST_SIBUSY))
			return 0;
		b->ops->sleep(b, MS);
	}
	if ((st & CS_REGNO_MASK) != CS_REGNO_SELFST) {
		c->gone = true;
		return cs_say(why, -ENODEV,
			"the chip at %s does not answer after its reset (SelfST %04Xh); its EEPROM may "
			"set another I/O base", b->name, st);
	}
	return cs_say(why, -ETIMEDOUT,
		"the chip at %s is not ready %u ms after its reset: SelfST %04Xh:%s%s", b->name,
		RESET_POLLS, st, st & CS_SELFST_INITD ? "" : " INITD stays 0",
		st & CS_SELFST_SIBUSY ? " SIBUSY stays set (its EEPROM interface hangs)" : "");
}

int cs_chip_reset(struct cs_chip *c, struct cs_why *why)
{
	struct cs_bus *b = c->bus;
	int err;

	if (c->gone)
		return cs_say(why, -ENODEV, "the chip at %s is gone", b->name);
	c->count.resets++;
	c->rx_event = c->tx_event = 0;
	c->rxcfg = c->rxctl = c->linectl = c->testctl = 0;
	c->garbage_run = 0;
	if (!cs_bus_has_ports(b))
		return quiet_by_hand(c, why);
	c->window = false;
	cs_page_write(c, CS_PP_SELFCTL, CS_SELFCTL_RESET);
	b->ops->sleep(b, RESET_QUIET);
	widen(b);
	err = wait_ready(c, why);
	if (err < 0)
		return err;
	if (!cs_chip_present(c))
		return cs_say(why, -ENODEV, "the chip at %s does not answer after its reset",
			b->name);
	return cs_window_open(c, why);
}
