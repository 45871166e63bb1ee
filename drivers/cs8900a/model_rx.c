/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receiver on the wire: a frame arrives at 800 ns a byte, from the end of the wire, from the
 * other model of a pair, or from our own transmitter by a loop. When it is in, model_accept.c says
 * what becomes of it.
 */
#include "model_priv.h"

#define DEST_BYTES 6
#define EARLY_BYTES 128

static uint64_t byte_time(const struct cs8900a_model *m, unsigned bytes)
{
	return m->rx.start_at + CSM_PREAMBLE_NS + (uint64_t)bytes * CSM_BYTE_NS;
}

static bool blocked(const struct cs8900a_model *m)
{
	return !csm_fdx(m) && csm_mac_carrier(m);
}

bool csm_rx_on(const struct cs8900a_model *m)
{
	return m->initd && (m->linectl & CS_LINECTL_SERRXON)
		&& !(m->selfctl & CS_SELFCTL_SWSUSPEND) && csm_plugged(m)
		&& !(m->testctl & CS_TESTCTL_ENDECLOOP);
}

/* From the end of the wire: not before it exists, the gap has passed, and (half duplex) we are quiet. */
static uint64_t arrival(const struct cs8900a_model *m)
{
	uint64_t t = m->rx.frame.at_ns > m->rx.asked_at ? m->rx.frame.at_ns : m->rx.asked_at;
	uint64_t gap = m->rx.last_end ? m->rx.last_end + CSM_GAP_NS : 0;

	if (blocked(m))
		return CSM_NEVER;
	if (!csm_fdx(m) && m->tx.last_end && m->tx.last_end + CSM_GAP_NS > gap)
		gap = m->tx.last_end + CSM_GAP_NS;
	return t > gap ? t : gap;
}

uint64_t csm_rx_next(struct cs8900a_model *m)
{
	uint64_t t = CSM_NEVER;

	if (m->rx.active) {
		if (!m->rx.deaf && !m->rx.dest_done)
			t = byte_time(m, DEST_BYTES);
		else if (!m->rx.deaf && m->rx.dest_passed && !m->rx.rx128_done)
			t = byte_time(m, EARLY_BYTES);
		return m->rx.from_peer || t < m->rx.end_at ? t : m->rx.end_at;
	}
	if (m->rx.waiting)
		return arrival(m);
	if (!m->wire || m->wire->pair || !m->wire->ops->receive)
		return CSM_NEVER;
	return m->rx.poll_at;
}

static void take_faults(struct cs8900a_model *m)
{
	m->rx.nb_frames++;
	csm_fault_at(m, AT_RX, m->rx.nb_frames);
	m->rx.inject = m->rx.next_inject;
	memset(&m->rx.next_inject, 0, sizeof(m->rx.next_inject));
}

static void begin(struct cs8900a_model *m, bool from_peer)
{
	m->rx.active = true;
	m->rx.from_peer = from_peer;
	m->rx.deaf = !csm_rx_on(m) || (from_peer && blocked(m));
	m->rx.dest_done = m->rx.dest_passed = m->rx.rx128_done = m->rx.host_early = false;
	m->rx.start_at = m->now;
	m->rx.counter = 0;
	take_faults(m);
}

static void ask(struct cs8900a_model *m)
{
	if (m->wire->ops->receive(m->wire, m->target, &m->rx.frame) > 0) {
		if (m->rx.frame.len > CS8900A_WIRE_MAX - 4)
			m->rx.frame.len = CS8900A_WIRE_MAX - 4;
		m->rx.waiting = true;
		return;
	}
	m->rx.asked_at = m->target;
	m->rx.poll_at = m->wire->poll_ns ? m->target + m->wire->poll_ns : CSM_NEVER;
}

static void set_crc(struct cs8900a_wire_frame *f, bool right)
{
	uint32_t crc = ~csm_crc(f->data, f->len - 4);

	for (unsigned i = 0; i < 4; i++)
		f->data[f->len - 4 + i] = (uint8_t)(crc >> 8 * i);
	if (!right)
		f->data[f->len - 1] ^= 0x5A;
}

static bool crc_right(const struct cs8900a_wire_frame *f)
{
	uint32_t crc;

	if (f->len < 5)
		return false;
	crc = ~csm_crc(f->data, f->len - 4);
	return f->data[f->len - 4] == (uint8_t)crc && f->data[f->len - 3] == (uint8_t)(crc >> 8)
		&& f->data[f->len - 2] == (uint8_t)(crc >> 16)
		&& f->data[f->len - 1] == (uint8_t)(crc >> 24);
}

/* Every frame has a CRC on the wire, and bad_crc is the truth about it. */
static void complete(struct cs8900a_wire_frame *f)
{
	if (!f->has_crc) {
		f->len += 4;
		f->has_crc = true;
		set_crc(f, !f->bad_crc);
	} else if (f->bad_crc && crc_right(f)) {
		f->data[f->len - 1] ^= 0x5A;
	}
	f->bad_crc = !crc_right(f);
}

static void resize(struct cs8900a_wire_frame *f, unsigned len)
{
	if (len < 4)
		len = 4;
	if (len > f->len)
		memset(f->data + f->len - 4, 0, len - f->len + 4);
	f->len = len;
	set_crc(f, true);
	f->bad_crc = len < 5;
}

static void inject(struct cs8900a_model *m, struct cs8900a_wire_frame *f)
{
	if (m->rx.inject.runt && f->len > m->rx.inject.runt)
		resize(f, m->rx.inject.runt);
	if (m->rx.inject.extra > f->len)
		resize(f, m->rx.inject.extra);
	if (m->rx.inject.dribble)
		f->dribble = true;
	if (m->rx.inject.crc_error && !f->bad_crc) {
		f->data[f->len - 1] ^= 0x5A;
		f->bad_crc = true;
	}
}

static void begin_waiting(struct cs8900a_model *m)
{
	uint64_t t = arrival(m);

	m->rx.waiting = false;
	m->last_was_tx = false;
	begin(m, false);
	if (t < m->rx.start_at)
		m->rx.start_at = t; /* it came before the end was asked again */
	complete(&m->rx.frame);
	inject(m, &m->rx.frame);
	m->rx.end_at = byte_time(m, m->rx.frame.len);
}

static void end(struct cs8900a_model *m)
{
	m->rx.active = false;
	m->rx.last_end = m->now;
	m->rx.poll_at = 0;
	if (m->rx.deaf)
		return;
	if (m->rx.inject.lose) {
		csm_ram_unstore(m);
		return;
	}
	csm_accept(m, &m->rx.frame);
}

void csm_rx_step(struct cs8900a_model *m)
{
	if (!m->rx.active) {
		if (m->rx.waiting)
			begin_waiting(m);
		else
			ask(m);
		return;
	}
	if (!m->rx.deaf && !m->rx.dest_done && byte_time(m, DEST_BYTES) <= m->now) {
		m->rx.dest_done = true;
		csm_rx_early(m);
	} else if (!m->rx.deaf && m->rx.dest_passed && !m->rx.rx128_done
		&& byte_time(m, EARLY_BYTES) <= m->now) {
		m->rx.rx128_done = true;
		csm_rx_early(m);
	}
	if (!m->rx.from_peer && m->rx.end_at <= m->now)
		end(m);
}

void csm_rx_peer_start(struct cs8900a_model *m)
{
	if (!m->rx.active)
		begin(m, true);
}

void csm_rx_peer_end(struct cs8900a_model *m, const struct cs8900a_wire_frame *f)
{
	if (!m->rx.active || !m->rx.from_peer)
		return;
	if (!f) {
		csm_rx_cut(m);
		return;
	}
	m->rx.frame = *f;
	m->rx.frame.has_crc = true; /* inhibited: the last four bytes stand for it */
	complete(&m->rx.frame);
	inject(m, &m->rx.frame);
	end(m);
}

/* A collision: what has come of it is no frame. */
void csm_rx_cut(struct cs8900a_model *m)
{
	if (!m->rx.active)
		return;
	m->rx.active = false;
	m->rx.last_end = m->now;
	m->rx.poll_at = 0;
	if (!m->rx.deaf)
		m->stats.rx_fragments++;
	csm_ram_unstore(m);
}

/* Our own frame comes back as it ends; what may be arriving outside is not heard meanwhile. */
void csm_rx_loop(struct cs8900a_model *m, const struct cs8900a_wire_frame *f)
{
	struct cs8900a_wire_frame copy = *f;

	if (!m->initd || !(m->linectl & CS_LINECTL_SERRXON) || (m->rx.active && !m->rx.deaf))
		return;
	take_faults(m);
	copy.has_crc = true;
	complete(&copy);
	inject(m, &copy);
	if (!m->rx.inject.lose)
		csm_accept(m, &copy);
}

uint32_t csm_rx_arrived(const struct cs8900a_model *m)
{
	const struct cs8900a_model *peer;
	uint64_t n;
	uint32_t most = m->rx.frame.len;

	if (!m->rx.active || m->now < m->rx.start_at + CSM_PREAMBLE_NS)
		return 0;
	n = (m->now - m->rx.start_at - CSM_PREAMBLE_NS) / CSM_BYTE_NS;
	if (m->rx.from_peer) {
		peer = csm_peer(m);
		most = peer && peer->tx.count ? peer->tx.frame[peer->tx.head].len : 0;
	}
	return n < most ? (uint32_t)n : most;
}
