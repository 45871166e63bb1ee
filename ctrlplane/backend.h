/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the model asks of a data plane. The live instance has backend_dp.c behind it (struct dp);
 * a shadow has none, and every call below is then skipped. Control thread only. Functions that
 * return int refuse by a negative errno, and the model is then as it was.
 */
#pragma once

#include <linux/if_link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cp;
struct cp_link;
struct cp_neigh;
struct cp_nh;
struct cp_rules;

/* link_set: which fields of the link are to be brought to the data plane. */
enum cp_link_what {
	CP_WHAT_FLAGS = 1 << 0, /* up, promiscuity, allmulti, noarp */
	CP_WHAT_MTU = 1 << 1,
	CP_WHAT_ADDR = 1 << 2,
	CP_WHAT_NAME = 1 << 3,
	CP_WHAT_TXQLEN = 1 << 4,
	CP_WHAT_ALIAS = 1 << 5,
	CP_WHAT_MASTER = 1 << 6,
};

struct cp_backend {
	/* Before the first call, after the last; may be NULL. init also makes FIB CP_FIB_MERGED. */
	int (*init)(void *ctx);
	void (*fini)(void *ctx);

	/* The link's interface comes into being, down; l->dev is set. It goes away. */
	int (*link_add)(void *ctx, struct cp_link *l);
	void (*link_del)(void *ctx, struct cp_link *l);
	/* The link already has its new values; on an error the model takes them back. */
	int (*link_set)(void *ctx, struct cp_link *l, unsigned int what);
	/* What net.ipv4.conf now says of the link: enum netdev_inet; of `all` and the links together. */
	void (*link_conf)(void *ctx, const struct cp_link *l);
	void (*conf)(void *ctx, const struct cp *cp);
	void (*link_stats)(void *ctx, const struct cp_link *l, struct rtnl_link_stats64 *st);

	/* A forwarding table: number, made at its first route. */
	int (*fib_new)(void *ctx, uint32_t fib);
	void (*fib_free)(void *ctx, uint32_t fib);
	/* Addresses in host order; nh 0: no route any more. */
	int (*fib_set)(void *ctx, uint32_t fib, uint32_t prefix, uint8_t len, uint32_t nh);
	/* fib_set of the prefix follows soon: brings its memory near, in two steps. May be NULL. */
	void (*fib_hint)(void *ctx, uint32_t fib, uint32_t prefix, uint8_t len, bool deeper);
	/* Which tables are looked up: see struct cp_rules. */
	int (*rules)(void *ctx, const struct cp_rules *rules);

	/* An id for a next hop, or -ENOSPC; what it means now; its end. */
	int64_t (*nh_alloc)(void *ctx);
	int (*nh_publish)(void *ctx, const struct cp_nh *nh, const struct cp_neigh *via);
	void (*nh_release)(void *ctx, uint32_t id);

	/* The entry as workers see it, after any change of state; then they may send what they hold. */
	int (*neigh_publish)(void *ctx, const struct cp_neigh *n);
	void (*neigh_withdraw)(void *ctx, const struct cp_neigh *n);
	void (*neigh_ready)(void *ctx, const struct cp_neigh *n);

	/* Send a whole Ethernet frame out of the link; it is copied. */
	void (*send)(void *ctx, const struct cp_link *l, const void *frame, size_t len);

	/* Bytes held by fib `fib`, for `show memory`. */
	size_t (*fib_bytes)(void *ctx, uint32_t fib);
};

/* The live one; its ctx is the struct dp, whose layers are up and whose `rules` it sets. */
extern const struct cp_backend cp_backend_dp;
