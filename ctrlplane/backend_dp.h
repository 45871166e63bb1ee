/* SPDX-License-Identifier: BSD-3-Clause */
/* What backend_dp.c and backend_fib.c share: the live instance's side of the data plane. */
#pragma once

#include <stdatomic.h>

#include "backend.h"
#include "core/dp.h"
#include "dev/netdev.h"
#include "fib/rules.h"
#include "links.h"

#define BACKEND_FIBS_MAX 1024

/* dp->rules points to the first member. */
struct backend {
	struct fib_rules rules;
	uint32_t n;
	struct {
		uint32_t number;
		struct fib *fib;
	} fib[BACKEND_FIBS_MAX];
};

int backend_init(void *ctx);
void backend_fini(void *ctx);
int backend_fib_new(void *ctx, uint32_t number);
void backend_fib_free(void *ctx, uint32_t number);
int backend_fib_set(void *ctx, uint32_t number, uint32_t prefix, uint8_t len, uint32_t nh);
void backend_fib_hint(void *ctx, uint32_t number, uint32_t prefix, uint8_t len, bool deeper);
size_t backend_fib_bytes(void *ctx, uint32_t number);
int backend_rules(void *ctx, const struct cp_rules *rules);
int64_t backend_nh_alloc(void *ctx);
int backend_nh_publish(void *ctx, const struct cp_nh *nh, const struct cp_neigh *via);
void backend_nh_release(void *ctx, uint32_t id);
int backend_neigh_publish(void *ctx, const struct cp_neigh *n);
void backend_neigh_withdraw(void *ctx, const struct cp_neigh *n);
void backend_neigh_ready(void *ctx, const struct cp_neigh *n);

/* The interface with this ifindex, or NULL. */
struct netdev *backend_dev(struct dp *dp, uint32_t ifindex);
