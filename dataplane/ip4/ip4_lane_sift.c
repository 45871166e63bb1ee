/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane's input ladder, a frame at a time: plain buffer, unicast to us, IPv4 of 20 bytes of header,
 * whole, TTL above 1, right checksum, routable addresses. Called by ip4_lane, and by the wide form
 * for what is no full round. RFC 1812 5.2.2, 5.3.7.
 */
#include <string.h>

#include "fib/fib.h"
#include "fib/locals.h"
#include "fib/nexthop.h"
#include "ip4/ip4_lane_priv.h"
#include "ip4/ip4_martian.h"

#define AHEAD 8

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline bool plain(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && rte_mbuf_refcnt_read(m) == 1 && !(m->ol_flags & LANE_NOT_PLAIN) &&
		m->data_len >= LANE_HEADERS;
}

/* The ladder on a frame to `mac`. Little endian, as all of DPDK here. */
static inline bool sound(const struct rte_mbuf *m, uint64_t mac, uint32_t *src, uint32_t *dst,
	uint32_t *len, uint32_t *ttl)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint64_t link = load64(p), a = load64(p + 14), b = load64(p + 22);
	uint32_t type = load32(p + 12), c = load32(p + 30);
	uint32_t tot_len = rte_bswap16((uint16_t)(a >> 16));

	/* to us; from a single station; IPv4 with 20 bytes of header */
	bool ok = (link & (ETH_ADDR_MASK | ETH_SRC_GROUP)) == mac;

	ok &= (type & 0xffffff) == 0x450008;
	ok &= !(a & UINT64_C(0xff3f) << 48);      /* no fragment */
	ok &= (b & 0xff) > 1;                     /* TTL */
	ok &= tot_len >= IP4_HDR_LEN && tot_len + ETH_HDR_LEN <= m->data_len;
	ok &= csum_ip4_plain_ok(a, b, c);
	*src = rte_bswap32((uint32_t)(b >> 32));
	*dst = rte_bswap32(c);
	ok &= ip4_is_routable(*src);
	ok &= ip4_is_routable(*dst);
	*len = tot_len;
	*ttl = ip4_next_ttl((uint32_t)b);
	return ok;
}

bool lane_is_local(const struct lane *l, uint32_t src)
{
	const struct fib_nh *nh = fib_nh_get(l->dp, fib_lookup(l->fib, src));

	return nh && (nh->type == FIB_LOCAL || nh->type == FIB_BROADCAST);
}

void lane_sift_scalar(struct lane *l, struct rte_mbuf *const *m, uint32_t from, uint32_t to)
{
	uint64_t bytes = 0;
	uint32_t k = l->n;

	for (uint32_t i = from; i < to && i < from + AHEAD && !l->fetched; i++)
		lane_prefetch(m[i]);
	for (uint32_t i = from; i < to; i++) {
		uint32_t src, dst, len, ttl;

		if (i + AHEAD < to && !l->fetched)
			lane_prefetch(m[i + AHEAD]);
		bytes += m[i]->pkt_len;
		if (unlikely(!plain(m[i]) || !sound(m[i], l->mac, &src, &dst, &len, &ttl)))
			continue;
		if (unlikely(!l->locals || fib_maybe_local(l->locals, src)) && lane_is_local(l, src))
			continue;
		fib_prefetch(l->fib, dst);
		l->partial |= lane_csum_partial(m[i]);
		l->dst[k] = dst;
		l->len[k] = len;
		l->ttl[k] = ttl;
		l->at[k++] = i;
	}
	l->n = k;
	l->bytes += bytes;
}
