/* SPDX-License-Identifier: BSD-3-Clause */
/* The short way out of plain packets, what is done once a burst: ip4_rewrite.h. */
#include "ip4/ip4_rewrite.h"

#include "dev/ptype.h"
#include "ip4/ip4.h"

static_assert(STAGE_COUNT <= 64, "pending stages in one word");

/* Packets wait between `stage` and the transmit queue: sent on by others, pieces, or parked. */
static bool waiting(const struct worker *w, enum stage stage)
{
	return w->overflow_len || w->pending[0] >> stage >> 1;
}

struct ip4_rewrite ip4_rewrite_begin(struct worker *w, enum stage stage, bool no_hooks)
{
	return (struct ip4_rewrite){
		.w = w,
		.open = no_hooks && w->dev && !w->tracing && !waiting(w, stage) &&
			!ptype_taps(w->dp),
	};
}

void ip4_rewrite_end(struct ip4_rewrite *r, bool forwarded)
{
	static const uint8_t stages[] = { STAGE_ip4_forward_finish, STAGE_ip4_output,
		STAGE_neigh_resolve, STAGE_eth_output, STAGE_netdev_tx };
	struct worker *w = r->w;

	if (!r->n)
		return;
	for (unsigned int s = forwarded ? 0 : 2; s < sizeof(stages); s++) {
		w->stage[stages[s]].packets += r->n;
		w->stage[stages[s]].calls++;
	}
	if (forwarded)
		ip4_count_n(w, MIB_IpForwDatagrams, r->n);
	ip4_count_n(w, MIB_IpExtOutOctets, r->octets);
}
