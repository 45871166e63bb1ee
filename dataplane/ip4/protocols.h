/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocols above IPv4 (Linux's inet_protos): 256 entries by protocol number. Filled by the
 * control thread, read under QSBR by ip4_deliver and icmp_input.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "core/dp.h"
#include "core/worker.h"

/* ICMP's answer for a packet of ours: the quoted packet's sender was this host. */
struct icmp_quote {
	uint8_t type, code;
	uint32_t info;         /* host order: frag needed: MTU; redirect: the gateway; else word 2 */
	const uint8_t *ip;     /* the quoted IPv4 header */
	const uint8_t *l4;     /* behind its options */
	uint32_t l4_len;       /* bytes there, at least 8 */
};

/* An ICMP error about a packet of this protocol arrived; q is valid during the call. */
typedef void inet_err_fn(struct worker *w, const struct icmp_quote *q);

/*
 * Offer a copy of a delivered packet to raw endpoints: data at the IPv4 header. Returns how many
 * took one (clones are its own to make and end). Set by the raw protocol.
 */
typedef unsigned int inet_raw_fn(struct worker *w, struct skb *skb, uint8_t protocol);

struct inet_proto {
	uint8_t protocol;
	uint8_t no_policy;     /* 1: not subject to a security policy check */
	enum stage stage;      /* gets the packet with data at its header, network_header valid */
	inet_err_fn *err;      /* may be NULL */
	const char *name;
};

struct inet_protos {
	const struct inet_proto *_Atomic proto[256];
	inet_raw_fn *_Atomic raw;
};

/* Create dp->protos with ICMP, UDP and TCP in it. 0 or -ENOMEM. */
int inet_protos_init(struct dp *dp);
void inet_protos_fini(struct dp *dp);

/* Control thread. p stays the caller's until inet_del_protocol has returned. -EEXIST, -ENOENT. */
int inet_add_protocol(struct dp *dp, const struct inet_proto *p);
int inet_del_protocol(struct dp *dp, const struct inet_proto *p);

static inline const struct inet_proto *inet_proto_get(const struct dp *dp, uint8_t protocol)
{
	return atomic_load_explicit(&dp->protos->proto[protocol], memory_order_acquire);
}

/*
 * A handler that took a wrapper off: deliver skb (data at the inner header) again as `protocol`.
 * Bounded by SKB_DEPTH_MAX, then dropped as LOOP.
 */
void ip4_resubmit(struct worker *w, struct skb *skb, uint8_t protocol);
