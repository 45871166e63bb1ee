/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CS8900A model as a whole: made, moved on in time, asked, ended. Every call from outside
 * enters here or in model_io.c, brings the model to the present first, and only then acts. What
 * happens by itself (a frame ends, the EEPROM answers) happens in the order of its time, at both
 * ends of a pair together.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "model_priv.h"
#include "model_enter.h"

struct cs8900a_model *csm_peer(const struct cs8900a_model *m)
{
	struct cs8900a_wire *other = m->wire ? csm_pair_other(m->wire) : NULL;

	return other ? other->model : NULL;
}

uint32_t csm_random(struct cs8900a_model *m)
{
	m->rng ^= m->rng << 13;
	m->rng ^= m->rng >> 17;
	m->rng ^= m->rng << 5;
	return m->rng;
}

uint32_t csm_crc(const uint8_t *data, uint32_t len)
{
	uint32_t crc = 0xFFFFFFFF;

	for (uint32_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xEDB88320 & -(crc & 1));
	}
	return crc;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_of(struct cs8900a_model *m)
{
	uint64_t t = CSM_NEVER;

	if (m->pulled)
		return csm_fault_next(m);
	if (!m->initd && !m->init_stuck)
		t = m->init_at;
	if (!m->ee.stuck)
		t = earlier(t, m->ee.done_at);
	t = earlier(t, csm_fault_next(m));
	return earlier(t, earlier(csm_mac_next(m), csm_rx_next(m)));
}

/* What is due now; of two that want the wire at the same time, the one that did not have it. */
static void step(struct cs8900a_model *m)
{
	uint64_t mac, rx;

	if (csm_fault_next(m) <= m->now) {
		csm_fault_at(m, AT_TIME, m->now - m->born);
		return;
	}
	if (m->pulled)
		return;
	if (!m->initd && !m->init_stuck && m->init_at <= m->now) {
		csm_initialised(m);
		return;
	}
	if (!m->ee.stuck && m->ee.done_at <= m->now) {
		csm_ee_done(m);
		return;
	}
	mac = csm_mac_next(m);
	rx = csm_rx_next(m);
	if (mac < rx || (mac == rx && !m->last_was_tx))
		csm_mac_step(m);
	else
		csm_rx_step(m);
}

void csm_run(struct cs8900a_model *m, uint64_t now)
{
	struct cs8900a_model *peer = csm_peer(m), *who;
	uint64_t t, theirs;

	if (now < m->now)
		now = m->now; /* another core's counter is a little behind */
	m->target = now;
	if (m->rx.poll_at == CSM_NEVER)
		m->rx.poll_at = now; /* an end without a rhythm is asked at each access */
	if (peer)
		peer->target = now;
	for (;;) {
		who = m;
		t = next_of(m);
		theirs = peer ? next_of(peer) : CSM_NEVER;
		if (theirs < t) {
			t = theirs;
			who = peer;
		}
		if (t > now)
			break;
		if (t > m->now)
			m->now = t;
		if (peer && t > peer->now)
			peer->now = t;
		step(who);
	}
	m->now = now;
	csm_pin_update(m);
	if (peer) {
		peer->now = now;
		csm_pin_update(peer);
	}
}

static int check(const struct cs8900a_model_conf *conf, char *err, size_t errlen)
{
	if (!conf->now_ns) {
		snprintf(err, errlen, "a chip model needs a clock");
		return -EINVAL;
	}
	if (conf->eeprom && conf->eeprom_words != 64 && conf->eeprom_words != 128
			&& conf->eeprom_words != 256) {
		snprintf(err, errlen, "no EEPROM has %u words, but 64, 128 or 256",
			conf->eeprom_words);
		return -EINVAL;
	}
	if (conf->tx_frames > CS8900A_MODEL_TX_FRAMES) {
		snprintf(err, errlen, "%u transmit frames at once, the most are %u",
			conf->tx_frames, CS8900A_MODEL_TX_FRAMES);
		return -EINVAL;
	}
	if (conf->media & ~(CS8900A_MODEL_10BT | CS8900A_MODEL_AUI)) {
		snprintf(err, errlen, "medium 0x%x is neither 10BASE-T nor AUI", conf->media);
		return -EINVAL;
	}
	return 0;
}

static void defaults(struct cs8900a_model_conf *conf)
{
	if (!conf->media)
		conf->media = CS8900A_MODEL_10BT;
	if (!conf->product)
		conf->product = CS_REVISION_CS8900A_D << CS_REVISION_SHIFT;
	if (!conf->tx_frames)
		conf->tx_frames = 1;
	if (!conf->reset_ns)
		conf->reset_ns = 10000000;
	if (!conf->eeprom_ns)
		conf->eeprom_ns = 25000;
	if (!conf->seed)
		conf->seed = 8900;
}

struct cs8900a_model *cs8900a_model_create(const struct cs8900a_model_conf *conf, char *err,
	size_t errlen)
{
	struct cs8900a_model *m;

	if (check(conf, err, errlen))
		return NULL;
	m = calloc(1, sizeof(*m));
	if (!m) {
		snprintf(err, errlen, "no memory for a chip model");
		return NULL;
	}
	m->conf = *conf;
	defaults(&m->conf);
	m->rng = m->conf.seed;
	if (conf->eeprom) {
		m->ee.words = conf->eeprom_words;
		memcpy(m->ee.word, conf->eeprom, conf->eeprom_words * sizeof(m->ee.word[0]));
	}
	if (conf->faults && csm_script(m, conf->faults, err, errlen)) {
		free(m->faults);
		free(m);
		return NULL;
	}
	m->now = m->born = conf->now_ns(conf->now_arg);
	csm_power_up(m);
	csm_fault_at(m, AT_START, 0);
	m->wire = conf->wire;
	if (m->wire)
		csm_wire_attach(m->wire, m);
	return m;
}

void cs8900a_model_destroy(struct cs8900a_model *m)
{
	if (!m)
		return;
	if (m->wire) {
		csm_enter(m);
		csm_mac_abort(m);
		csm_leave(m);
		csm_wire_attach(m->wire, NULL);
	}
	free(m->faults);
	free(m);
}

int cs8900a_model_irq(struct cs8900a_model *m)
{
	int pin;

	csm_enter(m);
	pin = m->pin ? m->interrupt : -1;
	csm_leave(m);
	return pin;
}

void cs8900a_model_advance(struct cs8900a_model *m)
{
	csm_enter(m);
	csm_leave(m);
}

uint64_t cs8900a_model_next_event(struct cs8900a_model *m)
{
	struct cs8900a_model *peer;
	uint64_t t;

	csm_enter(m);
	peer = csm_peer(m);
	t = next_of(m);
	if (peer)
		t = earlier(t, next_of(peer));
	if (!m->pin && m->rest_until > m->now && csm_interrupts(m))
		t = earlier(t, m->rest_until);
	csm_leave(m);
	return t;
}

int cs8900a_model_fault(struct cs8900a_model *m, const char *action, char *err, size_t errlen)
{
	struct csm_fault f = { 0 };
	char text[128];
	int rc;

	if (strlen(action) >= sizeof(text)) {
		snprintf(err, errlen, "no action has so many letters");
		return -EINVAL;
	}
	strcpy(text, action);
	rc = csm_action_parse(text, &f, err, errlen);
	if (rc)
		return rc;
	csm_enter(m);
	csm_fault_do(m, &f);
	csm_leave(m);
	return 0;
}

void cs8900a_model_stats(struct cs8900a_model *m, struct cs8900a_model_stats *stats)
{
	csm_enter(m);
	*stats = m->stats;
	csm_leave(m);
}
