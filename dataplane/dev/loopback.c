/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loopback interface: what is sent comes back in through the software input queue of the same
 * worker. No queue of its own; always there, ifindex 1, MTU 65536.
 */
#include "core/backlog.h"
#include "core/skb_alloc.h"
#include "dev/netdev_ops.h"
#include "dev/netdev_update.h"

static void xmit(struct worker *w, struct netdev *dev, struct skb *skb)
{
	struct dev_stats *st = dev_stats(w, dev);
	uint32_t len = skb_len(skb);

	if (skb->depth++ >= SKB_DEPTH_MAX) {
		st->tx_dropped++;
		skb_drop(w, skb, DROP_LOOP);
		return;
	}
	skb_orphan(skb);
	skb->nh = NULL;
	skb->iif = dev->index;
	skb->protocol = 0;
	skb->network_header = SKB_HDR_UNSET;
	skb->transport_header = SKB_HDR_UNSET;
	skb->mac_header = SKB_HDR_UNSET;
	/* memory does not damage packets, and nobody is left to complete a partial checksum */
	if (skb->ip_summed != SKB_CSUM_PARTIAL)
		skb->ip_summed = SKB_CSUM_UNNECESSARY;
	if (netif_rx(w, skb) == NETIF_RX_DROP) {
		st->tx_dropped++;
		return;
	}
	st->tx_packets++;
	st->tx_bytes += len;
	st->rx_packets++;
	st->rx_bytes += len;
}

const struct netdev_ops netdev_loopback_ops = {.xmit = xmit};
