/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who receives frames: taps, which get a copy of everything, and handlers by ethertype (Linux's
 * packet_type, dev_add_pack), on all interfaces or one. The stack's own protocols need no entry:
 * netif_receive.c knows their stages. Changed by the control thread under traffic.
 */
#pragma once

#include "core/dp.h"
#include "dev/netdev.h"

#define PTYPE_ALL 0x0003   /* taps: ETH_P_ALL */
#define PTYPE_802_3 0x0001 /* frames with a length field: Novell raw */
#define PTYPE_802_2 0x0004 /* and LLC */
#define PTYPE_HASH 16

/*
 * A worker: takes skb over. A tap's has data at the link header; a handler's at the network header,
 * and may be shared: skb_unshare() before writing. orig_dev is the interface it arrived on.
 */
typedef void ptype_fn(struct worker *w, struct skb *skb, struct netdev *orig_dev, void *priv);

struct ptype {
	uint16_t type;             /* ethertype in host order, or PTYPE_* */
	const struct netdev *dev;  /* NULL: any */
	ptype_fn *fn;
	void *priv;
};

/* Control thread. 0, -EEXIST (the same entry is there), -ENOMEM. */
int ptype_add(struct dp *dp, const struct ptype *pt);
/* 0, or -ENOENT with nothing changed; no worker is inside fn any more when it returns. */
int ptype_remove(struct dp *dp, const struct ptype *pt);

/* What looks at a frame before its protocol, in this order; taps come after STEAL. */
enum rx_hook {
	RX_HOOK_STEAL,    /* netpoll: before anything else */
	RX_HOOK_INGRESS,  /* filter on input */
	RX_HOOK_BRIDGE,
	RX_HOOK_MACVLAN,
	RX_HOOK_COUNT,
};

/* A worker: true: took skb over (or dropped it). Data is at the network header. */
typedef bool rx_hook_fn(struct worker *w, struct skb *skb);

/* Control thread: what STEAL etc. does; on which interfaces: netdev_rx_path(). 0, -EBUSY. */
int rx_hook_set(struct dp *dp, enum rx_hook which, rx_hook_fn *fn);
void rx_hook_clear(struct dp *dp, enum rx_hook which);

struct ptype_array {
	uint32_t n;
	struct ptype entry[];
};

struct ptype_table {
	const struct ptype_array *_Atomic taps; /* NULL: none */
	const struct ptype_array *_Atomic base[PTYPE_HASH];
	rx_hook_fn *_Atomic hook[RX_HOOK_COUNT];
};

int ptype_table_init(struct dp *dp);
void ptype_table_fini(struct dp *dp);
/* Control thread: set NETDEV_RX_TAP where an entry wants the interface's frames. */
void ptype_refresh(struct dp *dp, struct netdev *dev);

/* The taps, if there are any. */
static inline const struct ptype_array *ptype_taps(const struct dp *dp)
{
	return dp->ptypes ? atomic_load_explicit(&dp->ptypes->taps, memory_order_acquire) : NULL;
}

/*
 * A worker: copies to the taps of what goes out on skb->dev, and of what came in there tagged
 * (SKB_F_VLAN set, data behind the Ethernet header) before it goes to its sub-interface. As in Linux's
 * packet sockets, a tap of an interface below a VLAN has the tag beside the data (skb_set_vlan), one
 * of the VLAN sees none, and one of all interfaces gets the frame once from each.
 */
void ptype_tap_tx(struct worker *w, struct skb *skb);
void ptype_tap_tagged(struct worker *w, struct skb *skb);
