/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The 4 KB of packet memory: received frames in the order they came, beside what the transmit
 * buffer has. One received frame at a time is the host's (committed when its RxEvent is read); it
 * goes when it was read to its end, skipped, or the next one's RxEvent is read.
 */
#include "model_priv.h"

#define HEADER 4 /* RxStatus and RxLength */

uint32_t csm_ram_free(const struct cs8900a_model *m)
{
	return CS_RAM_SIZE - csm_tx_used(m) - m->rx.used - m->rx.in.room;
}

/* The first len bytes of the arriving frame, again and again as it grows. False: no room. */
bool csm_ram_store(struct cs8900a_model *m, const uint8_t *data, uint32_t len)
{
	struct csm_rx_entry *in = &m->rx.in;
	uint32_t room = HEADER + ((len + 1) & ~1u);

	if (room > in->room && room - in->room > csm_ram_free(m))
		return false;
	if (m->rx.count == CSM_RXQ)
		return false;
	in->off = m->rx.put;
	in->room = (uint16_t)room;
	in->len = (uint16_t)len;
	for (uint32_t i = 0; i < len; i++)
		m->rx.ram[(in->off + HEADER + i) % CS_RAM_SIZE] = data[i];
	return true;
}

void csm_ram_unstore(struct cs8900a_model *m)
{
	memset(&m->rx.in, 0, sizeof(m->rx.in));
	m->rx.host_early = false;
	m->bufevent &= ~(CS_BUFEVENT_RXDEST | CS_BUFEVENT_RX128);
	csm_tx_retry(m);
}

/* The arriving frame is in. An early host has it already. */
void csm_ram_push(struct cs8900a_model *m, uint16_t status, uint16_t len, bool data)
{
	struct csm_rx_entry *e = &m->rx.q[(m->rx.head + m->rx.count) % CSM_RXQ];

	*e = m->rx.in;
	e->status = status;
	e->len = len;
	e->data = data;
	e->committed = m->rx.host_early;
	e->reported = false;
	m->rx.count++;
	m->rx.put = (m->rx.put + e->room) % CS_RAM_SIZE;
	m->rx.used += e->room;
	memset(&m->rx.in, 0, sizeof(m->rx.in));
	m->rx.host_early = false;
}

static void pop(struct cs8900a_model *m)
{
	m->rx.used -= m->rx.q[m->rx.head].room;
	m->rx.head = (m->rx.head + 1) % CSM_RXQ;
	m->rx.count--;
	m->rx.cursor = 0;
	m->rx.half = 0;
	csm_tx_retry(m);
}

struct csm_rx_entry *csm_ram_current(struct cs8900a_model *m)
{
	struct csm_rx_entry *e = &m->rx.q[m->rx.head];

	if (m->rx.count)
		return e->committed ? e : NULL;
	return m->rx.active && m->rx.host_early ? &m->rx.in : NULL;
}

struct csm_rx_entry *csm_ram_unreported(struct cs8900a_model *m)
{
	struct csm_rx_entry *e = &m->rx.q[m->rx.head];

	if (!m->rx.count)
		return NULL;
	if (!e->reported)
		return e;
	return m->rx.count > 1 ? &m->rx.q[(m->rx.head + 1) % CSM_RXQ] : NULL;
}

void csm_ram_report(struct cs8900a_model *m)
{
	struct csm_rx_entry *e = csm_ram_unreported(m);

	if (e != &m->rx.q[m->rx.head]) {
		m->stats.rx_skipped++; /* implied */
		pop(m);
	}
	e->reported = true;
	if (!e->data) {
		pop(m);
	} else if (!e->committed) {
		e->committed = true;
		m->rx.cursor = 0;
		m->rx.half = 0;
	}
}

/* Skip_1. Of a frame that is still arriving the rest is not wanted either. */
void csm_ram_skip(struct cs8900a_model *m)
{
	struct csm_rx_entry *e = csm_ram_current(m);

	if (!e)
		return;
	m->stats.rx_skipped++;
	if (e == &m->rx.in) {
		m->rx.deaf = true;
		csm_ram_unstore(m);
		m->rx.cursor = m->rx.half = 0;
		return;
	}
	pop(m);
}

void csm_ram_clear(struct cs8900a_model *m)
{
	m->stats.rx_skipped += m->rx.count;
	m->rx.head = m->rx.count = 0;
	m->rx.put = m->rx.used = 0;
	m->rx.cursor = m->rx.half = 0;
	m->rx.counter = 0;
	memset(&m->rx.in, 0, sizeof(m->rx.in));
	m->rx.host_early = false;
}

static uint8_t byte_at(const struct cs8900a_model *m, const struct csm_rx_entry *e, uint32_t off)
{
	if (off < 2)
		return (uint8_t)((e->status | CS_REGNO_RXEVENT) >> 8 * off);
	if (off < HEADER)
		return (uint8_t)(e->len >> 8 * (off - 2));
	if (off >= HEADER + (uint32_t)e->len)
		return 0;
	return m->rx.ram[(e->off + off) % CS_RAM_SIZE];
}

static uint16_t word_at(const struct cs8900a_model *m, const struct csm_rx_entry *e, uint32_t off)
{
	return (uint16_t)(byte_at(m, e, off) | byte_at(m, e, off + 1) << 8);
}

/* The host has taken what is before the cursor; all of it: the frame goes. */
static void taken(struct cs8900a_model *m, const struct csm_rx_entry *e, uint32_t cursor)
{
	m->rx.cursor = cursor;
	m->rx.half = 0;
	if (e == &m->rx.in || cursor < HEADER + (uint32_t)e->len)
		return;
	if (!e->reported) /* read early to its end: RxEvent still has to tell how it went */
		return;
	m->stats.rx_read++;
	pop(m);
}

/* What has arrived since for a host that reads early. */
static struct csm_rx_entry *readable(struct cs8900a_model *m)
{
	struct csm_rx_entry *e = csm_ram_current(m);

	if (e == &m->rx.in)
		csm_rx_grow(m);
	return e;
}

/* Port 0, a word. */
uint16_t csm_ram_port(struct cs8900a_model *m)
{
	struct csm_rx_entry *e = readable(m);
	uint32_t at = m->rx.cursor & ~1u;
	uint16_t v;

	if (!e)
		return 0;
	v = word_at(m, e, at);
	if (e != &m->rx.in || at + 2 <= HEADER + (uint32_t)e->len)
		taken(m, e, at + 2);
	return v;
}

/* Port 0, a byte: the halves of a word in either order. */
uint8_t csm_ram_port8(struct cs8900a_model *m, unsigned odd)
{
	struct csm_rx_entry *e = readable(m);
	uint32_t at = m->rx.cursor & ~1u;
	uint8_t v;

	if (!e)
		return 0;
	v = byte_at(m, e, at + odd);
	m->rx.half |= (uint8_t)(1u << odd);
	if (m->rx.half == 3 || (!odd && at >= HEADER && at + 1 == HEADER + (uint32_t)e->len))
		taken(m, e, at + 2);
	return v;
}

/*
 * The window at 0400h: the first 118 bytes of data in any order, after them ascending. The cursor
 * is port 0's and follows what is read in sequence, with or without the two words of the header.
 */
static void follow(struct cs8900a_model *m, struct csm_rx_entry *e, unsigned off, unsigned width)
{
	if (off == m->rx.cursor || (off == HEADER && m->rx.cursor < HEADER))
		taken(m, e, off + width);
	else if (off + width > HEADER + CS_RX_ANY_ORDER)
		m->stats.out_of_order++;
}

uint16_t csm_ram_window(struct cs8900a_model *m, unsigned off)
{
	struct csm_rx_entry *e = readable(m);
	uint16_t v;

	if (!e)
		return 0;
	v = word_at(m, e, off);
	follow(m, e, off, 2);
	return v;
}

uint8_t csm_ram_window8(struct cs8900a_model *m, unsigned off)
{
	struct csm_rx_entry *e = readable(m);
	uint8_t v;

	if (!e)
		return 0;
	v = byte_at(m, e, off);
	follow(m, e, off, 1);
	return v;
}

/* 0050h: of the arriving frame, then the final count once, then 0. */
uint16_t csm_rx_counter(struct cs8900a_model *m)
{
	uint32_t n;

	if (m->rx.active && m->rx.dest_passed && !m->rx.deaf)
		return (uint16_t)csm_rx_arrived(m);
	n = m->rx.counter;
	m->rx.counter = 0;
	return (uint16_t)n;
}
