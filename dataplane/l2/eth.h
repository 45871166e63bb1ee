/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Link headers of outgoing frames. A header is kept right-aligned in 32 bytes, so that 16 (14-byte
 * header) or 32 (tagged, 18, or twice, 22) bytes are copied in front of the packet in one or two stores.
 */
#pragma once

#include <rte_byteorder.h>

#include "core/skb.h"
#include "dev/netdev.h"
#include "wire/eth.h"

#define ETH_HH_ROOM 32

/* skb->cb between neigh_resolve and eth_output, valid where skb->nh is NULL. */
struct eth_cb {
	uint8_t hh[ETH_HH_ROOM];
	uint8_t hh_len;
};
static_assert(sizeof(struct eth_cb) <= SKB_CB_SIZE, "fits the control block");

static inline struct eth_cb *eth_cb(struct skb *skb)
{
	return (struct eth_cb *)skb->cb;
}

/*
 * The link header of a frame of `type` (host order) that `dev` sends to `dst`, tag included where
 * dev is a VLAN, tags where that one is on another: right-aligned in hh. Returns its length, 14, 18
 * or 22. Any thread.
 */
uint8_t eth_build_hh(uint8_t hh[ETH_HH_ROOM], const struct netdev *dev, const uint8_t *dst,
	uint16_t type);

/*
 * Write the plain header at the end of a next hop's hh to p, to the byte: 16 bytes in one store
 * would reach into the cache line before, which nobody has touched.
 */
static inline void eth_put_hh(uint8_t *p, const uint8_t hh[ETH_HH_ROOM])
{
	uint64_t start, end;

	memcpy(&start, hh + ETH_HH_ROOM - ETH_HDR_LEN, sizeof(start));
	memcpy(&end, hh + ETH_HH_ROOM - sizeof(end), sizeof(end));
	memcpy(p, &start, sizeof(start));
	memcpy(p + ETH_HDR_LEN - sizeof(end), &end, sizeof(end));
}

/*
 * The tags of skb->dev, a VLAN, into a frame of this host's that has a plain header in front; the skb
 * is nobody else's. False: no room.
 */
bool eth_push_tags(struct skb *skb);

/* RFC 1112 6.4: the group address of an IPv4 multicast address (host order). */
static inline void eth_ip4_multicast(uint8_t *dst, uint32_t group)
{
	dst[0] = 0x01;
	dst[1] = 0x00;
	dst[2] = 0x5e;
	dst[3] = (uint8_t)(group >> 16 & 0x7f);
	dst[4] = (uint8_t)(group >> 8);
	dst[5] = (uint8_t)group;
}

/*
 * Take the VLAN tag off a received frame (data behind its 14-byte header, or behind the TPID's)
 * and move it to its sub-interface. Returns the frame, which may be another skb; NULL when it was
 * ended. For eth_input.
 */
struct skb *vlan_input(struct worker *w, struct skb *skb);
