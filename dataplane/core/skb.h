/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket buffer: one packet on its way through the stack.
 *
 * An skb is the private area of its head mbuf, so mbuf <-> skb is pointer arithmetic and nothing is
 * allocated beside the mbuf. The geometry of the data is the mbuf's:
 *
 *	skb->head = buf_addr          skb->data = buf_addr + data_off
 *	skb_headlen = data_len        skb->len  = pkt_len
 *	end = buf_addr + buf_len      page fragments = the chain of further segments
 *
 * dataref is the data mbuf's reference count (clones are indirect mbufs); `users` counts references
 * to the skb itself. One worker owns an skb at a time; it moves between threads by ring only.
 * Nothing here allocates or frees: that is burst.h's (stages) and skb_alloc.h's (everybody else).
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

struct fib_nh;
struct netdev;
struct worker;

/* skb->pkt_type; the values of Linux's PACKET_*. */
enum skb_pkt_type {
	SKB_HOST = 0,
	SKB_BROADCAST = 1,
	SKB_MULTICAST = 2,
	SKB_OTHERHOST = 3,
	SKB_OUTGOING = 4,
	SKB_LOOPBACK = 5,
};

/* skb->ip_summed; the values of Linux's CHECKSUM_*. */
enum skb_csum {
	SKB_CSUM_NONE = 0,        /* nothing known: verify in software */
	SKB_CSUM_UNNECESSARY = 1, /* verified, or never left the host */
	SKB_CSUM_COMPLETE = 2,    /* skb->csum is the sum over all from the network header on */
	SKB_CSUM_PARTIAL = 3,     /* to be summed from csum_start into csum_start + csum_offset */
};

enum skb_flags {
	SKB_F_CLONED = 1 << 0,   /* data shared with a clone: read only */
	SKB_F_NOHDR = 1 << 1,    /* clone that must not touch headers */
	SKB_F_GSO = 1 << 2,      /* gso_size, gso_segs, gso_type are valid */
	SKB_F_TSTAMP = 1 << 3,   /* tstamp is valid */
	SKB_F_OWNED = 1 << 4,    /* sk, destructor and truesize are valid */
	SKB_F_FRAGLIST = 1 << 5, /* frag_list is valid: a list of whole skbs */
	SKB_F_TRACED = 1 << 6,   /* the tracer follows this skb; trace_id is valid */
	SKB_F_FCLONE = 1 << 7,   /* one half of an fclone pair */
	SKB_F_LOCAL_DF = 1 << 8, /* may be fragmented although DF is set */
	SKB_F_REROUTED = 1 << 9, /* POST_ROUTING was run already */
	SKB_F_CT = 1 << 10,      /* nfct is valid */
	SKB_F_LOCAL = 1 << 11,   /* made on this host, not received */
	SKB_F_IPOPT = 1 << 12,   /* cb holds parsed IPv4 options */
	SKB_F_VLAN = 1 << 13,    /* the mbuf's vlan_tci is a tag that is not in the data */
	SKB_F_PEEKED = 1 << 14,  /* counted by the protocol already */
	SKB_F_RESUME = 1 << 15,  /* resume is valid: left a hook point and came back */
};

enum skb_gso_type {
	SKB_GSO_TCPV4 = 1 << 0,
	SKB_GSO_UDP_L4 = 1 << 1,
	SKB_GSO_TCPV6 = 1 << 2,
	SKB_GSO_TCP_ECN = 1 << 3,
};

#define SKB_HDR_UNSET UINT16_MAX
#define SKB_CB_SIZE 48
#define SKB_MAX_FRAGS 18   /* 64 KB of 4 KB pages, and two: Linux's MAX_SKB_FRAGS */
#define SKB_DEPTH_MAX 8    /* rounds through the pipeline (tunnels, loopback) before LOOP */

/*
 * Where an skb left a hook point (queued, stolen): the hook's priority and registration number,
 * which order all hooks ever registered, so that the place is found in a replaced array too.
 */
struct skb_resume {
	uint8_t point;
	uint8_t repeat;
	int16_t priority;
	uint32_t generation;
};

/* First member of a connection-tracking entry, so that the engine can give it back. */
struct skb_ct {
	void (*put)(struct skb_ct *ct);
};

struct skb {
	/* line 0: written as a whole by dev/rx and the allocators, from a template */
	struct netdev *dev;        /* arrived on; from routing on: leaves by */
	const struct fib_nh *nh;   /* routing result; valid within one turn of the worker only */
	struct skb *next;          /* in the queue or list that holds the skb */
	uint16_t mac_header;       /* offsets from buf_addr, SKB_HDR_UNSET where not known */
	uint16_t network_header;
	uint16_t transport_header;
	rte_be16_t protocol;       /* ethertype */
	uint32_t iif;              /* netdev index of the first arrival; 0: made here */
	uint32_t mark;
	uint32_t priority;
	uint32_t hash;             /* of the flow; 0: not computed */
	uint16_t flags;            /* enum skb_flags */
	uint16_t users;            /* references to this skb */
	uint8_t pkt_type;          /* enum skb_pkt_type */
	uint8_t ip_summed;         /* enum skb_csum */
	uint8_t depth;             /* times it was sent round again */
	uint8_t queue_mapping;     /* tx queue */
	uint32_t nh_id;            /* what the FIB answered */
	uint16_t stage;            /* in the overflow list: where to */
	uint16_t frag_max_size;    /* of a reassembled packet: its largest fragment; else 0 */

	/* line 1: whoever handles the packet now, and says where what is valid */
	uint8_t cb[SKB_CB_SIZE] __attribute__((aligned(64)));
	struct skb *prev;          /* in an skb_queue */
	struct skb_resume resume;

	/* line 2: valid as flags and ip_summed say */
	uint64_t tstamp __attribute__((aligned(64))); /* TSC cycles */
	void *sk;                  /* owning socket */
	void (*destructor)(struct skb *skb);
	struct skb *frag_list;
	struct skb_ct *nfct;
	uint32_t csum;
	uint16_t csum_start;       /* offset from buf_addr */
	uint16_t csum_offset;      /* from csum_start */
	uint16_t gso_size;         /* payload bytes per segment */
	uint16_t gso_segs;
	uint32_t truesize;         /* bytes charged to the owner */
	uint32_t trace_id;
	uint8_t gso_type;          /* enum skb_gso_type */
	rte_be16_t vlan_proto;     /* with SKB_F_VLAN: the TPID of the tag beside the data */
};

static_assert(offsetof(struct skb, cb) == 64, "line 0 is one cache line");
static_assert(offsetof(struct skb, tstamp) == 128, "line 1 is one cache line");
static_assert(sizeof(struct skb) == 192, "three cache lines");

/*
 * What stages ask of every packet, as one word each instead of a load and a branch a field.
 * SKB_STATE: flags, users, pkt_type, ip_summed of an skb, from `flags` on.
 * MBUF_STATE: data_off, refcnt, nb_segs of an mbuf.
 * MBUF_LENGTHS: pkt_len and data_len, which change together.
 */
#define SKB_STATE_FLAGS(f) ((uint64_t)(f))
#define SKB_STATE_USERS(n) ((uint64_t)(n) << 16)
#define SKB_STATE_TYPE(t) ((uint64_t)(t) << 32)
#define SKB_STATE_SUMMED(c) ((uint64_t)(c) << 40)
#define MBUF_STATE_REFCNT(n) ((uint64_t)(n) << 16)
#define MBUF_STATE_SEGS(n) ((uint64_t)(n) << 32)
#define MBUF_LENGTHS(n) ((uint64_t)(n) << 32 | (n))

static_assert(offsetof(struct skb, users) == offsetof(struct skb, flags) + 2 &&
	offsetof(struct skb, pkt_type) == offsetof(struct skb, flags) + 4 &&
	offsetof(struct skb, ip_summed) == offsetof(struct skb, flags) + 5, "SKB_STATE");
static_assert(offsetof(struct rte_mbuf, refcnt) == offsetof(struct rte_mbuf, data_off) + 2 &&
	offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, data_off) + 4, "MBUF_STATE");
static_assert(offsetof(struct rte_mbuf, data_len) == offsetof(struct rte_mbuf, pkt_len) + 4,
	"MBUF_LENGTHS");

static inline uint64_t skb_state(const struct skb *skb)
{
	uint64_t s;

	memcpy(&s, (const uint8_t *)skb + offsetof(struct skb, flags), sizeof(s));
	return s;
}

static inline uint64_t mbuf_state(const struct rte_mbuf *m)
{
	uint64_t s;

	memcpy(&s, (const uint8_t *)m + offsetof(struct rte_mbuf, data_off), sizeof(s));
	return s;
}

/* Both lengths of an mbuf more (or less, n negative) by n. */
static inline void mbuf_lengthen(struct rte_mbuf *m, int32_t n)
{
	uint64_t lengths;

	memcpy(&lengths, (const uint8_t *)m + offsetof(struct rte_mbuf, pkt_len), sizeof(lengths));
	lengths += n >= 0 ? MBUF_LENGTHS((uint32_t)n) : -MBUF_LENGTHS((uint32_t)-n);
	memcpy((uint8_t *)m + offsetof(struct rte_mbuf, pkt_len), &lengths, sizeof(lengths));
}

/* The three header offsets and the ethertype, in one store. */
static inline void skb_set_headers(struct skb *skb, uint16_t mac, uint16_t network,
	uint16_t transport, rte_be16_t protocol)
{
	uint64_t word = mac | (uint64_t)network << 16 | (uint64_t)transport << 32 |
		(uint64_t)protocol << 48;

	static_assert(offsetof(struct skb, protocol) == offsetof(struct skb, mac_header) + 6,
		"one word");
	memcpy((uint8_t *)skb + offsetof(struct skb, mac_header), &word, sizeof(word));
}

/* Where a received frame's data starts in nearly every buffer: good enough to fetch it early. */
#define SKB_RX_DATA_AT (sizeof(struct rte_mbuf) + sizeof(struct skb) + RTE_PKTMBUF_HEADROOM)

static inline struct skb *skb_of(struct rte_mbuf *m)
{
	return (struct skb *)(m + 1);
}

static inline struct rte_mbuf *skb_mbuf(const struct skb *skb)
{
	return (struct rte_mbuf *)(uintptr_t)skb - 1;
}

static inline uint8_t *skb_head(const struct skb *skb)
{
	return skb_mbuf(skb)->buf_addr;
}

static inline void *skb_data(const struct skb *skb)
{
	return rte_pktmbuf_mtod(skb_mbuf(skb), void *);
}

/* Bytes of the whole packet from data on. */
static inline uint32_t skb_len(const struct skb *skb)
{
	return skb_mbuf(skb)->pkt_len;
}

/* Bytes in the first segment. */
static inline uint32_t skb_headlen(const struct skb *skb)
{
	return skb_mbuf(skb)->data_len;
}

static inline bool skb_is_nonlinear(const struct skb *skb)
{
	return skb_mbuf(skb)->nb_segs > 1;
}

static inline uint32_t skb_headroom(const struct skb *skb)
{
	return skb_mbuf(skb)->data_off;
}

static inline uint32_t skb_tailroom(const struct skb *skb)
{
	const struct rte_mbuf *m = skb_mbuf(skb);

	return m->nb_segs > 1 ? 0 : (uint32_t)(m->buf_len - m->data_off - m->data_len);
}

/* Make room in front of an empty buffer. */
static inline void skb_reserve(struct skb *skb, uint32_t n)
{
	struct rte_mbuf *m = skb_mbuf(skb);

	assert(m->pkt_len == 0 && m->data_off + n <= m->buf_len);
	m->data_off += n;
}

/* Append n bytes to a linear skb, return where they start; NULL where the tail lacks room. */
static inline void *skb_put(struct skb *skb, uint32_t n)
{
	struct rte_mbuf *m = skb_mbuf(skb);
	uint8_t *tail = (uint8_t *)skb_data(skb) + m->data_len;

	if (unlikely(n > skb_tailroom(skb)))
		return NULL;
	m->data_len += n;
	m->pkt_len += n;
	return tail;
}

/* Prepend n bytes; NULL where the head lacks room. */
static inline void *skb_push(struct skb *skb, uint32_t n)
{
	struct rte_mbuf *m = skb_mbuf(skb);

	if (unlikely(n > m->data_off))
		return NULL;
	m->data_off -= n;
	mbuf_lengthen(m, (int32_t)n);
	return skb_data(skb);
}

/* Remove n bytes in front; the caller knows that the first segment has them. */
static inline void *skb_pull(struct skb *skb, uint32_t n)
{
	struct rte_mbuf *m = skb_mbuf(skb);

	assert(n <= m->data_len);
	m->data_off += n;
	mbuf_lengthen(m, -(int32_t)n);
	return skb_data(skb);
}

/* skb_may_pull's way through a chain: moves bytes of later segments into the first one. */
bool skb_pull_slow(struct skb *skb, uint32_t n);

/* Make the first n bytes contiguous. False: the packet is shorter, or its head is too small. */
static inline bool skb_may_pull(struct skb *skb, uint32_t n)
{
	return likely(n <= skb_headlen(skb)) || skb_pull_slow(skb, n);
}

/* The n bytes at data, contiguous; NULL when the packet is shorter. data stays. */
static inline void *skb_header(struct skb *skb, uint32_t n)
{
	return likely(skb_may_pull(skb, n)) ? skb_data(skb) : NULL;
}

/* The arrival time, unless it is there already. */
static inline void skb_stamp(struct skb *skb, uint64_t tsc)
{
	if (skb->flags & SKB_F_TSTAMP)
		return;
	skb->tstamp = tsc;
	skb->flags |= SKB_F_TSTAMP;
}

/* A tag that is not in the data. */
static inline void skb_set_vlan(struct skb *skb, rte_be16_t proto, uint16_t tci)
{
	skb->flags |= SKB_F_VLAN;
	skb->vlan_proto = proto;
	skb_mbuf(skb)->vlan_tci = tci;
}

static inline void skb_reset_mac_header(struct skb *skb)
{
	skb->mac_header = skb_mbuf(skb)->data_off;
}

static inline void skb_reset_network_header(struct skb *skb)
{
	skb->network_header = skb_mbuf(skb)->data_off;
}

static inline void skb_reset_transport_header(struct skb *skb)
{
	skb->transport_header = skb_mbuf(skb)->data_off;
}

static inline void *skb_mac_header(const struct skb *skb)
{
	assert(skb->mac_header != SKB_HDR_UNSET);
	return skb_head(skb) + skb->mac_header;
}

static inline void *skb_network_header(const struct skb *skb)
{
	assert(skb->network_header != SKB_HDR_UNSET);
	return skb_head(skb) + skb->network_header;
}

static inline void *skb_transport_header(const struct skb *skb)
{
	assert(skb->transport_header != SKB_HDR_UNSET);
	return skb_head(skb) + skb->transport_header;
}

/* True where somebody else holds the data or the skb: it must not be written (skb_unshare). */
static inline bool skb_shared(const struct skb *skb)
{
	const struct rte_mbuf *m = skb_mbuf(skb);

	return unlikely(skb->users != 1 || !RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1);
}

/* The reserved half of an fclone pair: a header-only mbuf, kept where direct mbufs have no use. */
static inline struct rte_mbuf *skb_fclone_half(const struct skb *skb)
{
	return (struct rte_mbuf *)skb_mbuf(skb)->shinfo;
}

static inline void skb_set_fclone_half(struct skb *skb, struct rte_mbuf *half)
{
	skb_mbuf(skb)->shinfo = (struct rte_mbuf_ext_shared_info *)half;
	skb->flags = half ? skb->flags | SKB_F_FCLONE : skb->flags & ~SKB_F_FCLONE;
}

/* Linux's skb_cloned: the data of the head has other users. */
static inline bool skb_cloned(const struct skb *skb)
{
	const struct rte_mbuf *m = skb_mbuf(skb);

	return !RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1;
}

/* References to the data of the head (Linux's dataref). */
static inline uint32_t skb_dataref(const struct skb *skb)
{
	struct rte_mbuf *m = skb_mbuf(skb);

	return rte_mbuf_refcnt_read(RTE_MBUF_CLONED(m) ? rte_mbuf_from_indirect(m) : m);
}

/* One more reference to the skb itself; each is ended by its own skb_drop, _absorb, _delivered. */
static inline struct skb *skb_get(struct skb *skb)
{
	skb->users++;
	return skb;
}

/* The owner is charged `truesize` until destructor(skb) runs: at the skb's end or at transmit. */
static inline void skb_set_owner(struct skb *skb, void *sk, void (*destructor)(struct skb *skb),
	uint32_t truesize)
{
	skb->sk = sk;
	skb->destructor = destructor;
	skb->truesize = truesize;
	skb->flags |= SKB_F_OWNED;
}

/* Bytes of memory that the packet keeps busy: buffers and heads of all its segments. */
uint32_t skb_truesize(const struct skb *skb);

static inline void skb_set_mac_header(struct skb *skb, int offset)
{
	skb->mac_header = skb_mbuf(skb)->data_off + offset;
}

static inline void skb_set_network_header(struct skb *skb, int offset)
{
	skb->network_header = skb_mbuf(skb)->data_off + offset;
}

static inline void skb_set_transport_header(struct skb *skb, int offset)
{
	skb->transport_header = skb_mbuf(skb)->data_off + offset;
}

/* Set the length to at most len; a shorter packet stays. Releases segments that become empty. */
void skb_trim_slow(struct skb *skb, uint32_t len);

static inline void skb_trim(struct skb *skb, uint32_t len)
{
	struct rte_mbuf *m = skb_mbuf(skb);

	if (unlikely(m->nb_segs > 1)) {
		skb_trim_slow(skb, len);
	} else if (len < m->pkt_len) {
		m->pkt_len = len;
		m->data_len = len;
	}
}

/* All in the first segment, in place. False where it has no room: skb_copy helps further. */
bool skb_linearize(struct skb *skb);

/* Copy n bytes from `offset` after data out of, or into, the whole chain. False: out of range. */
bool skb_copy_bits(const struct skb *skb, uint32_t offset, void *to, uint32_t n);
bool skb_store_bits(struct skb *skb, uint32_t offset, const void *from, uint32_t n);

/* Add n bytes from `offset` after data to a sum of wire/checksum.h. */
uint64_t skb_checksum(const struct skb *skb, uint32_t offset, uint32_t n, uint64_t sum);

/* Ask for a checksum: from csum_start bytes after data to the end, stored `offset` after that. */
static inline void skb_set_csum_partial(struct skb *skb, uint32_t start, uint16_t offset)
{
	skb->ip_summed = SKB_CSUM_PARTIAL;
	skb->csum_start = skb_mbuf(skb)->data_off + start;
	skb->csum_offset = offset;
}

/*
 * Complete a PARTIAL checksum in software (Linux's skb_checksum_help): the field holds the sum of
 * the pseudo header. 0, -EINVAL: the field lies outside the packet. The data must be writable.
 */
int skb_checksum_help(struct skb *skb);
