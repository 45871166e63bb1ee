/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's IPv4 state: made before it runs, given back after it has stopped. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "ip4/ip4_reassemble.h"

int ip4_worker_init(struct worker *w)
{
	int err;

	w->ip4 = calloc(1, sizeof(*w->ip4));
	if (!w->ip4)
		return -ENOMEM;
	w->ip4->lane_form = ip4_lane_form(true);
	if (!w->ip4->lane_form)
		w->ip4->lane_form = ip4_lane_form(false);
	err = icmp_worker_init(w);
	if (!err)
		err = ip4_reasm_init(w);
	if (err)
		ip4_worker_fini(w);
	return err;
}

void ip4_worker_fini(struct worker *w)
{
	if (!w->ip4)
		return;
	ip4_reasm_fini(w);
	icmp_worker_fini(w);
	free(w->ip4);
	w->ip4 = NULL;
}

void ip4_worker_counters(const struct worker *w, struct ip4_counters *c)
{
	struct ip4_reasm_stats st = {0};

	memset(c, 0, sizeof(*c));
	if (!w->ip4)
		return;
	memcpy(c->mib, w->ip4->mib, sizeof(c->mib));
	memcpy(c->icmp_in_type, w->ip4->icmp_in_type, sizeof(c->icmp_in_type));
	memcpy(c->icmp_out_type, w->ip4->icmp_out_type, sizeof(c->icmp_out_type));
	c->transmits = w->stage[STAGE_neigh_resolve].packets;
	ip4_reasm_stats(w, &st);
	c->frag_queues = st.queues;
	c->frag_bytes = st.bytes;
}
