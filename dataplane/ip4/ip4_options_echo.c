/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of an answer (RFC 1122 3.2.2.6, 3.2.2.8, 4.1.3.2), called by icmp_output: source
 * route reversed, record route and timestamp as they arrived with this host's outgoing entry added.
 * Also the clock of timestamp options.
 */

#include <string.h>
#include <time.h>

#include "core/dp.h"
#include "fib/nexthop.h"
#include "ip4/ip4.h"
#include "ip4/ip4_addr.h"
#include "ip4/ip4_opt_format.h"
#include "ip4/ip4_options.h"
#include "wire/ip4.h"

rte_be32_t ip4_ms_since_midnight(struct worker *w)
{
	struct ip4_clock *c = &w->ip4->clock;
	uint64_t ms = worker_msec(w, 1);

	/* the wall clock is asked once a second at most; in between the TSC counts on */
	if (!c->base_tsc || w->now - c->base_tsc > 1000 * ms) {
		struct timespec ts;

		clock_gettime(CLOCK_REALTIME, &ts);
		c->base_tsc = w->now;
		c->base_ms = (uint32_t)(ts.tv_sec % 86400 * 1000 + ts.tv_nsec / 1000000);
	}
	return htonl((uint32_t)((c->base_ms + (w->now - c->base_tsc) / (ms ? ms : 1)) % 86400000));
}

static unsigned int echo_rr(const uint8_t *o, bool ours, rte_be32_t saddr, uint8_t *out)
{
	uint8_t len = o[AT_LEN], ptr = o[AT_PTR];

	memcpy(out, o, len);
	if (ours && ptr + 3u <= len) {
		memcpy(out + ptr - 1, &saddr, 4);
		out[AT_PTR] = ptr + 4;
	}
	return len;
}

/* The entry after the one that was filled at arrival, if there is room and it is ours to fill. */
static unsigned int echo_ts(struct worker *w, const uint8_t *o, bool ours, rte_be32_t saddr,
	uint8_t *out)
{
	const unsigned int kind = o[AT_TS] & 0xf, size = kind ? 8 : 4;
	const uint8_t len = o[AT_LEN], ptr = o[AT_PTR];
	rte_be32_t now = ip4_ms_since_midnight(w), addr;

	memcpy(out, o, len);
	if (!ours || ptr + size - 1 > len)
		return len;
	if (kind == TS_PRESPEC) {
		memcpy(&addr, o + ptr - 1, 4);
		if (ip4_addr_type(w->dp, addr) != FIB_LOCAL)
			return len;
	}
	if (kind == TS_ADDR)
		memcpy(out + ptr - 1, &saddr, 4);
	memcpy(out + ptr + size - 5, &now, 4);
	out[AT_PTR] = (uint8_t)(ptr + size);
	return len;
}

/*
 * The hops in front of the pointer, backwards: the last one is the answer's first hop, the others
 * and at the end the sender itself go into the option. A sender that put itself at the head of its
 * list is not visited twice (RFC 1812 4.2.2.1).
 */
static unsigned int echo_srr(const uint8_t *o, rte_be32_t sender, uint8_t *out,
	rte_be32_t *first_hop)
{
	const uint8_t *hop = o + 3;
	unsigned int visited = (RTE_MIN((unsigned int)o[AT_PTR], o[AT_LEN] + 1u) - 4) / 4, n = 3;

	if (visited && !memcmp(hop, &sender, 4)) {
		hop += 4;
		visited--;
	}
	if (!visited)
		return 0;
	memcpy(first_hop, hop + 4 * (visited - 1), 4);
	for (unsigned int i = visited - 1; i-- > 0; n += 4)
		memcpy(out + n, hop + 4 * i, 4);
	memcpy(out + n, &sender, 4);
	n += 4;
	out[0] = o[0];
	out[AT_LEN] = (uint8_t)n;
	out[AT_PTR] = 4;
	return n;
}

unsigned int ip4_options_echo(struct worker *w, const struct ip4_options *opt,
	const struct ip4_hdr *hdr, rte_be32_t saddr, uint8_t *out, rte_be32_t *first_hop)
{
	const uint8_t *h = (const uint8_t *)hdr;
	unsigned int n = 0;

	if (opt->rr)
		n += echo_rr(h + opt->rr, opt->flags & IP4_OPT_RR_NEEDADDR, saddr, out);
	if (opt->ts)
		n += echo_ts(w, h + opt->ts, opt->flags & IP4_OPT_TS_NEEDTIME, saddr, out + n);
	if (opt->srr)
		n += echo_srr(h + opt->srr, hdr->saddr, out + n, first_hop);
	while (n % 4)
		out[n++] = IP4_OPT_END;
	return n;
}
