/* SPDX-License-Identifier: BSD-3-Clause */
/* The dummy interface: takes what is sent, counts it, and is the end of it. */
#include "core/burst.h"
#include "dev/netdev_ops.h"
#include "dev/netdev_update.h"

static void xmit(struct worker *w, struct netdev *dev, struct skb *skb)
{
	dev_stats(w, dev)->tx_packets++;
	dev_stats(w, dev)->tx_bytes += skb_len(skb);
	skb_delivered(w, skb);
}

const struct netdev_ops netdev_dummy_ops = {.xmit = xmit};
