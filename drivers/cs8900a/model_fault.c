/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fault script can do to the chip and its wire. model_script.c reads the script; the model
 * calls csm_fault_at() where a trigger may be due. What happens to a frame waits for the next frame
 * to begin, and at its trigger that is the frame itself.
 */
#include "model_priv.h"

typedef void (*action_fn)(struct cs8900a_model *m, uint64_t arg);

static void collisions(struct cs8900a_model *m, uint64_t arg)
{
	m->tx.next_inject.collisions = (unsigned)arg;
}

static void late_collision(struct cs8900a_model *m, uint64_t arg)
{
	m->tx.next_inject.late = true;
}

static void carrier_loss(struct cs8900a_model *m, uint64_t arg)
{
	m->tx.next_inject.carrier_loss = true;
}

static void sqe_error(struct cs8900a_model *m, uint64_t arg)
{
	m->tx.next_inject.sqe_error = true;
}

static void jabber(struct cs8900a_model *m, uint64_t arg)
{
	m->tx.next_inject.jabber = true;
}

static void underrun(struct cs8900a_model *m, uint64_t arg)
{
	m->tx.next_inject.underrun = true;
}

static void crc_error(struct cs8900a_model *m, uint64_t arg)
{
	m->rx.next_inject.crc_error = true;
}

static void dribble(struct cs8900a_model *m, uint64_t arg)
{
	m->rx.next_inject.dribble = true;
}

static void runt(struct cs8900a_model *m, uint64_t arg)
{
	m->rx.next_inject.runt = (unsigned)arg;
}

static void extra(struct cs8900a_model *m, uint64_t arg)
{
	m->rx.next_inject.extra = (unsigned)arg;
}

static void lose(struct cs8900a_model *m, uint64_t arg)
{
	m->rx.next_inject.lose = true;
}

static void hang(struct cs8900a_model *m, uint64_t arg)
{
	m->tx.hung = true;
}

static void go(struct cs8900a_model *m, uint64_t arg)
{
	m->tx.hung = false;
	csm_mac_kick(m);
}

static void link_down(struct cs8900a_model *m, uint64_t arg)
{
	m->link_down = true;
}

static void link_up(struct cs8900a_model *m, uint64_t arg)
{
	m->link_down = false;
	csm_mac_kick(m);
}

static void bus_pulled(struct cs8900a_model *m, uint64_t arg)
{
	csm_mac_abort(m);
	csm_rx_cut(m);
	m->pulled = true;
}

static void bus_back(struct cs8900a_model *m, uint64_t arg)
{
	if (!m->pulled)
		return;
	m->pulled = false;
	csm_power_up(m);
}

static void sibusy_stuck(struct cs8900a_model *m, uint64_t arg)
{
	m->ee.stuck = true;
}

static void sibusy_free(struct cs8900a_model *m, uint64_t arg)
{
	m->ee.stuck = false;
}

static void init_stuck(struct cs8900a_model *m, uint64_t arg)
{
	m->init_stuck = true;
}

static void init_free(struct cs8900a_model *m, uint64_t arg)
{
	m->init_stuck = false;
}

static void eeprom_missing(struct cs8900a_model *m, uint64_t arg)
{
	m->ee.missing = true;
	m->eeprom_ok = false;
}

static void eeprom_spoiled(struct cs8900a_model *m, uint64_t arg)
{
	m->ee.spoiled = true;
}

static void eeprom_sound(struct cs8900a_model *m, uint64_t arg)
{
	m->ee.missing = m->ee.spoiled = false;
}

static void product(struct cs8900a_model *m, uint64_t arg)
{
	m->conf.product = (uint16_t)arg;
}

static void reset(struct cs8900a_model *m, uint64_t arg)
{
	csm_reset(m);
}

/* Two words are one action; `arg` names the number that follows, with its bounds. */
static const struct {
	const char *name, *arg;
	uint64_t least, most;
	action_fn fn;
} actions[] = {
	{ "collisions", "a number of collisions", 1, 16, collisions },
	{ "late-collision", NULL, 0, 0, late_collision },
	{ "carrier-loss", NULL, 0, 0, carrier_loss },
	{ "sqe-error", NULL, 0, 0, sqe_error },
	{ "jabber", NULL, 0, 0, jabber },
	{ "underrun", NULL, 0, 0, underrun },
	{ "crc-error", NULL, 0, 0, crc_error },
	{ "dribble", NULL, 0, 0, dribble },
	{ "runt", "a length in bytes with CRC", 5, 63, runt },
	{ "extra", "a length in bytes with CRC", 1519, CS8900A_WIRE_MAX, extra },
	{ "lose", NULL, 0, 0, lose },
	{ "hang", NULL, 0, 0, hang },
	{ "go", NULL, 0, 0, go },
	{ "link down", NULL, 0, 0, link_down },
	{ "link up", NULL, 0, 0, link_up },
	{ "bus pulled", NULL, 0, 0, bus_pulled },
	{ "bus back", NULL, 0, 0, bus_back },
	{ "sibusy stuck", NULL, 0, 0, sibusy_stuck },
	{ "sibusy free", NULL, 0, 0, sibusy_free },
	{ "init stuck", NULL, 0, 0, init_stuck },
	{ "init free", NULL, 0, 0, init_free },
	{ "eeprom missing", NULL, 0, 0, eeprom_missing },
	{ "eeprom spoiled", NULL, 0, 0, eeprom_spoiled },
	{ "eeprom sound", NULL, 0, 0, eeprom_sound },
	{ "product", "a product word", 0, 0xFFFF, product },
	{ "reset", NULL, 0, 0, reset },
};

int csm_action_find(const char *name, const char **arg, uint64_t *least, uint64_t *most)
{
	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, name))
			continue;
		*arg = actions[i].arg;
		*least = actions[i].least;
		*most = actions[i].most;
		return (int)i;
	}
	return -1;
}

void csm_fault_do(struct cs8900a_model *m, const struct csm_fault *f)
{
	m->stats.faults++;
	actions[f->action].fn(m, f->arg);
}

static bool due(const struct csm_fault *f, enum csm_trigger trigger, uint64_t n)
{
	if (f->done || f->trigger != trigger)
		return false;
	if (trigger == AT_START)
		return true;
	if (trigger == AT_TIME)
		return f->due <= n;
	return f->every ? n % f->n == 0 : n == f->n;
}

/* n: frame or access number, or the time since creation. */
void csm_fault_at(struct cs8900a_model *m, enum csm_trigger trigger, uint64_t n)
{
	for (unsigned i = 0; i < m->nb_faults; i++) {
		struct csm_fault *f = &m->faults[i];

		if (!due(f, trigger, n))
			continue;
		if (f->every)
			f->due += f->n;
		else
			f->done = true;
		csm_fault_do(m, f);
	}
}

uint64_t csm_fault_next(const struct cs8900a_model *m)
{
	uint64_t t = CSM_NEVER;

	for (unsigned i = 0; i < m->nb_faults; i++) {
		const struct csm_fault *f = &m->faults[i];

		if (f->trigger == AT_TIME && !f->done && m->born + f->due < t)
			t = m->born + f->due;
	}
	return t;
}
