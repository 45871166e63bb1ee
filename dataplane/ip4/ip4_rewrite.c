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

bool ip4_rewrite_open(struct worker *w, enum stage stage)
{
	return w->dev && !w->tracing && !waiting(w, stage) && !ptype_taps(w->dp);
}

void ip4_rewrite_end(struct worker *w, uint32_t n, uint64_t octets, bool forward)
{
	static const uint8_t stages[] = { STAGE_ip4_forward_finish, STAGE_ip4_output,
		STAGE_neigh_resolve, STAGE_eth_output, STAGE_netdev_tx };

	const unsigned int first = forward ? 0 : 2;

	if (!n)
		return;
	stages_passed(w, stages + first, sizeof(stages) - first, n);
	if (forward)
		ip4_count_n(w, MIB_IpForwDatagrams, n);
	ip4_count_n(w, MIB_IpExtOutOctets, octets);
}
