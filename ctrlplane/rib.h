/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The routing tables. A table maps prefixes to routes, several a prefix, ordered as Linux orders
 * them (TOS descending, then metric ascending); what routes have in common (next hops, protocol,
 * metric, preferred source, metrics) is a shared rib_info, so a million routes over 256 gateways
 * are 256 infos. Everything lies in arrays and refers by 32-bit index, so that a copy of a table
 * (cp_clone) is a memcpy. Control thread only.
 *
 * Addresses of prefixes are in host order, all others in network order.
 */
#pragma once

#include <linux/rtnetlink.h>
#include "cp.h"

struct cp_link;

struct rib_nh {
	uint32_t oif;		/* 0: none (blackhole and its like) */
	in_addr_t gw;		/* 0: on-link */
	uint16_t weight;	/* 1..256 */
	uint8_t scope;
	uint8_t flags;		/* RTNH_F_DEAD, ONLINK, LINKDOWN */
};

struct rib_info {
	uint32_t refs;		/* routes that use it; 0: free */
	uint32_t next;		/* in its hash chain, or of the free list */
	uint32_t hash;
	uint32_t priority;
	in_addr_t prefsrc;	/* as asked for; 0: chosen */
	uint8_t protocol, scope, type;
	uint8_t flags;		/* RTNH_F_DEAD: no next hop lives; LINKDOWN; ONLINK never */
	uint32_t nh_id;		/* of nexthops.h; 0: none (no data plane, or dead) */
	uint16_t n_nh;
	uint16_t metrics;	/* index of a row of RTAX values, 0: none */
	union {
		struct rib_nh one;
		struct rib_nh *many; /* n_nh > 1 */
	};
};

static inline const struct rib_nh *rib_info_nh(const struct rib_info *fi)
{
	return fi->n_nh > 1 ? fi->many : &fi->one;
}

/* A request to add or delete, as decoded; what is absent is 0. */
struct rib_cfg {
	uint32_t dst;		/* host order */
	uint8_t len;
	uint8_t tos, protocol, scope, type;
	uint32_t table;
	uint32_t priority;
	uint32_t oif;
	in_addr_t gw, prefsrc;
	uint32_t flags;		/* RTNH_F_ONLINK */
	uint16_t nlflags;	/* NLM_F_CREATE, EXCL, REPLACE, APPEND */
	uint16_t n_mp;		/* next hops in mp, 0: the single one above */
	struct rib_nh *mp;	/* the caller's */
	bool has_metrics;
	uint32_t metrics[RTAX_MAX + 1];
	bool internal;		/* follows an address: not configuration */
};

/* A route as dumps, notifications and lookups show it. */
struct rib_route {
	uint32_t table;
	uint32_t dst;		/* host order */
	uint8_t len, tos, type;
	bool offload;
	const struct rib_info *fi; /* until the next change */
};

/*
 * Linux's fib_table_insert and fib_table_delete: errno and sentence are the same. On success *out
 * (may be NULL) says what was added or removed, *what is RTM_NEWROUTE's nlmsg_flags.
 */
/* A request about this prefix is being read: lets memory come nearer. It may be none that is valid. */
void rib_hint(struct cp *cp, uint32_t table, uint32_t dst, uint8_t len);
int rib_add(struct cp *cp, const struct rib_cfg *cfg, struct rib_route *out, uint16_t *nlflags);
int rib_del(struct cp *cp, const struct rib_cfg *cfg, struct rib_route *out);

/* All routes of a table (0: of every one) that `match` wants; returns how many went. */
enum rib_flush_how { RIB_FLUSH_QUIET, RIB_FLUSH_TOLD /* with notifications */ };
int rib_flush(struct cp *cp, uint32_t table, enum rib_flush_how how,
	bool (*match)(const struct rib_route *r, void *arg), void *arg);

struct rib_flow {
	in_addr_t dst, src;
	uint32_t oif, iif, mark;
	uint8_t tos, scope;	/* scope: next hops are looked up with a narrower one */
	uint32_t table;		/* 0: by the rules */
	bool ignore_linkdown;
	uint32_t hash;		/* picks among several next hops */
};

struct rib_result {
	struct rib_route route;
	const struct rib_nh *nh; /* the one picked, or NULL */
	unsigned int nh_index;
};

/* 0, or -ENETUNREACH, -EHOSTUNREACH, -EACCES, -EINVAL (blackhole), -EAGAIN (throw). */
int rib_lookup(const struct cp *cp, const struct rib_flow *fl, struct rib_result *res);
/* The type of an address in the table `local`: RTN_LOCAL, RTN_BROADCAST, RTN_UNICAST ... */
uint8_t rib_addr_type(const struct cp *cp, in_addr_t addr, uint32_t oif);

/* Walk in Linux's order; survives changes between calls. Zeroed at the start. */
struct rib_cursor {
	uint32_t table;		/* only this one; 0: all */
	uint32_t at_table;	/* position: all of it */
	uint32_t key;
	uint32_t nth;
	uint32_t started;
};
bool rib_next(const struct cp *cp, struct rib_cursor *c, struct rib_route *r);

/* Routes through a link go (dead) and come back with it. */
enum rib_down {
	RIB_DOWN,	/* the link went down: local routes stay */
	RIB_IP_OFF,	/* its last address went: those go, too */
	RIB_GONE,	/* the link itself goes */
};
void rib_link_down(struct cp *cp, struct cp_link *l, enum rib_down how);
void rib_link_carrier(struct cp *cp, struct cp_link *l, bool up);
void rib_link_up(struct cp *cp, struct cp_link *l);
/* An address went: if no link has it any more, routes with it as source go. */
void rib_source_left(struct cp *cp, in_addr_t src);

/* After the rules changed: makes the FIBs they ask for, and frees those of before. */
int rib_program_all(struct cp *cp);
void rib_fib_drop(struct cp *cp, bool merged);

bool rib_has_table(const struct cp *cp, uint32_t table);
const uint32_t *rib_metrics(const struct cp *cp, const struct rib_info *fi); /* or NULL */
uint64_t rib_count(const struct cp *cp, uint32_t table); /* 0: all */

int rib_init(struct cp *cp);
void rib_fini(struct cp *cp);
int rib_clone(struct cp *to, const struct cp *from);
void rib_memory(const struct cp *cp, struct cp_memory *out);
