/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive where a filter writes plain frames into a ring of its own (afp_bpf.h): from the ring's
 * records and the socket's slots, in the order in which they arrived, to mbufs. Called by
 * afp_rx.c's burst function in the worker.
 */
#include <errno.h>
#include <string.h>
#include <linux/if_packet.h>

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "afp.h"
#include "afp_bpf.h"

#define THICK 8      /* plain slots in one burst that make the ring worth it */
#define ELSEWHERE 16 /* such bursts, while the ring stays empty, that make another CPU its owner */

static bool slot_ready(const struct afp_rxq *q)
{
	return __atomic_load_n(&afp_rx_slot(q)->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static uint32_t head_of(const struct afp_bpf *b)
{
	return atomic_load_explicit(&b->shared->head, memory_order_acquire) & ~1u;
}

static const uint8_t *record_at(const struct afp_bpf *b, uint32_t pos)
{
	return b->shared->unit + ((pos / 2 % RING_UNITS) << RING_UNIT_SHIFT);
}

/* An epoch by its lowest bits: the latest such one that was asked for. */
static uint32_t epoch_of(const struct afp_bpf *b, uint32_t low, uint32_t mask)
{
	return b->asked - ((b->asked - low) & mask);
}

static void set_open(struct afp_bpf *b, uint32_t epoch)
{
	b->open = epoch;
	b->search = 0;
}

/*
 * An epoch began, which the caller saw before this; its first frame was not read yet. Is it not in
 * the socket either? It is in the next nb_slots, if anywhere.
 */
static bool lost(struct afp_bpf *b, const struct afp_rxq *q)
{
	if (!slot_ready(q))
		return true;
	if (b->search == 0)
		b->search = b->slots + q->nb_slots;
	return b->slots >= b->search;
}

/* A slot that is short on purpose becomes whole. Returns its epoch, 0: no epoch's first frame. */
static uint32_t mend(struct afp_rxq *q, struct tpacket2_hdr *h)
{
	struct afp_bpf *b = q->bpf;
	uint32_t cut = h->tp_len - h->tp_snaplen;

	if (h->tp_len > b->longest || cut > RING_EPOCHS)
		return 0; /* longer than a slot, and the queue for those was full */
	memcpy((uint8_t *)h + h->tp_mac + h->tp_snaplen,
		(const uint8_t *)&b->shared->cut[cut - 1] + sizeof(uint64_t) - cut, cut);
	return epoch_of(b, cut - 1, RING_EPOCHS - 1);
}

/* Could the program have taken it? The slot's part of the answer, before it is given back. */
static bool fits(const struct afp_bpf *b, const struct tpacket2_hdr *h)
{
	return !(h->tp_status & (TP_STATUS_COPY | TP_STATUS_VLAN_VALID)) && h->tp_len <= b->longest;
}

static bool is_plain(const struct rte_mbuf *m)
{
	uint64_t sum = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	return !(m->ol_flags & RTE_MBUF_F_RX_LRO) &&
	       (sum == 0 || sum == RTE_MBUF_F_RX_L4_CKSUM_GOOD);
}

/* As afp_rx_take_slot(). */
static int take_slot(struct afp_rxq *q, struct rte_mbuf **out, bool *plain)
{
	struct tpacket2_hdr *h = afp_rx_slot(q);
	const uint32_t len = h->tp_snaplen;
	uint32_t epoch = 0;
	int r = 0;

	q->bpf->slots++;
	if (unlikely(len == 1)) { /* it was there to wake us */
		afp_rx_free_slot(q);
		return 0;
	}
	if (unlikely(len < h->tp_len && !(h->tp_status & TP_STATUS_COPY)))
		epoch = mend(q, h);
	if (epoch)
		h->tp_snaplen = h->tp_len;
	*plain = fits(q->bpf, h);
	r = afp_rx_take_slot(q, out);
	if (unlikely(r < 0))
		h->tp_snaplen = len;
	else if (unlikely((int32_t)(epoch - q->bpf->open) > 0))
		set_open(q->bpf, epoch);
	if (r > 0)
		*plain &= is_plain(*out);
	return r;
}

static uint32_t record_epoch(const struct afp_bpf *b)
{
	uint32_t header;

	memcpy(&header, record_at(b, b->pos), sizeof(header));
	return epoch_of(b, RING_EPOCH(header), 0xff);
}

/*
 * Records as far as `end`, of epochs that are open. Returns how many; *failed: there is no mbuf.
 */
static uint16_t take_records(
	struct afp_rxq *q, uint32_t end, struct rte_mbuf **pkts, uint16_t n, bool *failed)
{
	struct afp_bpf *b = q->bpf;
	uint16_t got = 0;

	while (b->pos != end && got < n) {
		const uint8_t *r = record_at(b, b->pos);
		uint32_t header, len, size;
		struct rte_mbuf *m;

		if (unlikely((int32_t)(record_epoch(b) - b->open) > 0))
			break;
		memcpy(&header, r, sizeof(header));
		rte_prefetch0(r + 3 * RING_UNIT);
		len = RING_LEN(header);
		size = (len + RING_HEADER + RING_UNIT - 1) / RING_UNIT * 2;
		if (unlikely(len > RING_LONGEST || size > end - b->pos)) {
			q->errors++; /* not what the program wrote */
			b->pos = end;
			break;
		}
		m = afp_rx_copy(q, r + RING_HEADER, len);
		if (unlikely(m == NULL)) {
			q->nombuf++;
			*failed = true;
			break;
		}
		m->port = q->port;
		if (unlikely(RING_SUMMED(header) == b->good))
			m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		b->pos += size;
		pkts[got++] = m;
	}
	return got;
}

static void stop_asking(struct afp_bpf *b)
{
	b->wanted = false;
	b->elsewhere = 0;
	atomic_store_explicit(&b->shared->want, 0, memory_order_relaxed);
}

/* Plain frames come thick, and by the socket: ask for the ring, if it is not on its way. */
static void ask(struct afp_rxq *q)
{
	struct afp_bpf *b = q->bpf;
	struct ring_shared *s = b->shared;
	uint32_t state = atomic_load_explicit(
		&s->state[b->asked % RING_EPOCHS], memory_order_acquire);
	uint32_t cpu = atomic_load_explicit(&s->last_cpu, memory_order_relaxed);
	bool closed = state == (b->asked | RING_CLOSED), begun = closed || state == b->asked;

	if (b->wanted && !closed) {
		/* They come from another CPU, or from before. */
		if (cpu != atomic_load_explicit(&s->owner, memory_order_relaxed) &&
			(!begun || ++b->elsewhere >= ELSEWHERE))
			stop_asking(b);
		return;
	}
	if (b->open != b->asked) {
		if (begun && !lost(b, q))
			return;
		set_open(b, b->asked);
	}
	b->asked = b->asked + 1 < RING_CLOSED ? b->asked + 1 : 1;
	b->open = b->asked - 1; /* another number only where they begin anew */
	b->wanted = true;
	b->elsewhere = 0;
	atomic_store_explicit(&s->owner, cpu, memory_order_relaxed);
	atomic_store_explicit(&s->want, b->asked, memory_order_release);
}

uint16_t afp_ring_burst(struct afp_rxq *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct afp_bpf *b = q->bpf;
	const uint32_t start = b->pos;
	uint16_t got = 0, by_ring = 0, nb_plain = 0, other = 0;
	bool failed = false;

	while (got < n) {
		bool plain = false, search = false, ready = slot_ready(q);
		uint32_t head = head_of(b);
		int r;

		/* What stood in the ring when the slot was seen comes before it. */
		if (ready && !b->held) {
			b->held = true;
			b->until = head;
		}
		if (b->pos != head) {
			uint32_t end = b->held ? b->until : head;

			r = take_records(q, end, pkts + got, n - got, &failed);
			got += r;
			by_ring += r;
			if (got == n || failed)
				break;
			if (b->pos != end && lost(b, q)) {
				set_open(b, record_epoch(b));
				continue;
			}
			search = b->pos != end;
		}
		if (!b->held && !search)
			break;
		r = take_slot(q, &pkts[got], &plain);
		if (unlikely(r < 0))
			break;
		b->held = false;
		got += r;
		nb_plain += r > 0 && plain;
		other += r > 0 && !plain;
	}
	if (b->pos != start)
		atomic_store_explicit(&b->shared->tail, b->pos, memory_order_release);
	if (by_ring)
		b->elsewhere = 0;
	if (nb_plain >= THICK && !other)
		ask(q);
	q->by_ring += by_ring;
	for (uint16_t i = 0; i < got; i++)
		q->bytes += pkts[i]->pkt_len;
	q->packets += got;
	return got;
}

/*
 * Before the worker sleeps, whom only the socket wakes: what the program has under way is seen by
 * the burst that follows, or told of by a slot. -EAGAIN: there are records all the same (that
 * found no mbuf).
 */
int afp_ring_rest(struct afp_rxq *q)
{
	struct afp_bpf *b = q->bpf;

	if (b == NULL)
		return 0;
	if (b->wanted) {
		stop_asking(b);
		atomic_thread_fence(memory_order_seq_cst);
	}
	return b->pos == head_of(b) ? 0 : -EAGAIN;
}

/* Throws away what is there. The socket has been emptied, and gets nothing. */
void afp_ring_discard(struct afp_rxq *q)
{
	struct afp_bpf *b = q->bpf;

	if (b == NULL)
		return;
	stop_asking(b);
	b->held = false;
	b->pos = head_of(b);
	set_open(b, b->asked);
	atomic_store_explicit(&b->shared->tail, b->pos, memory_order_release);
}
