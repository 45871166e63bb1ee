/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * punt: the stage that hands a packet to the control thread, with its link header where it has one.
 * The receiver reads and frees the mbuf; a full ring costs the packet, not the worker.
 */
#include "core/burst.h"
#include "core/skb_alloc.h"
#include "core/trace.h"
#include "ctl/ctl.h"
#include "dev/netdev.h"

static void punt_one(struct worker *w, struct skb *skb)
{
	struct rte_mbuf *m = skb_mbuf(skb);
	struct ctl_msg msg = {.type = CTL_PUNT, .ptr = m, .dev = skb->dev ? skb->dev->index : 0};

	/* another reference would be on this thread, and counts are not shared */
	if (unlikely(skb->users > 1 || skb->flags & SKB_F_FRAGLIST)) {
		struct skb *copy = skb_copy(w, skb);

		if (!copy) {
			skb_drop(w, skb, DROP_NO_MEMORY);
			return;
		}
		skb_absorb(w, skb);
		skb = copy;
		msg.ptr = m = skb_mbuf(skb);
	}
	if (skb->mac_header != SKB_HDR_UNSET && skb->mac_header < m->data_off)
		skb_push(skb, m->data_off - skb->mac_header);
	if (unlikely(skb->flags & SKB_F_TRACED))
		trace_end(w, skb, TRACE_DELIVERED, 0);
	skb_orphan(skb);
	if (ctl_event(w, &msg))
		w->ledger.ring_out++;
	else
		skb_drop(w, skb, DROP_RING_FULL);
}

void punt(struct worker *w, struct burst *in)
{
	uint32_t n = in->n;

	for (uint32_t i = 0; i < n; i++)
		punt_one(w, in->skb[i]);
}
