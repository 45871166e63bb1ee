/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device's life over the chip rules: opened (probe, reset, EEPROM), started (reset, programmed,
 * line on), stopped, closed. Called by pmd_ethdev.c in the control thread, and by pmd_event.c when a
 * transmitter hangs.
 */
#include <errno.h>
#include <string.h>

#include "pmd.h"

#define MS UINT64_C(1000000)
#define LAST_FRAME_POLLS 30 /* ms that the frame on the wire may take to end, with collisions */

static int gone(const struct cs_dev *d, struct cs_why *why)
{
	return cs_say(why, -ENODEV, "the chip at %s does not answer: the card was pulled",
		d->bus->name);
}

int cs_dev_enter(struct cs_dev *d)
{
	int err;

	rte_spinlock_lock(&d->lock);
	err = d->chip.gone ? -ENODEV : cs_bus_enter(d->bus);
	if (err < 0)
		rte_spinlock_unlock(&d->lock);
	return err;
}

void cs_dev_leave(struct cs_dev *d)
{
	const bool tell = d->chip.gone && !d->dead;

	if (tell)
		d->dead = true;
	rte_spinlock_unlock(&d->lock);
	if (tell)
		cs_news(d, CS_NEWS_GONE);
}

bool cs_burst_enter(struct cs_dev *d)
{
	int err;

	if (unlikely(!d->started || d->dead || !rte_spinlock_trylock(&d->lock)))
		return false;
	if (unlikely(!d->started || d->chip.gone)) {
		cs_dev_leave(d);
		return false;
	}
	err = cs_bus_enter(d->bus);
	if (likely(err == 0))
		return true;
	CS_LOG(ERR, "%s: a thread that polls the port has no permission: %s; the port is disabled",
		d->bus->name, strerror(-err));
	d->chip.gone = true;
	cs_dev_leave(d);
	return false;
}

/* What the EEPROM says, where the devargs do not. */
static int choose(struct cs_dev *d, struct cs_why *why)
{
	struct cs_conf *conf = &d->conf;
	struct cs_chip *c = &d->chip;
	int err = cs_eeprom_load(c, why);

	if (err < 0)
		return err;
	if (!conf->has_mac) {
		err = cs_eeprom_address(c, d->mac.addr_bytes, why);
		if (err < 0)
			return err;
	} else {
		d->mac = conf->mac;
	}
	if (!conf->has_media)
		conf->media = cs_eeprom_media(c);
	if (!conf->has_duplex)
		conf->full_duplex = cs_eeprom_full_duplex(c);
	if (c->eeprom.present && !c->eeprom.driver_ok && !c->eeprom.driver_blank)
		CS_LOG(WARNING,
			"%s: the driver's block in the EEPROM does not sum to 0 and is not used",
			d->bus->name);
	return 0;
}

static int open_bus(const struct cs_bus_conf *conf, struct cs_bus **bus, struct cs_why *why)
{
	switch (conf->kind) {
	case CS_BUS_IO:
		return cs_bus_io_open(conf, bus, why);
	case CS_BUS_MEM:
		return cs_bus_mem_open(conf, bus, why);
	case CS_BUS_MODEL:
		return cs_bus_model_open(conf, bus, why);
	}
	return cs_say(why, -EINVAL, "no such bus");
}

int cs_dev_open(struct cs_dev *d, struct cs_why *why)
{
	struct cs_bus *bus;
	int err = open_bus(&d->conf.bus, &bus, why);

	if (err < 0)
		return err;
	d->bus = bus;
	rte_spinlock_init(&d->lock);
	cs_chip_init(&d->chip, bus);
	d->chip.txstart = d->conf.txstart;
	d->chip.poll = d->conf.poll;
	err = cs_chip_probe(&d->chip, why);
	if (err == 0)
		err = cs_chip_reset(&d->chip, why);
	if (err == 0)
		err = choose(d, why);
	if (err < 0) {
		cs_bus_close(bus);
		d->bus = NULL;
		return err;
	}
	/* The link can be asked for from now on. */
	cs_line_setup(&d->chip, d->conf.media, d->conf.full_duplex);
	memcpy(d->filter.mac, &d->mac, sizeof(d->filter.mac));
	return 0;
}

void cs_dev_close(struct cs_dev *d)
{
	if (d->bus == NULL)
		return;
	rte_spinlock_lock(&d->lock);
	if (!d->chip.gone && cs_bus_enter(d->bus) == 0)
		cs_line_on(&d->chip, false, false);
	rte_spinlock_unlock(&d->lock);
	cs_bus_close(d->bus);
	d->bus = NULL;
}

int cs_dev_program(struct cs_dev *d, struct cs_why *why)
{
	struct cs_chip *c = &d->chip;
	int err = cs_chip_reset(c, why);

	if (err < 0)
		return err;
	cs_line_setup(c, d->conf.media, d->conf.full_duplex);
	cs_events_setup(c);
	cs_filter_set(c, &d->filter);
	if (d->txq)
		cs_tx_again(d);
	cs_line_on(c, !d->down, !d->down);
	return c->gone ? gone(d, why) : 0;
}

int cs_dev_start(struct cs_dev *d, struct cs_why *why)
{
	int err = cs_dev_enter(d);

	if (err < 0)
		return gone(d, why);
	d->down = false;
	d->chip.underruns = 0;
	d->chip.txstart = d->conf.txstart;
	err = cs_dev_program(d, why);
	if (err == 0) {
		d->link = cs_line_link(&d->chip);
		d->next_link = d->next_counters = 0;
		d->started = true;
	}
	cs_dev_leave(d);
	return err;
}

/* The frame on the wire is let out whole; those that wait for the chip stay where they are. */
static void end_transmission(struct cs_dev *d)
{
	struct cs_txq *q = d->txq;

	if (q == NULL || q->state != CS_TX_SENT || d->down ||
		cs_line_link(&d->chip) == CS_LINK_DOWN)
		return;
	cs_line_on(&d->chip, false, true);
	for (unsigned i = 0; i < LAST_FRAME_POLLS && q->state == CS_TX_SENT; i++) {
		cs_tx_pump(d, true);
		if (d->chip.gone)
			return;
		d->bus->ops->sleep(d->bus, MS);
	}
}

void cs_dev_stop(struct cs_dev *d)
{
	rte_spinlock_lock(&d->lock);
	d->started = false;
	if (!d->chip.gone && cs_bus_enter(d->bus) == 0) {
		end_transmission(d);
		cs_line_on(&d->chip, false, false);
		cs_counters(&d->chip);
	}
	rte_spinlock_unlock(&d->lock);
}

void cs_dev_filter(struct cs_dev *d)
{
	if (!d->started || cs_dev_enter(d) < 0)
		return;
	cs_filter_set(&d->chip, &d->filter);
	cs_dev_leave(d);
}
