/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Next hops as FIBs know them: one object per distinct meaning, counted by its users (rib_infos,
 * groups). An id of the data plane stands behind each; when a neighbour, a link or a source
 * address changes, only the objects concerned are published anew, never a route.
 */
#pragma once

#include "cp.h"

#define CP_NH_GROUP_MAX 256

struct rib_info;
struct cp_neigh;

struct cp_nh_key {
	uint8_t type;		/* RTN_*, or CP_NH_GROUP */
	uint8_t scope;
	uint8_t flags;		/* RTNH_F_ONLINK is implied by gw 0 */
	uint8_t pad;
	uint32_t oif;
	in_addr_t gw;
	in_addr_t prefsrc;	/* the effective one */
	uint32_t mtu;		/* the route's, 0: the link's */
	in_addr_t host;		/* gw 0: for this neighbour alone (adjacency.h), 0: for any */
};

#define CP_NH_GROUP 200

struct cp_nh_member {
	uint32_t id;
	uint16_t weight;
	bool dead;
};

struct cp_nh {
	struct cp_nh_key key;
	uint32_t id;		/* the data plane's */
	uint32_t refs;
	in_addr_t src;		/* source for packets of this host: key.prefsrc, or chosen */
	bool dead;		/* its link is down */
	uint32_t hash;
	struct cp_nh *hash_next;
	struct cp_nh *via_next;	/* others whose (oif, gw) hashes alike */
	uint32_t n_members;	/* of a group */
	struct cp_nh_member *members;
};

/* The id for this info's live next hops; one reference. 0: nothing to program. -ENOMEM, -ENOSPC. */
int64_t cp_nh_get(struct cp *cp, const struct rib_info *fi);
/* As `route`, which has no gateway, for one host on its link; one reference. */
int64_t cp_nh_get_host(struct cp *cp, const struct cp_nh *route, in_addr_t host);
void cp_nh_put(struct cp *cp, uint32_t id);

/* The entry towards (oif, gw) changed: publish what uses it. */
void cp_nh_neigh_changed(struct cp *cp, uint32_t oif, in_addr_t gw);
/* Link address, MTU or state changed. */
void cp_nh_link_changed(struct cp *cp, uint32_t oif);
/* Next hops of a multipath info died or came back: its group anew. */
void cp_nh_members_changed(struct cp *cp, const struct rib_info *fi);
/* Does a next hop go through this neighbour? Then it is not collected. */
bool cp_nh_uses(const struct cp *cp, uint32_t oif, in_addr_t gw);
const struct cp_nh *cp_nh_by_id(const struct cp *cp, uint32_t id);
uint32_t cp_nh_count(const struct cp *cp);

int cp_nhs_init(struct cp *cp);
void cp_nhs_fini(struct cp *cp);
