/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reassembly (RFC 791 3.2, RFC 815 in spirit, RFC 5722's rule for overlaps): a table per worker,
 * bounded in bytes. Fragments of a datagram meet on one worker.
 */
#pragma once

#include <stdint.h>

#include "core/burst.h"

/* Who reassembles: datagrams of different users never mix (Linux's IP_DEFRAG_*). */
enum ip4_reasm_user {
	IP4_REASM_LOCAL = 0,   /* local delivery */
	IP4_REASM_ROUTER_ALERT,
	IP4_REASM_PRE_ROUTING, /* connection tracking, on arrival */
	IP4_REASM_LOCAL_OUT,   /* connection tracking, of this host's packets */
};

struct ip4_reasm_stats {
	uint32_t queues;       /* incomplete datagrams */
	uint64_t bytes;        /* memory they hold, as charged against frag_high_bytes */
	uint64_t evicted;      /* queues given up for lack of memory */
};

/*
 * Take one fragment (data at its IPv4 header). It belongs to the table afterwards in every case.
 * Returns the whole datagram when this fragment completed it (a new skb: a chain of segments, data
 * at the IPv4 header with total length, no fragment fields and a good checksum), else NULL.
 */
struct skb *ip4_reassemble(struct worker *w, struct skb *skb, enum ip4_reasm_user user);

/* 0 or -ENOMEM. fini ends what is held as STOPPED. Called by ip4_worker_init/fini. */
int ip4_reasm_init(struct worker *w);
void ip4_reasm_fini(struct worker *w);
void ip4_reasm_stats(const struct worker *w, struct ip4_reasm_stats *st);
