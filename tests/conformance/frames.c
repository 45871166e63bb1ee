/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames: what is in them, how they go from one side to the other, and whether they came as they
 * left. Every frame's content follows from its number, so a mixed up or damaged one is seen.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "conformance.h"

#define HEAD 14

void inbox_init(struct inbox *box)
{
	*box = (struct inbox){.tail = &box->head};
}

static struct kept *add(struct inbox *box, unsigned len)
{
	struct kept *k = malloc(sizeof(*k) + len);

	assert_non_null(k);
	*k = (struct kept){.len = len};
	*box->tail = k;
	box->tail = &k->next;
	box->n++;
	return k;
}

void inbox_put(struct inbox *box, const struct rte_mbuf *m, uint8_t pkt_type)
{
	struct kept *k = add(box, m->pkt_len);
	unsigned at = 0;

	k->pkt_type = pkt_type;
	for (; m; at += m->data_len, m = m->next)
		memcpy(k->data + at, rte_pktmbuf_mtod(m, void *), m->data_len);
	assert_int_equal(at, k->len);
}

void inbox_put_bytes(struct inbox *box, const uint8_t *data, unsigned len)
{
	memcpy(add(box, len)->data, data, len);
}

struct kept *inbox_get(struct inbox *box)
{
	struct kept *k = box->head;

	if (k == NULL)
		return NULL;
	box->head = k->next;
	if (box->head == NULL)
		box->tail = &box->head;
	box->n--;
	return k;
}

void inbox_empty(struct inbox *box)
{
	struct kept *k;

	while ((k = inbox_get(box)))
		free(k);
}

void frame_fill(struct put *t, uint8_t *frame, unsigned len, uint32_t seed, bool to_port)
{
	static const uint8_t far[6] = {2, 0, 0, 0, 0xfe, 1}, near[6] = {2, 0, 0, 0, 0xfe, 2};
	struct rte_ether_addr mac;
	uint32_t x = seed * 2654435761u + 1;
	uint8_t head[HEAD + 4];

	for (unsigned i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		frame[i] = x >> 24;
	}
	assert_int_equal(rte_eth_macaddr_get(t->port.port_id, &mac), 0);
	memcpy(head, to_port ? mac.addr_bytes : far, 6);
	memcpy(head + 6, to_port ? far : near, 6);
	head[12] = FRAME_TYPE >> 8;
	head[13] = FRAME_TYPE & 0xff;
	memcpy(head + HEAD, &seed, 4);
	memcpy(frame, head, len < sizeof(head) ? len : sizeof(head));
}

uint32_t frame_seed(const uint8_t *frame)
{
	uint32_t seed;

	memcpy(&seed, frame + HEAD, 4);
	return seed;
}

struct rte_mbuf *frame_mbuf(struct put *t, const uint8_t *frame, unsigned len)
{
	return frame_chain(t, frame, len, len);
}

/* A piece that does not fit an mbuf is continued in the next. */
struct rte_mbuf *frame_chain(struct put *t, const uint8_t *frame, unsigned len, unsigned piece)
{
	struct rte_mbuf *head = NULL;
	unsigned at = 0;

	do {
		struct rte_mbuf *m = rte_pktmbuf_alloc(t->pool);
		unsigned n = RTE_MIN(len - at, RTE_MIN(piece, 2048u));

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, n), frame + at, n);
		if (head)
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
		else
			head = m;
		at += n;
	} while (at < len);
	return head;
}

static void pump_peer(struct put *t)
{
	t->type->ops->read(t);
}

static bool is_ours(const struct rte_mbuf *m)
{
	uint8_t type[2];
	const uint8_t *p = rte_pktmbuf_read(m, 12, 2, type);

	return p && p[0] == FRAME_TYPE >> 8 && p[1] == (FRAME_TYPE & 0xff);
}

/* What the kernel says by itself on an interface that comes up is not the test's. */
static void poll_raw(struct put *t)
{
	struct rte_mbuf *m[32];

	for (uint16_t q = 0; q < t->queues && rig_turn(); q++) {
		uint16_t n = rte_eth_rx_burst(t->port.port_id, q, m, 32);

		for (uint16_t i = 0; i < n; i++) {
			rte_mbuf_sanity_check(m[i], 1);
			if (is_ours(m[i]))
				inbox_put(&t->to_skiff, m[i], 0);
			rte_pktmbuf_free(m[i]);
		}
	}
}

static void pump_port(struct put *t)
{
	if (t->type->ops->settle)
		t->type->ops->settle(t);
	if (t->raw)
		poll_raw(t);
	else
		skiff_turns(t, 1);
}

void peer_sends(struct put *t, const uint8_t *frame, unsigned len)
{
	/* A port takes what is sent to it; some lend the room for it when they poll. */
	if (!patiently(PATIENCE, t->type->ops->send(t, frame, len) || (pump_port(t), false)))
		fail_msg("the peer cannot send %u bytes", len);
}

struct kept *port_receives(struct put *t, double seconds)
{
	patiently(seconds, (t->to_skiff.n || (pump_port(t), t->to_skiff.n)));
	return inbox_get(&t->to_skiff);
}

void port_sends(struct put *t, struct rte_mbuf *m)
{
	if (!t->raw) {
		skiff_send(t, m);
		return;
	}
	if (!patiently(PATIENCE, ((rig_turn() && rte_eth_tx_burst(t->port.port_id, 0, &m, 1) == 1) ||
					  (pump_peer(t), false))))
		fail_msg("the driver does not take %u bytes in %u segments", m->pkt_len, m->nb_segs);
}

struct kept *peer_receives(struct put *t, double seconds)
{
	patiently(seconds, (t->from_port.n || (pump_peer(t), t->from_port.n) ||
				    (pump_port(t), false)));
	return inbox_get(&t->from_port);
}

void expect_frame(struct kept *got, const uint8_t *frame, unsigned len, unsigned padded)
{
	if (got == NULL)
		fail_msg("a frame of %u bytes did not arrive", len);
	if (got->len != len && got->len != padded)
		fail_msg("a frame of %u bytes arrived with %u", len, got->len);
	for (unsigned i = 0; i < len; i++)
		if (got->data[i] != frame[i])
			fail_msg("a frame of %u bytes differs at %u: %02x, sent was %02x", len, i,
				got->data[i], frame[i]);
	for (unsigned i = len; i < got->len; i++)
		if (got->data[i] != 0)
			fail_msg("a frame of %u bytes is padded with %02x", len, got->data[i]);
	free(got);
}

void pass_in(struct put *t, unsigned len, uint32_t seed)
{
	static uint8_t frame[FRAME_MAX];

	frame_fill(t, frame, len, seed, true);
	peer_sends(t, frame, len);
	expect_frame(port_receives(t, PATIENCE), frame, len, len);
}

void pass_out(struct put *t, unsigned len, uint32_t seed)
{
	static uint8_t frame[FRAME_MAX];

	frame_fill(t, frame, len, seed, false);
	port_sends(t, frame_mbuf(t, frame, len));
	expect_frame(peer_receives(t, PATIENCE), frame, len, len);
}

void pass_some(struct put *t)
{
	static const unsigned lengths[] = {60, 64, 597, 1514};

	for (unsigned i = 0; i < RTE_DIM(lengths) && !t->type->blind; i++) {
		pass_out(t, lengths[i], i);
		pass_in(t, lengths[i], i);
	}
}
