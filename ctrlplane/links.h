/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interfaces: the loopback, ports, VLAN sub-interfaces and dummies. An ifindex is given once a
 * link: 1 for lo, from 2^20 on for the rest, so that a kernel index is never mistaken for one.
 */
#pragma once

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include "cp.h"

#define CP_IFINDEX_LO 1u
#define CP_IFINDEX_BASE (1u << 20)
#define CP_LINK_MAX 4096u /* slots, as the data plane's table */

enum cp_link_kind { CP_LINK_LO = 1, CP_LINK_PORT, CP_LINK_VLAN, CP_LINK_DUMMY };

struct cp_addr;
struct netdev;
struct netdev_ops;

struct cp_link {
	uint32_t ifindex;
	uint8_t kind;		/* enum cp_link_kind */
	bool carrier;		/* what the port reports; of a VLAN: its lower link's operation */
	uint8_t operstate;	/* IF_OPER_* */
	uint8_t linkmode;
	char name[IFNAMSIZ];
	char alias[256];
	uint32_t flags;		/* as set by the user and the kind, IFF_RUNNING etc. not included */
	uint32_t promiscuity, allmulti;
	uint32_t mtu, min_mtu, max_mtu;
	uint32_t txqlen;
	uint32_t group;
	uint16_t arphrd;
	uint8_t addr[6], perm_addr[6], brd[6];
	bool was_up;		/* it has been up once: its queue exists */
	bool addr_set;		/* the user chose the address (saved), vs. assigned */
	uint32_t carrier_up, carrier_down;
	uint32_t speed_mbps;
	bool full_duplex;
	uint32_t lower;		/* of a VLAN: ifindex */
	uint16_t vlan_id, vlan_proto;
	uint32_t vlan_flags;
	struct cp_conf conf;
	struct cp_neigh_parms *parms; /* NULL: the table's defaults */
	struct cp_addr *addrs;	/* addrs.h: primaries by scope, then secondaries, as Linux orders them */
	bool ip_dead;		/* being removed: no address may come */

	/* of a port */
	char driver[16];
	uint16_t port_id;	/* DPDK's, or UINT16_MAX */
	const struct netdev_ops *ops;
	void *priv;

	struct netdev *dev;	/* live instance: the data plane's interface, set by link_add */
};

/* What `port add` knows. Copied. */
struct cp_port {
	const char *name;
	const char *driver;	/* "af_packet", for `ip -d` and save */
	uint16_t port_id;	/* DPDK's, or UINT16_MAX (in a shadow: not opened yet) */
	uint8_t mac[6];
	uint32_t mtu, min_mtu, max_mtu;
	bool carrier;
	uint32_t speed_mbps;
	bool full_duplex;
	const struct netdev_ops *ops;
	void *priv;
};

/*
 * A link for a port, down. -EEXIST: the name is taken; -EINVAL: not a name; -ENFILE: no slot.
 * *out (may be NULL) stays the model's.
 */
int cp_link_add_port(struct cp *cp, const struct cp_port *port, struct cp_link **out);
/*
 * What a VLAN on `lower` can carry. A second tag is taken off the VLAN's own: ports send frames of
 * their MTU and one tag (the kernel's AF_PACKET, too); Linux leaves it to the device.
 */
uint32_t cp_link_vlan_mtu(const struct cp_link *lower);
int cp_link_add_vlan(struct cp *cp, const char *name, struct cp_link *lower, uint16_t proto,
	uint16_t vid, struct cp_link **out);
int cp_link_add_dummy(struct cp *cp, const char *name, const uint8_t *mac, struct cp_link **out);
/* Down, its addresses, routes, neighbours and VLANs gone, then itself. Any kind but lo. */
int cp_link_del(struct cp *cp, struct cp_link *l);

/* Carrier as the port's driver reports it; speed 0: unknown. */
void cp_link_set_carrier(struct cp *cp, struct cp_link *l, bool up, uint32_t speed_mbps,
	bool full_duplex);

int cp_link_set_up(struct cp *cp, struct cp_link *l, bool up);
/* `flags` under `change`: IFF_UP, PROMISC, ALLMULTI, NOARP, MULTICAST, DEBUG, NOTRAILERS. */
int cp_link_set_flags(struct cp *cp, struct cp_link *l, uint32_t flags, uint32_t change);
int cp_link_set_mtu(struct cp *cp, struct cp_link *l, uint32_t mtu);
int cp_link_set_addr(struct cp *cp, struct cp_link *l, const uint8_t mac[6]);
int cp_link_set_brd(struct cp *cp, struct cp_link *l, const uint8_t mac[6]);
int cp_link_set_name(struct cp *cp, struct cp_link *l, const char *name);
int cp_link_set_txqlen(struct cp *cp, struct cp_link *l, uint32_t len);
int cp_link_set_alias(struct cp *cp, struct cp_link *l, const char *alias);
int cp_link_set_group(struct cp *cp, struct cp_link *l, uint32_t group);

struct cp_link *cp_link_get(const struct cp *cp, uint32_t ifindex);
struct cp_link *cp_link_by_name(const struct cp *cp, const char *name);
/* The first link with an ifindex >= `from`, or NULL: for (l = cp_link_next(cp, 0); ...). */
struct cp_link *cp_link_next(const struct cp *cp, uint32_t from);
uint32_t cp_link_count(const struct cp *cp);
/* The ifindex that the next new link gets if it is free; restore.c. */
uint32_t cp_link_cursor(const struct cp *cp);
void cp_link_next_ifindex(struct cp *cp, uint32_t ifindex);

/* All IFF_* flags as Linux reports them, and whether it runs (up with carrier). */
uint32_t cp_link_flags(const struct cp_link *l);
bool cp_link_running(const struct cp_link *l);
void cp_link_stats(const struct cp *cp, const struct cp_link *l, struct rtnl_link_stats64 *st);

int cp_links_init(struct cp *cp);
void cp_links_fini(struct cp *cp);
int cp_links_clone(struct cp *to, const struct cp *from);
