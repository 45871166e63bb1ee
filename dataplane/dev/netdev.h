/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interfaces. One table for all workers, written by the control thread (netdev_update.h), read
 * under QSBR. Field names and flag values are Linux's.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/dp.h"
#include "core/timer.h"
#include "core/worker.h"
#include "dev/notifier.h"

#define NETDEV_MAX 4096
#define NETDEV_NAME 16                 /* IFNAMSIZ */
#define NETDEV_IFINDEX_BASE (1u << 20) /* ifindex of slot n is BASE + n; the loopback's is 1 */
#define NETDEV_LO_SLOT (NETDEV_MAX - 1)
#define NETDEV_PORT_NONE UINT16_MAX

enum netdev_type {
	NETDEV_PORT = 1, /* a DPDK port */
	NETDEV_LOOPBACK,
	NETDEV_VLAN,     /* 802.1Q sub-interface of `lower` */
	NETDEV_DUMMY,    /* swallows what is sent */
};

/* netdev.state, changed by netdev_update.h's functions only (Linux's __LINK_STATE_*). */
enum netdev_state {
	NETDEV_START = 1 << 0,
	NETDEV_PRESENT = 1 << 1,
	NETDEV_NOCARRIER = 1 << 2,
	NETDEV_LINKWATCH = 1 << 3,
	NETDEV_DORMANT = 1 << 4,
};

/* netdev.rx_path: what keeps received frames from going straight on. 0 for a plain port. */
enum netdev_rx_path {
	NETDEV_RX_TAP = 1 << 0,     /* a tap wants copies */
	NETDEV_RX_INGRESS = 1 << 1, /* an ingress hook */
	NETDEV_RX_STEAL = 1 << 2,
	NETDEV_RX_VLANS = 1 << 3,   /* has VLAN sub-interfaces */
	NETDEV_RX_TRACE = 1 << 4,
	NETDEV_RX_BRIDGE = 1 << 5,
	NETDEV_RX_MACVLAN = 1 << 6,
	NETDEV_RX_HOST = 1 << 7,    /* does not forward: nothing for the lane */
};

/* netdev.inet: what net.ipv4.conf says of this interface, looked at in rare cases only. */
enum netdev_inet {
	NETDEV_INET_NO_FORWARD = 1 << 0,   /* what comes by it is not forwarded: RX_HOST is set, too */
	NETDEV_INET_REDIRECTS = 1 << 1,    /* send_redirects, here or for all */
	NETDEV_INET_NO_SRR = 1 << 2,       /* source routes are refused here, though not by all */
	NETDEV_INET_LOG_MARTIANS = 1 << 3,
};

/* What a port takes at transmit; larger, longer, more fragmented frames are copied (dev/tx.c). */
struct tx_contract {
	uint16_t max_segs;       /* segments of a frame */
	bool indirect;           /* clones may be handed over */
	bool external;           /* foreign memory may be handed over */
	bool l4_csum;            /* completes TCP/UDP checksums */
	bool ip4_csum;
	bool tso;                /* cuts TCPv4 frames by tso_segsz */
	uint32_t max_frame;      /* bytes, Ethernet header included, CRC not; TSO frames up to 64 KB */
};

struct netdev_ops;

struct netdev_hw_addr {
	uint8_t addr[6];
	uint32_t users;
};

struct netdev_hw_list {
	struct netdev_hw_addr *entry; /* [n] */
	uint32_t n;
};

struct netdev {
	/* read per packet */
	uint32_t ifindex;
	uint16_t index;              /* slot in the table; 0 is never used */
	uint16_t port_id;            /* DPDK's, or NETDEV_PORT_NONE */
	atomic_uint flags;           /* IFF_UP ... */
	atomic_uint state;           /* enum netdev_state */
	atomic_uint rx_path;         /* enum netdev_rx_path */
	atomic_uint mtu;
	_Atomic uint64_t addr;       /* MAC in the low 6 bytes, as in memory; one load is consistent */
	uint8_t type;                /* enum netdev_type */
	uint8_t noarp;
	uint16_t vlan_id;            /* of a VLAN */
	uint16_t vlan_proto;         /* 0x8100 or 0x88a8, host order */
	uint16_t hard_header_len;    /* room that output must find in front, 14 or 18 */
	enum stage xmit;             /* the stage that sends: STAGE_netdev_tx */
	struct netdev *lower;        /* of a VLAN: its device */
	const struct tx_contract *contract;
	struct netdev *_Atomic *_Atomic vlans; /* [4096] by VID, NULL without sub-interfaces */

	atomic_uint inet;            /* enum netdev_inet */

	/* control thread's */
	char name[NETDEV_NAME];
	char alias[256];
	uint8_t perm_addr[6];
	uint8_t broadcast[6];
	uint32_t min_mtu, max_mtu;
	uint32_t tx_queue_len;
	uint32_t promiscuity, allmulti; /* users */
	uint8_t reg_state;           /* enum netdev_reg */
	uint8_t operstate;           /* IF_OPER_* */
	uint16_t arphrd;             /* ARPHRD_ETHER, ARPHRD_LOOPBACK */
	atomic_int refcnt;
	uint32_t carrier_changes;
	uint32_t link_speed_mbps;    /* 0: unknown */
	bool link_full_duplex;
	uint64_t tx_timeouts;
	bool user_promisc, user_allmulti; /* the administrator is one of the users */
	uint32_t features;           /* NETDEV_F_* */
	struct netdev_hw_list mc, uc; /* group, and secondary unicast, addresses listened to */
	bool uc_of_lower;            /* of a VLAN: its address is in the uc list of its device */
	const struct netdev_ops *ops;
	void *priv;                  /* of ops */
};

/* Per worker and interface; Linux's rtnl_link_stats64, summed by the reader. */
struct dev_stats {
	uint64_t rx_packets, rx_bytes, rx_dropped, rx_errors, multicast;
	uint64_t tx_packets, tx_bytes, tx_dropped, tx_errors;
	uint64_t rx_nohandler, tx_copied, tx_csum_done;
} __attribute__((aligned(32)));

struct netdev_table {
	struct netdev *_Atomic dev[NETDEV_MAX];  /* by index */
	struct netdev *_Atomic by_port[1024];    /* by DPDK port id */
	struct netdev *loopback;
	uint64_t generation;                     /* grows with every change */
	struct notifier_chain chain;             /* control thread's */
	bool taken[NETDEV_MAX];                  /* control thread's: allocated slots */
};

static inline struct netdev *netdev_get(const struct dp *dp, uint32_t index)
{
	return index < NETDEV_MAX
		? atomic_load_explicit(&dp->netdevs->dev[index], memory_order_acquire) : NULL;
}

static inline bool netdev_running(const struct netdev *dev)
{
	return atomic_load_explicit(&dev->state, memory_order_relaxed) & NETDEV_START;
}

struct tx_queue;

/* dev/'s state of one worker. */
struct dev_worker {
	struct dev_stats *stats;      /* [NETDEV_MAX], lazily committed memory */
	struct timer watchdog;
	struct tx_queue *active;      /* queues with frames to flush or waiting, linked by next */
	struct tx_queue *txq[NETDEV_MAX]; /* this worker's transmit queue of a port; NULL: none */
};

int dev_worker_init(struct worker *w);
void dev_worker_fini(struct worker *w);

/* The counters of `dev` on this worker. */
static inline struct dev_stats *dev_stats(struct worker *w, const struct netdev *dev)
{
	return &w->dev->stats[dev->index];
}
