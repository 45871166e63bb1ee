/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tells the control thread of packets whose addresses cannot be, where net.ipv4.conf asks for it
 * (Linux's log_martians), at most twice a second and worker. Called by ip4_route.c and ip4_srr.c
 * just before they drop the packet.
 */
#include "ip4/ip4_martian.h"

#include "core/ctl_msg.h"
#include "dev/netdev.h"
#include "ip4/ip4.h"

#define LOG_EVERY_MSEC 500

void ip4_log_martian(struct worker *w, const struct skb *skb, enum ip4_martian kind)
{
	const struct ip4_hdr *ip = skb_data(skb);
	const struct ctl_msg msg = {.type = CTL_MARTIAN, .dev = skb->dev->index, .ip = ip->daddr,
		.token = (uint64_t)kind << 32 | ip->saddr};

	if (likely(!atomic_load_explicit(&w->dp->conf.log_martians, memory_order_relaxed) &&
		!(atomic_load_explicit(&skb->dev->inet, memory_order_relaxed) &
		NETDEV_INET_LOG_MARTIANS)))
		return;
	if (w->now < w->ip4->martian_log)
		return;
	w->ip4->martian_log = w->now + worker_msec(w, LOG_EVERY_MSEC);
	w->event(w, &msg); /* full: the log is no place of record */
}
