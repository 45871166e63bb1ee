/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes to interfaces: control thread only (Linux's rtnl). Names, order of events and errnos are
 * Linux's. Every function that returns int: 0 or -errno with nothing changed.
 */
#pragma once

#include "core/napi.h"
#include "dev/netdev.h"
#include "dev/netdev_ops.h"
#include "dev/notifier.h"

/* netdev.reg_state */
enum netdev_reg {
	NETDEV_UNINITIALIZED = 0,
	NETDEV_REGISTERED,
	NETDEV_UNREGISTERING,
	NETDEV_UNREGISTERED,
	NETDEV_RELEASED,
};

/* netdev.features: the values of Linux's NETIF_F_* */
#define NETDEV_F_SG (1u << 0)
#define NETDEV_F_IP_CSUM (1u << 1)
#define NETDEV_F_HW_CSUM (1u << 3)
#define NETDEV_F_FRAGLIST (1u << 6)
#define NETDEV_F_TSO (1u << 16)

/* An empty table with the loopback in it, down; packet types; dummies need nothing more. */
int netdev_table_init(struct dp *dp);
/* Closes and unregisters all. */
void netdev_table_fini(struct dp *dp);

/*
 * Room for an interface with the defaults of its type (Ethernet: MTU 1500, queue length 1000, 14
 * bytes of header, BROADCAST | MULTICAST). `name` may hold one %d: the first free number.
 * ifindex 0: the first free one; else 2^20 + slot. NULL: no memory, no slot (errno: ENOMEM,
 * ENFILE, EEXIST, EINVAL for a bad name). netdev_free() undoes it as long as it is not registered.
 */
struct netdev *netdev_alloc(struct dp *dp, const char *name, enum netdev_type type,
	uint32_t ifindex);
void netdev_free(struct dp *dp, struct netdev *dev);

/* Init, feature sanity, PRESENT, into the table, REGISTER. -EEXIST, -EINVAL, or what init said. */
int netdev_register(struct dp *dp, struct netdev *dev);
/*
 * Down, out of the table, UNREGISTER, uninit, wait for the references (UNREGISTER again every
 * second, a warning every ten), destructor; dev is gone then.
 */
int netdev_unregister(struct dp *dp, struct netdev *dev);

/* ops->open, UP; GOING_DOWN, ops->stop, DOWN. Opening an open interface changes nothing. */
int netdev_open(struct dp *dp, struct netdev *dev);
void netdev_close(struct dp *dp, struct netdev *dev);

/* A VLAN's device is in its lower one's demultiplexer while it is registered. Before register. */
void netdev_set_vlan(struct netdev *dev, struct netdev *lower, uint16_t proto, uint16_t vid);

int netdev_set_mtu(struct dp *dp, struct netdev *dev, uint32_t mtu);
/* -EBUSY while running, unless the type can do it live (ports can). */
int netdev_set_addr(struct dp *dp, struct netdev *dev, const uint8_t addr[6]);
int netdev_set_name(struct dp *dp, struct netdev *dev, const char *name);
int netdev_set_alias(struct dp *dp, struct netdev *dev, const char *alias);
/* For queues opened from now on. */
int netdev_set_tx_queue_len(struct dp *dp, struct netdev *dev, uint32_t len);
/* IFF_UP (opens, closes), PROMISC, ALLMULTI (as one user of the counter), NOARP, MULTICAST, DEBUG. */
int netdev_change_flags(struct dp *dp, struct netdev *dev, uint32_t flags, uint32_t mask);
/* One user more or less; -EOVERFLOW at the ends of the counter. */
int netdev_set_promiscuity(struct dp *dp, struct netdev *dev, int inc);
int netdev_set_allmulti(struct dp *dp, struct netdev *dev, int inc);
int netdev_set_features(struct dp *dp, struct netdev *dev, uint32_t features);
/* Group addresses the port listens to, counted; also while down. -ENOENT, -ENOMEM. */
int netdev_mc_add(struct dp *dp, struct netdev *dev, const uint8_t addr[6]);
int netdev_mc_del(struct dp *dp, struct netdev *dev, const uint8_t addr[6]);
/*
 * Unicast addresses it receives beside its own, counted; also while down. A port whose filter is full,
 * or has none, takes all frames. A VLAN's are its device's; a running VLAN with an address of its own
 * is such a user. -EINVAL (no unicast address), -ENOENT, -ENOMEM.
 */
int netdev_uc_add(struct dp *dp, struct netdev *dev, const uint8_t addr[6]);
int netdev_uc_del(struct dp *dp, struct netdev *dev, const uint8_t addr[6]);

/* Link watch: carrier, dormant; operstate and IFF_RUNNING follow, CHANGE is sent. */
void netdev_carrier(struct dp *dp, struct netdev *dev, bool on);
void netdev_dormant(struct dp *dp, struct netdev *dev, bool on);
void netdev_set_present(struct dp *dp, struct netdev *dev, bool on);

/* Set or clear one bit of enum netdev_rx_path. */
void netdev_rx_path(struct netdev *dev, unsigned int bit, bool on);

/* References of the control plane; all are given back on UNREGISTER. */
static inline void netdev_hold(struct netdev *dev)
{
	atomic_fetch_add_explicit(&dev->refcnt, 1, memory_order_relaxed);
}

static inline void netdev_put(struct netdev *dev)
{
	atomic_fetch_sub_explicit(&dev->refcnt, 1, memory_order_release);
}

/* Lookups; no reference is taken. NULL: none. */
struct netdev *netdev_by_name(const struct dp *dp, const char *name);
struct netdev *netdev_by_ifindex(const struct dp *dp, uint32_t ifindex);
struct netdev *netdev_by_hwaddr(const struct dp *dp, uint16_t arphrd, const uint8_t addr[6]);
struct netdev *netdev_first_by_hwtype(const struct dp *dp, uint16_t arphrd);
struct netdev *netdev_by_flags(const struct dp *dp, uint32_t flags, uint32_t mask);

/* Sum over the workers, and what the hardware counts; missed: imissed. Also while closed. */
void netdev_stats(const struct dp *dp, struct netdev *dev, struct dev_stats *sum,
	uint64_t *missed);

/* Events of interfaces; ptr is the struct netdev. Belongs to the table. */
struct notifier_chain *netdev_chain(struct dp *dp);

extern const struct netdev_ops netdev_loopback_ops;
extern const struct netdev_ops netdev_dummy_ops;

/* A DPDK port, as drivers/ports describes it. Copied. */
struct netdev_port_conf {
	uint16_t port_id;
	struct tx_contract contract;
	uint16_t max_rxq, max_txq;   /* 0: as the port says */
	uint16_t rx_desc, tx_desc;   /* 0: as the port says */
	uint32_t rx_usecs;           /* frames that come thick wait so long for more; 0: never */
	bool look_ahead;             /* rxq.h: the driver hands over frames that it has not touched */
	uint64_t rx_offloads, tx_offloads;
	/* The descriptor to sleep on and what arms it (either may be NULL: a tick then). */
	int (*wait_fd)(uint16_t port_id, uint16_t queue);
	int (*arm)(uint16_t port_id, uint16_t queue, bool on);
	bool symmetric;              /* several queues: both directions of a flow and all fragments meet */
	bool rx_intr;                /* the port is to raise receive interrupts (what arm arms) */
	/* Around the set-up of a receive queue: some drivers open their descriptor there. Or NULL. */
	void (*rxq_setup)(uint16_t port_id, uint16_t queue, bool done);
	/*
	 * Runs fn and returns what it does, where the driver does not work meanwhile in a thread of its
	 * own: for configuring, starting and stopping. Or NULL: it has none.
	 */
	int (*call)(uint16_t port_id, int (*fn)(void *arg), void *arg);
	bool link_intr;              /* the port is to raise interrupts of its link */
	/*
	 * The port accepts every frame size and destination and has nothing to set (ring, null): where
	 * DPDK says "not supported" to MTU, MAC or promiscuity, only ours changes.
	 */
	bool software;
	bool setup_once;             /* queues set up once stay so: opening again only starts them */
	bool frame_by_mtu;           /* contract.max_frame follows the MTU: it and a VLAN tag */
};

/*
 * Ops and priv of a NETDEV_PORT: set dev->ops = &netdev_port_ops, dev->priv = what this returns
 * before netdev_register(). NULL: no memory. The destructor frees it; the DPDK port itself stays
 * the caller's, stopped.
 */
extern const struct netdev_ops netdev_port_ops;
void *netdev_port_new(const struct netdev_port_conf *conf);

/*
 * on: no worker touches the port of this priv any more when it returns, whether it is open, is opened or
 * restarted meanwhile; what is sent waits. Off: they go on.
 */
void netdev_port_hold(void *priv, bool on);

/* Ask the DPDK port for its link state; carrier and speed follow. Cheap, to be called often. */
void netdev_port_link(struct dp *dp, struct netdev *dev);

/* The watchdog's report: stop and start the port, frames that wait stay and go on (CTL_TX_TIMEOUT). */
void netdev_reset(struct dp *dp, struct netdev *dev);
