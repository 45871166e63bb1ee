/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Last stage that looks into the packet: puts the link header in front that its next hop or
 * neigh_resolve has ready, VLAN tag included, and hands the frame to the interface's transmit entry.
 */
#include <string.h>

#include "core/burst.h"
#include "dev/netdev.h"
#include "fib/nexthop.h"
#include "l2/eth.h"

/* TPID and VID; the type that follows is there. */
static void write_tag(uint8_t *at, const struct netdev *vlan)
{
	const rte_be16_t tag[] = { rte_cpu_to_be_16(vlan->vlan_proto),
		rte_cpu_to_be_16(vlan->vlan_id) };

	static_assert(sizeof(tag) == VLAN_TAG_LEN, "wire format");
	memcpy(at, tag, sizeof(tag));
}

uint8_t eth_build_hh(uint8_t hh[ETH_HH_ROOM], const struct netdev *dev, const uint8_t *dst,
	uint16_t type)
{
	uint8_t *at = hh + ETH_HH_ROOM - sizeof(uint16_t);

	memset(hh, 0, ETH_HH_ROOM);
	*(rte_be16_t *)at = rte_cpu_to_be_16(type);
	/* from the type on forward: the tag of the lowest VLAN is the outermost */
	for (const struct netdev *d = dev; d->type == NETDEV_VLAN; d = d->lower) {
		at -= VLAN_TAG_LEN;
		write_tag(at, d);
	}
	at -= 2 * ETH_ADDR_LEN;
	memcpy(at, dst, ETH_ADDR_LEN);
	eth_store(at + ETH_ADDR_LEN, atomic_load_explicit(&dev->addr, memory_order_relaxed));
	return (uint8_t)(hh + ETH_HH_ROOM - at);
}

bool eth_push_tags(struct skb *skb)
{
	for (const struct netdev *d = skb->dev; d->type == NETDEV_VLAN; d = d->lower) {
		uint8_t *p = skb_headroom(skb) >= VLAN_TAG_LEN ? skb_push(skb, VLAN_TAG_LEN) : NULL;

		if (!p)
			return false;
		memmove(p, p + VLAN_TAG_LEN, 2 * ETH_ADDR_LEN);
		write_tag(p + 2 * ETH_ADDR_LEN, d);
	}
	skb_reset_mac_header(skb);
	return true;
}

/* A fresh linear skb with the same bytes and the headroom that new buffers have. */
static struct skb *move_to_new_head(struct worker *w, struct skb *skb)
{
	struct skb *own = skb_get_new(w);
	uint32_t len = skb_len(skb);
	void *data = own ? skb_put(own, len) : NULL;

	if (!data) {
		if (own)
			skb_drop(w, own, DROP_NO_MEMORY);
		return NULL;
	}
	skb_copy_bits(skb, 0, data, len);
	own->dev = skb->dev;
	own->nh = skb->nh;
	own->protocol = skb->protocol;
	own->iif = skb->iif;
	own->mark = skb->mark;
	own->priority = skb->priority;
	own->hash = skb->hash;
	own->queue_mapping = skb->queue_mapping;
	own->ip_summed = skb->ip_summed;
	own->csum_start = skb->csum_start - skb_headroom(skb) + skb_headroom(own);
	own->csum_offset = skb->csum_offset;
	memcpy(own->cb, skb->cb, SKB_CB_SIZE);
	skb_absorb(w, skb);
	return own;
}

/*
 * The same packet, unshared and with ETH_HH_ROOM bytes in front (Linux's skb_cow_head); NULL when
 * it had to be ended.
 */
static struct skb *make_room(struct worker *w, struct skb *skb)
{
	struct skb *own = skb_unshare(w, skb);

	if (own) {
		skb = own;
		if (skb_headroom(skb) < ETH_HH_ROOM)
			own = move_to_new_head(w, skb);
	}
	if (!own)
		skb_drop(w, skb, DROP_NO_MEMORY);
	return own;
}

/* hh is 32 bytes with the header at their end. */
static inline void put_header(struct skb *skb, const uint8_t *hh, uint8_t len)
{
	uint8_t *data = skb_push(skb, len);

	if (likely(len == ETH_HDR_LEN))
		eth_put_hh(data, hh);
	else
		memcpy(data, hh + ETH_HH_ROOM - len, len);
	skb_reset_mac_header(skb);
}

static void output_one(struct worker *w, struct skb *skb)
{
	const struct fib_nh *nh = skb->nh;

	if (skb_headroom(skb) < ETH_HH_ROOM || skb_shared(skb)) {
		skb = make_room(w, skb);
		if (!skb)
			return;
	}
	if (nh)
		put_header(skb, nh->hh, nh->hh_len);
	else
		put_header(skb, eth_cb(skb)->hh, eth_cb(skb)->hh_len);
	burst_to(w, skb->dev->xmit, skb);
}

/* A header without tag from the next hop, a buffer of the packet's own, a port. False: not done. */
static inline bool output_plain(struct burst_run *tx, struct skb *skb)
{
	struct rte_mbuf *m = skb_mbuf(skb);
	const struct fib_nh *nh = skb->nh;
	uint16_t at = m->data_off - ETH_HDR_LEN;

	if (unlikely(!nh || nh->hh_len != ETH_HDR_LEN || m->data_off < ETH_HH_ROOM ||
		     skb_shared(skb) || skb->dev->xmit != STAGE_netdev_tx))
		return false;
	eth_put_hh((uint8_t *)m->buf_addr + at, nh->hh);
	m->data_off = at;
	mbuf_lengthen(m, ETH_HDR_LEN);
	skb->mac_header = at;
	burst_run_put(tx, skb);
	return true;
}

void eth_output(struct worker *w, struct burst *in)
{
	struct burst_run tx = burst_run_begin(w, STAGE_netdev_tx);
	uint32_t n = in->n;

	for (uint32_t i = 0; i < n; i++) {
		if (likely(output_plain(&tx, in->skb[i])))
			continue;
		burst_run_end(&tx);
		output_one(w, in->skb[i]);
		tx = burst_run_begin(w, STAGE_netdev_tx);
	}
	burst_run_end(&tx);
}
