/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reassembly (RFC 791 3.2), called by ip4_local and by whoever needs whole datagrams earlier. A
 * queue per (source, destination, identification, protocol, user) keeps the fragments as they came
 * and a bit for each 8 bytes that are there: a fragment all of whose bits are set is a duplicate,
 * one with some is an overlap and ends the datagram (as Linux, after RFC 5722). The work per
 * fragment does not depend on how many there are. Memory is charged by buffer, not by length; the
 * queue longest without news makes room.
 */

#include "ip4/ip4_reassemble.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/dp.h"
#include "core/ledger.h"
#include "core/timer.h"
#include "dev/netdev.h"
#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "ip4/ip4_addr.h"
#include "ip4/ip4_range.h"
#include "wire/icmp.h"
#include "wire/ip4.h"

#define QUEUES 2048
#define BUCKETS 2048
#define WORDS ((IP4_PKT_MAX / 8 + 1) / 64)

enum {
	FIRST_IN = 1,
	LAST_IN = 2,
	UNSORTED = 4,
};

struct key {
	rte_be32_t saddr, daddr;
	rte_be16_t id;
	uint8_t protocol, user;
};

struct queue {
	struct timer timer;           /* first: the callback's way back */
	struct queue *hash_next;
	struct queue *newer, *older;  /* by last fragment; `newer` links the free list, too */
	struct key key;
	struct skb *head, *tail;
	uint32_t n;
	uint32_t bytes;
	uint32_t len;                 /* of the data, as far as known */
	uint32_t meat;                /* of it, how much is there */
	uint16_t max_size, max_df_size;
	uint8_t flags;
	uint8_t ecn;                  /* bit n: code point n was seen */
	uint64_t map[WORDS];
};

struct ip4_reasm {
	struct holder holder;
	struct queue *bucket[BUCKETS];
	struct queue *newest, *oldest, *free;
	uint64_t seed[2];
	uint64_t bytes;
	uint64_t evicted;
	uint64_t skbs;
	uint32_t queues;
	struct queue queue[QUEUES];
};

static uint32_t hash(const struct ip4_reasm *t, const struct key *k)
{
	uint64_t a = ((uint64_t)k->saddr << 32 | k->daddr) ^ t->seed[0];
	uint64_t b = ((uint64_t)k->id << 16 | (uint32_t)k->protocol << 8 | k->user) ^ t->seed[1];

	a *= UINT64_C(0x9E3779B97F4A7C15);
	a = (a ^ a >> 32 ^ b) * UINT64_C(0xD6E8FEB86659FD93);
	return (uint32_t)(a >> 40) % BUCKETS;
}

static bool key_equal(const struct key *a, const struct key *b)
{
	return a->saddr == b->saddr && a->daddr == b->daddr && a->id == b->id &&
	       a->protocol == b->protocol && a->user == b->user;
}

/* The list by last fragment. */

static void list_remove(struct ip4_reasm *t, struct queue *q)
{
	*(q->newer ? &q->newer->older : &t->newest) = q->older;
	*(q->older ? &q->older->newer : &t->oldest) = q->newer;
}

static void list_add(struct ip4_reasm *t, struct queue *q)
{
	q->newer = NULL;
	q->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = q;
	t->newest = q;
}

/* Queues come and go. */

static void queue_free(struct worker *w, struct queue *q)
{
	struct ip4_reasm *t = w->ip4->reasm;
	struct queue **link = &t->bucket[hash(t, &q->key)];

	while (*link != q)
		link = &(*link)->hash_next;
	*link = q->hash_next;
	list_remove(t, q);
	timer_del(w, &q->timer);
	t->bytes -= q->bytes;
	t->skbs -= q->n;
	t->queues--;
	q->newer = t->free;
	t->free = q;
}

/* The fragments of a queue that is given up. */
static void drop_parts(struct worker *w, struct skb *list, enum drop_reason reason)
{
	for (struct skb *next; list; list = next) {
		next = list->next;
		list->next = NULL;
		skb_drop(w, list, reason);
	}
}

static void give_up(struct worker *w, struct queue *q, enum drop_reason reason)
{
	struct skb *list = q->head;

	queue_free(w, q);
	ip4_count(w, MIB_IpReasmFails);
	drop_parts(w, list, reason);
}

/* Take the first fragment out of the list; it is there. */
static struct skb *take_first(struct queue *q)
{
	struct skb **link = &q->head, *skb;

	while (ip4_cb(*link)->part_from)
		link = &(*link)->next;
	skb = *link;
	*link = skb->next;
	skb->next = NULL;
	return skb;
}

/* RFC 792: the destination reports it, if it has the first fragment. */
static bool to_be_reported(const struct worker *w, const struct queue *q)
{
	return q->flags & FIRST_IN && (q->key.user == IP4_REASM_LOCAL ||
		ip4_addr_type(w->dp, q->key.daddr) == FIB_LOCAL);
}

static void expire(struct worker *w, struct timer *timer)
{
	struct queue *q = (struct queue *)timer;

	ip4_count(w, MIB_IpReasmTimeout);
	if (to_be_reported(w, q)) {
		struct skb *first = take_first(q);

		w->ip4->reasm->skbs--;
		q->n--;
		first->dev = netdev_get(w->dp, first->iif); /* it may have gone meanwhile */
		icmp_send_error(w, first, ICMP_TIME_EXCEEDED, ICMP_EXCEEDED_FRAG, 0,
			DROP_REASM_TIMEOUT);
	}
	give_up(w, q, DROP_REASM_TIMEOUT);
}

static void evict(struct worker *w, uint64_t limit)
{
	struct ip4_reasm *t = w->ip4->reasm;

	while (t->oldest && (t->bytes > limit || !t->free)) {
		t->evicted++;
		give_up(w, t->oldest, DROP_REASM_MEMORY);
	}
}

/* Above the limit, room is made down to three quarters of it (Linux's low threshold). */
static void make_room(struct worker *w, uint32_t bytes)
{
	struct ip4_reasm *t = w->ip4->reasm;
	uint64_t high = atomic_load_explicit(&w->dp->conf.frag_high_bytes, memory_order_relaxed);

	if (t->bytes + bytes > high)
		evict(w, high / 4 * 3 > bytes ? high / 4 * 3 - bytes : 0);
}

static struct queue *queue_new(struct worker *w, const struct key *key)
{
	struct ip4_reasm *t = w->ip4->reasm;
	uint32_t timeout = atomic_load_explicit(&w->dp->conf.frag_timeout_s, memory_order_relaxed);
	struct queue **link = &t->bucket[hash(t, key)], *q;

	if (!t->free)
		evict(w, UINT64_MAX);
	q = t->free;
	t->free = q->newer;
	memset(q, 0, sizeof(*q));
	q->key = *key;
	q->hash_next = *link;
	*link = q;
	q->bytes = sizeof(*q);
	t->bytes += q->bytes;
	t->queues++;
	list_add(t, q);
	q->timer.fn = expire;
	timer_set(w, &q->timer, w->now + worker_msec(w, timeout * UINT64_C(1000)));
	return q;
}

static struct queue *queue_get(struct worker *w, const struct key *key)
{
	struct ip4_reasm *t = w->ip4->reasm;

	for (struct queue *q = t->bucket[hash(t, key)]; q; q = q->hash_next)
		if (key_equal(&q->key, key))
			return q;
	return queue_new(w, key);
}

/* How many of the 8-byte units [from, to) are there already. */
static uint32_t map_count(const struct queue *q, uint32_t from, uint32_t to)
{
	uint32_t n = 0;

	for (uint32_t i = from; i < to;) {
		uint32_t bits = RTE_MIN(64 - i % 64, to - i);
		uint64_t mask = (bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1) << i % 64;

		n += (uint32_t)__builtin_popcountll(q->map[i / 64] & mask);
		i += bits;
	}
	return n;
}

static void map_set(struct queue *q, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to;) {
		uint32_t bits = RTE_MIN(64 - i % 64, to - i);

		q->map[i / 64] |= (bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1) << i % 64;
		i += bits;
	}
}

/* Does the fragment agree with what is known of the datagram's end? Learns it from the last. */
static bool end_agrees(struct queue *q, const struct ip4_cb *cb, bool more)
{
	if (more) {
		if (cb->part_to <= q->len)
			return true;
		if (q->flags & LAST_IN)
			return false;
	} else {
		if (cb->part_to < q->len || (q->flags & LAST_IN && cb->part_to != q->len))
			return false;
		q->flags |= LAST_IN;
	}
	q->len = cb->part_to;
	return true;
}

static void add_part(struct worker *w, struct queue *q, struct skb *skb)
{
	struct ip4_reasm *t = w->ip4->reasm;
	const struct ip4_hdr *ip = skb_data(skb);
	const struct ip4_cb *cb = ip4_cb(skb);
	uint32_t bytes = skb_truesize(skb);

	skb->next = NULL;
	if (q->tail && ip4_cb(q->tail)->part_from > cb->part_from)
		q->flags |= UNSORTED;
	*(q->tail ? &q->tail->next : &q->head) = skb;
	q->tail = skb;
	q->n++;
	q->bytes += bytes;
	q->meat += cb->part_to - cb->part_from;
	q->flags |= cb->part_from ? 0 : FIRST_IN;
	q->ecn |= (uint8_t)(1 << (ip->tos & IP4_ECN_MASK));
	q->max_size = RTE_MAX(q->max_size, ip4_tot_len(ip));
	if (ip->frag_off & htons(IP4_DF))
		q->max_df_size = RTE_MAX(q->max_df_size, ip4_tot_len(ip));
	t->bytes += bytes;
	t->skbs++;
	list_remove(t, q);
	list_add(t, q);
}

/* Merge sort of the list by place. */
static struct skb *merge(struct skb *a, struct skb *b)
{
	struct skb *list = NULL, **tail = &list;

	while (a && b) {
		struct skb **least = ip4_cb(a)->part_from <= ip4_cb(b)->part_from ? &a : &b;

		*tail = *least;
		tail = &(*least)->next;
		*least = *tail;
	}
	*tail = a ? a : b;
	return list;
}

static struct skb *sort(struct skb *list)
{
	struct skb *level[16] = { NULL }; /* level i: a sorted list of 2^i */
	unsigned int i;

	while (list) {
		struct skb *one = list;

		list = list->next;
		one->next = NULL;
		for (i = 0; i < RTE_DIM(level) - 1 && level[i]; i++) {
			one = merge(level[i], one);
			level[i] = NULL;
		}
		level[i] = merge(level[i], one);
	}
	for (i = 0; i < RTE_DIM(level); i++)
		list = merge(level[i], list);
	return list;
}

/* RFC 3168 5.3: congestion seen by one fragment was seen by the datagram. */
static bool ecn_merge(const struct queue *q, uint8_t *tos)
{
	const uint8_t ce = 1 << 3, not_ect = 1 << 0;

	if (!(q->ecn & ce))
		return true;
	if (q->ecn & not_ect)
		return false;
	*tos |= 3;
	return true;
}

/* The datagram's header out of the first fragment's; the rest from the one that came last. */
static struct skb *new_head(struct worker *w, const struct queue *q, struct skb *first,
	const struct skb *last)
{
	const struct ip4_hdr *ip = skb_data(first);
	const uint32_t hlen = ip4_hdr_len(ip);
	struct skb *skb = skb_get_new(w);
	struct ip4_hdr *h;

	if (!skb)
		return NULL;
	h = skb_put(skb, hlen);
	memcpy(h, ip, hlen);
	h->tot_len = htons((uint16_t)(hlen + q->len));
	/* fragments that could not be cut smaller: nor can the whole (Linux's IPSKB_FRAG_PMTU) */
	h->frag_off = q->max_df_size && q->max_df_size == q->max_size ? htons(IP4_DF) : 0;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, (int)hlen);
	memcpy(skb->cb, first->cb, sizeof(skb->cb));
	skb->frag_max_size = q->max_size;
	skb->dev = last->dev;
	skb->nh = last->nh;
	skb->nh_id = last->nh_id;
	skb->iif = first->iif;
	skb->mark = first->mark;
	skb->priority = first->priority;
	skb->protocol = first->protocol;
	skb->pkt_type = first->pkt_type;
	skb->depth = last->depth;
	skb->flags |= first->flags & (SKB_F_LOCAL | SKB_F_IPOPT);
	return skb;
}

static bool append_parts(struct worker *w, struct skb *skb, struct skb *list)
{
	for (; list; list = list->next) {
		const struct ip4_cb *cb = ip4_cb(list);

		if (!ip4_append_range(w, skb, list, ip4_hdr_len(skb_data(list)),
			    cb->part_to - cb->part_from))
			return false;
	}
	return true;
}

static struct skb *complete(struct worker *w, struct queue *q, const struct skb *last)
{
	uint8_t tos;
	struct skb *skb;

	if (q->flags & UNSORTED)
		q->head = sort(q->head);
	tos = ((const struct ip4_hdr *)skb_data(q->head))->tos;
	if (!ecn_merge(q, &tos)) {
		give_up(w, q, DROP_REASM_ECN);
		return NULL;
	}
	if (ip4_hdr_len(skb_data(q->head)) + q->len > IP4_PKT_MAX) {
		give_up(w, q, DROP_REASM_TOO_LONG);
		return NULL;
	}
	skb = new_head(w, q, q->head, last);
	if (!skb || !append_parts(w, skb, q->head)) {
		if (skb)
			skb_drop(w, skb, DROP_NO_MEMORY);
		give_up(w, q, DROP_NO_MEMORY);
		return NULL;
	}
	((struct ip4_hdr *)skb_data(skb))->tos = tos;
	ip4_set_csum(skb_data(skb));
	ip4_count(w, MIB_IpReasmOKs);
	for (struct skb *part = q->head, *next; part; part = next) {
		next = part->next;
		part->next = NULL;
		skb_absorb(w, part);
	}
	queue_free(w, q);
	return skb;
}

static void refuse(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	ip4_count(w, MIB_IpReasmFails);
	skb_drop(w, skb, reason);
}

/* The queue and the fragment that broke it end together. */
static struct skb *break_up(struct worker *w, struct queue *q, struct skb *skb,
	enum drop_reason reason)
{
	give_up(w, q, reason);
	skb_drop(w, skb, reason);
	return NULL;
}

static struct skb *insert(struct worker *w, struct queue *q, struct skb *skb, bool more)
{
	const struct ip4_cb *cb = ip4_cb(skb);
	const uint32_t from = cb->part_from / 8, to = (cb->part_to + 7) / 8;
	uint32_t there = map_count(q, from, to);

	if (!end_agrees(q, cb, more))
		return break_up(w, q, skb, DROP_REASM_END);
	if (there == to - from) {
		skb_drop(w, skb, DROP_REASM_DUPLICATE);
		return NULL;
	}
	if (there) {
		ip4_count(w, MIB_IpExtReasmOverlaps);
		return break_up(w, q, skb, DROP_REASM_OVERLAP);
	}
	map_set(q, from, to);
	add_part(w, q, skb);
	if ((q->flags & (FIRST_IN | LAST_IN)) == (FIRST_IN | LAST_IN) && q->meat == q->len)
		return complete(w, q, skb);
	/* held over turns: no pointer to what may be gone then */
	skb->dev = NULL;
	skb->nh = NULL;
	return NULL;
}

struct skb *ip4_reassemble(struct worker *w, struct skb *skb, enum ip4_reasm_user user)
{
	const struct ip4_hdr *ip = skb_data(skb);
	const struct key key = {
		.saddr = ip->saddr, .daddr = ip->daddr, .id = ip->id,
		.protocol = ip->protocol, .user = (uint8_t)user,
	};
	const bool more = ip->frag_off & htons(IP4_MF);
	const uint32_t len = ip4_tot_len(ip) - ip4_hdr_len(ip);
	struct ip4_cb *cb = ip4_cb(skb);

	ip4_count(w, MIB_IpReasmReqds);
	if (!len) {
		refuse(w, skb, DROP_REASM_EMPTY);
		return NULL;
	}
	if (more && len % 8) {
		refuse(w, skb, DROP_REASM_LENGTH);
		return NULL;
	}
	cb->part_from = ip4_frag_offset(ip);
	cb->part_to = cb->part_from + len;
	make_room(w, skb_truesize(skb) + sizeof(struct queue)); /* it may start a queue */
	if (ip4_hdr_len(ip) + cb->part_to > IP4_PKT_MAX)
		return break_up(w, queue_get(w, &key), skb, DROP_REASM_TOO_LONG);
	return insert(w, queue_get(w, &key), skb, more);
}

static uint64_t held(const struct holder *h)
{
	return ((const struct ip4_reasm *)h)->skbs;
}

int ip4_reasm_init(struct worker *w)
{
	struct ip4_reasm *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	if (getrandom(t->seed, sizeof(t->seed), 0) != sizeof(t->seed)) {
		free(t);
		return -EIO;
	}
	for (unsigned int i = 0; i < QUEUES; i++) {
		t->queue[i].newer = t->free;
		t->free = &t->queue[i];
	}
	t->holder.name = "reassembly";
	t->holder.count = held;
	holder_add(w, &t->holder);
	w->ip4->reasm = t;
	return 0;
}

void ip4_reasm_fini(struct worker *w)
{
	struct ip4_reasm *t = w->ip4->reasm;

	if (!t)
		return;
	while (t->oldest)
		give_up(w, t->oldest, DROP_STOPPED);
	holder_remove(w, &t->holder);
	free(t);
	w->ip4->reasm = NULL;
}

void ip4_reasm_stats(const struct worker *w, struct ip4_reasm_stats *st)
{
	const struct ip4_reasm *t = w->ip4->reasm;

	*st = (struct ip4_reasm_stats){
		.queues = t->queues, .bytes = t->bytes, .evicted = t->evicted,
	};
}
