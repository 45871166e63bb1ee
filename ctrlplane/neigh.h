/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours: the state machine of RFC 4861 7.3.2 as Linux applies it to ARP (RFC 826). Workers see
 * immutable entries (dataplane neigh/neigh.h); states, timers, probes and limits live here. The
 * machine speaks to the world by struct cp_backend and the clock of cp_tick only.
 */
#pragma once

#include <linux/neighbour.h>
#include "links.h"

struct cp_neigh {
	uint32_t ifindex;
	in_addr_t ip;
	uint8_t state;		/* NUD_* */
	uint8_t flags;		/* NTF_* */
	uint8_t type;		/* RTN_UNICAST, ... */
	uint8_t protocol;
	bool has_lladdr, dp;	/* dp: a worker's table has it */
	bool exempt;		/* never collected, and not counted as what may be */
	uint8_t lladdr[6];
	uint8_t probes;
	uint64_t used, updated;	/* ms */
	int64_t confirmed;	/* ms; before the clock's beginning: long ago */
	uint64_t due;		/* of its timer */
	uint32_t heap;		/* place in the timer heap, 0: it has none */
	struct cp_neigh *hash_next;
	struct cp_neigh *lru_prev, *lru_next;
	uint32_t host;		/* adjacency.c's record of the address, 0: none */
	struct cp_neigh *host_next;
};

/* Linux's struct neigh_parms, in ms; of the table and, once changed, of a link. */
struct cp_neigh_parms {
	uint32_t base_reachable, reachable; /* the latter randomised, renewed every 300 s */
	uint32_t retrans, delay_probe, gc_stale;
	uint32_t ucast_probes, mcast_probes, app_probes, mcast_reprobes;
	uint32_t queue_len_bytes;
	uint32_t locktime, anycast_delay, proxy_delay, proxy_qlen;
};

struct cp_neighs_stats {
	uint64_t allocs, destroys, hash_grows, res_failed, lookups, hits;
	uint64_t rcv_probes_ucast, rcv_probes_mcast, periodic_gc_runs, forced_gc_runs;
	uint64_t table_fulls;
	uint64_t solicits, replies, duplicates; /* ARP sent; others with one of our addresses */
};

/*
 * Linux's gc_thresh1, 2, 3: below the first nothing is collected; above the second for 5 s, entries
 * are collected at once; the third is never passed. Permanent and learned entries
 * do not count. Here by number, 1 to 3.
 */
#define CP_NEIGH_GC1 1024u /* the defaults, a router's: Linux has 128 / 512 / 1024 */
#define CP_NEIGH_GC2 8192u
#define CP_NEIGH_GC3 16384u
#define CP_NEIGH_THRESH_MAX (1u << 20) /* what the workers' table takes */
uint32_t cp_neigh_thresh(const struct cp *cp, unsigned int nr);
/* 0, or -EINVAL with cp->why. */
int cp_neigh_set_thresh(struct cp *cp, unsigned int nr, uint32_t value);

struct cp_neigh *cp_neigh_find(const struct cp *cp, uint32_t ifindex, in_addr_t ip);
/* Finds or makes (NUD_NONE); NULL: the table is full. exempt: it will be permanent or learned. */
struct cp_neigh *cp_neigh_make_for(struct cp *cp, struct cp_link *l, in_addr_t ip, bool exempt);
struct cp_neigh *cp_neigh_make(struct cp *cp, struct cp_link *l, in_addr_t ip);

/* Linux's neigh_update: NEIGH_UPDATE_F_* flags below. lladdr NULL: unknown. */
#define CP_NEIGH_OVERRIDE 1u
#define CP_NEIGH_ADMIN 2u
#define CP_NUD_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)
#define CP_NUD_CONNECTED (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE)
#define CP_NUD_IN_TIMER (NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE)
int cp_neigh_update(struct cp *cp, struct cp_neigh *n, const uint8_t *lladdr, uint8_t state,
	unsigned int flags);
int cp_neigh_del(struct cp *cp, struct cp_neigh *n);
/* An entry just made that came to nothing: away without a word. */
void cp_neigh_discard(struct cp *cp, struct cp_neigh *n);

/* Events: a packet waits for it; a stale entry was used; progress was seen beyond it. */
void cp_neigh_miss(struct cp *cp, struct cp_link *l, in_addr_t ip);
void cp_neigh_used(struct cp *cp, struct cp_link *l, in_addr_t ip);
void cp_neigh_confirm(struct cp *cp, struct cp_link *l, in_addr_t ip);

/* The link lost its carrier or went down (permanent entries stay), or goes away. */
enum cp_neigh_down { CP_NEIGH_DYNAMIC, CP_NEIGH_ALL };
void cp_neigh_link_down(struct cp *cp, struct cp_link *l, enum cp_neigh_down how);
/* The carrier is there: who was asked for in vain is asked for again. */
void cp_neigh_link_up(struct cp *cp, struct cp_link *l);

/*
 * Walk: the entry at or after bucket *bucket, place *nth in it, or NULL; both move on. Entries that
 * come or go meanwhile may be missed or seen twice, as in Linux (NLM_F_DUMP_INTR tells).
 */
struct cp_neigh *cp_neigh_next(const struct cp *cp, uint32_t *bucket, uint32_t *nth);

uint64_t cp_neighs_tick(struct cp *cp);
const struct cp_neigh_parms *cp_neigh_parms_of(const struct cp *cp, const struct cp_link *l);
const struct cp_neighs_stats *cp_neighs_stats(const struct cp *cp);
uint32_t cp_neigh_count(const struct cp *cp);

int cp_neighs_init(struct cp *cp);
void cp_neighs_fini(struct cp *cp);
int cp_neighs_clone(struct cp *to, const struct cp *from);

/* ---- arp.c ---- */

/* A received ARP frame with its Ethernet header, from the link. */
void cp_arp_input(struct cp *cp, struct cp_link *l, const void *frame, size_t len);
/* Broadcast (lladdr NULL) or unicast request for `target`. */
void cp_arp_solicit(struct cp *cp, struct cp_link *l, in_addr_t target, const uint8_t *lladdr);
/* Gratuitous request for an address of the link. */
void cp_arp_announce(struct cp *cp, struct cp_link *l, in_addr_t addr);
