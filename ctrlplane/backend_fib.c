/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FIBs, rules, next hops and neighbours as workers read them, built from the model's. What workers
 * may still hold is freed after a grace period (dp_retire).
 */
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "backend_dp.h"
#include "ctl/ctl.h"
#include "fib/fib_update.h"
#include "fib/locals.h"
#include "fib/nexthop_update.h"
#include "l2/eth.h"
#include "neigh.h"
#include "neigh/neigh_update.h"
#include "nexthops.h"
#include "rules.h"

static struct backend *backend_of(struct dp *dp)
{
	return (struct backend *)dp->rules;
}

static struct fib *fib_by_number(const struct backend *b, uint32_t number)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (b->fib[i].number == number)
			return b->fib[i].fib;
	return NULL;
}

int backend_init(void *ctx)
{
	struct dp *dp = ctx;
	struct backend *b = calloc(1, sizeof(*b));
	int err;

	if (b == NULL)
		return -ENOMEM;
	dp->rules = &b->rules;
	err = fib_locals_init(dp);
	if (err == 0)
		err = backend_fib_new(dp, CP_FIB_MERGED);
	if (err < 0) {
		fib_locals_fini(dp);
		dp->rules = NULL;
		free(b);
	}
	return err;
}

void backend_fini(void *ctx)
{
	struct dp *dp = ctx;
	struct backend *b = backend_of(dp);
	const struct fib_rule_set *set = atomic_exchange(&b->rules.set, NULL);

	atomic_store(&b->rules.merged, NULL);
	dp_synchronize(dp);
	free((void *)(uintptr_t)set);
	for (uint32_t i = 0; i < b->n; i++)
		fib_destroy(b->fib[i].fib);
	fib_locals_fini(dp);
	dp->rules = NULL;
	free(b);
}

int backend_fib_new(void *ctx, uint32_t number)
{
	struct dp *dp = ctx;
	struct backend *b = backend_of(dp);
	const struct fib_conf conf = {.rcu = dp->qsbr, .simd = FIB_SIMD_AUTO};
	struct fib *f = fib_by_number(b, number);
	int err;

	if (f != NULL)
		return 0;
	if (b->n == BACKEND_FIBS_MAX)
		return -ENOSPC;
	err = fib_create(&conf, &f);
	if (err < 0)
		return err;
	b->fib[b->n].number = number;
	b->fib[b->n++].fib = f;
	if (number == CP_FIB_MERGED && atomic_load(&b->rules.merged) == NULL)
		atomic_store(&b->rules.merged, f);
	return 0;
}

static void destroy(void *ctx, void *ptr)
{
	fib_destroy(ptr);
}

void backend_fib_free(void *ctx, uint32_t number)
{
	struct dp *dp = ctx;
	struct backend *b = backend_of(dp);

	for (uint32_t i = 0; i < b->n; i++) {
		if (b->fib[i].number != number)
			continue;
		dp_retire(dp, destroy, NULL, b->fib[i].fib);
		b->fib[i] = b->fib[--b->n];
		return;
	}
}

static bool is_local(const struct dp *dp, uint32_t id)
{
	const struct fib_nh *nh = fib_nh_get(dp, id);

	return nh != NULL && (nh->type == FIB_LOCAL || nh->type == FIB_BROADCAST);
}

/* Before the route is there: no packet may slip by with a source that has just become our own. */
static void own_address(struct dp *dp, uint32_t prefix, uint8_t len, uint32_t nh)
{
	if (!is_local(dp, nh) || (len >= 8 && prefix >> 24 == 127))
		return; /* of 127/8 the class alone says it */
	if (len == 32)
		fib_locals_add(dp, prefix);
	else
		fib_locals_disable(dp);
}

int backend_fib_set(void *ctx, uint32_t number, uint32_t prefix, uint8_t len, uint32_t nh)
{
	struct dp *dp = ctx;
	struct fib *f = fib_by_number(backend_of(dp), number);
	uint32_t old = 0;
	bool was_own = len == 32 && fib_get(f, prefix, len, &old) == 0 && is_local(dp, old);
	int err;

	own_address(dp, prefix, len, nh);
	if (nh != 0)
		err = fib_add(f, prefix, len, nh);
	else
		err = fib_del(f, prefix, len);
	if (err == 0 && was_own)
		fib_locals_del(dp, prefix);
	return err == -ENOENT && nh == 0 ? 0 : err;
}

void backend_fib_hint(void *ctx, uint32_t number, uint32_t prefix, uint8_t len, bool deeper)
{
	const struct fib *f = fib_by_number(backend_of(ctx), number);

	if (f != NULL)
		fib_hint(f, prefix, len, deeper ? FIB_HINT_DEEPER : FIB_HINT_FIRST);
}

size_t backend_fib_bytes(void *ctx, uint32_t number)
{
	struct fib *f = fib_by_number(backend_of(ctx), number);
	struct fib_stats st;

	if (f == NULL)
		return 0;
	fib_stats(f, &st);
	return st.lookup_committed + st.writer_bytes;
}

/* ---- rules ---- */

static uint32_t mask_of(uint8_t len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

/* A rule for an interface that is not there never applies. */
static uint32_t slot_of(struct dp *dp, const char *name)
{
	if (name[0] == 0)
		return 0;
	for (uint32_t i = 1; i < NETDEV_MAX; i++) {
		const struct netdev *dev = netdev_get(dp, i);

		if (dev != NULL && strcmp(dev->name, name) == 0)
			return i;
	}
	return NETDEV_MAX;
}

static void take_rule(struct dp *dp, struct fib_rule *to, const struct cp_rule *r)
{
	*to = (struct fib_rule){
		.priority = r->priority, .action = r->action, .tos = r->tos, .invert = r->invert,
		.src = ntohl(r->src), .src_mask = mask_of(r->src_len),
		.dst = ntohl(r->dst), .dst_mask = mask_of(r->dst_len),
		.mark = r->mark, .mark_mask = r->mark_mask,
		.iif = slot_of(dp, r->iif), .oif = slot_of(dp, r->oif),
	};
	if (r->action == FR_ACT_TO_TBL)
		to->fib = fib_by_number(backend_of(dp), r->table);
}

static void free_set(void *ctx, void *ptr)
{
	free(ptr);
}

int backend_rules(void *ctx, const struct cp_rules *rules)
{
	struct dp *dp = ctx;
	struct backend *b = backend_of(dp);
	struct fib_rule_set *set = NULL;
	const struct fib_rule_set *old;

	if (!rules->merged) {
		set = calloc(1, sizeof(*set) + rules->n * sizeof(set->rule[0]));
		if (set == NULL)
			return -ENOMEM;
		for (uint32_t i = 0; i < rules->n; i++) {
			take_rule(dp, &set->rule[set->n], &rules->rule[i]);
			/* a table without routes has nothing to say */
			if (set->rule[set->n].fib != NULL || rules->rule[i].action != FR_ACT_TO_TBL)
				set->n++;
		}
	} else {
		atomic_store(&b->rules.merged, fib_by_number(b, CP_FIB_MERGED));
	}
	old = atomic_exchange(&b->rules.set, set);
	if (old != NULL)
		dp_retire(dp, free_set, NULL, (void *)(uintptr_t)old);
	return 0;
}

/* ---- next hops ---- */

int64_t backend_nh_alloc(void *ctx)
{
	return fib_nh_alloc(ctx);
}

void backend_nh_release(void *ctx, uint32_t id)
{
	fib_nh_release(ctx, id);
}

static int publish_group(struct dp *dp, const struct cp_nh *nh)
{
	const struct fib_nh *old = fib_nh_get(dp, nh->id);
	uint32_t id[CP_NH_GROUP_MAX], weight[CP_NH_GROUP_MAX], n = 0;
	struct fib_nh_group group = {0};
	struct fib_nh f = {.type = FIB_GROUP, .scope = nh->key.scope, .id = nh->id, .group = &group};

	if (old != NULL && old->group != NULL)
		group = *old->group;
	for (uint32_t i = 0; i < nh->n_members; i++) {
		if (nh->members[i].dead)
			continue;
		id[n] = nh->members[i].id;
		weight[n++] = nh->members[i].weight;
	}
	if (n == 0 || fib_nh_group_fill(&group, id, weight, n) < 0) {
		f.type = FIB_UNREACHABLE; /* on its way out: its routes are being taken away */
		f.group = NULL;
	}
	return fib_nh_publish(dp, &f);
}

static void put_header(struct fib_nh *f, const struct cp_neigh *via)
{
	if (via == NULL || !(via->state & (NUD_REACHABLE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)) ||
		f->dev->noarp)
		return;
	f->hh_len = eth_build_hh(f->hh, f->dev, via->lladdr, ETH_TYPE_IP4);
	f->flags |= FIB_NH_HH;
	if (f->dev->type == NETDEV_PORT)
		f->flags |= FIB_NH_LANE;
}

int backend_nh_publish(void *ctx, const struct cp_nh *nh, const struct cp_neigh *via)
{
	struct dp *dp = ctx;
	struct netdev *dev = nh->key.oif != 0 ? backend_dev(dp, nh->key.oif) : NULL;
	struct fib_nh f = {
		.type = nh->key.type, .scope = nh->key.scope, .id = nh->id, .gw = nh->key.gw,
		.prefsrc = nh->src, .dev = dev, .phys = dev,
	};

	if (nh->key.type == CP_NH_GROUP)
		return publish_group(dp, nh);
	if (nh->key.type == RTN_LOCAL)
		f.dev = f.phys = dp->netdevs->loopback;
	else if (dev == NULL && nh->key.oif != 0)
		f.type = FIB_UNREACHABLE; /* its link goes away, and it with it */
	if (f.dev != NULL) {
		uint32_t mtu = atomic_load(&f.dev->mtu);

		f.mtu = nh->key.mtu != 0 && nh->key.mtu < mtu ? nh->key.mtu : mtu;
		f.phys = f.dev->lower != NULL ? f.dev->lower : f.dev;
		f.flags |= nh->key.gw == 0 ? FIB_NH_ONLINK : 0;
		f.flags |= nh->dead ? FIB_NH_DEAD : 0;
		if (nh->key.type == RTN_UNICAST && !nh->dead)
			put_header(&f, via);
	}
	return fib_nh_publish(dp, &f);
}

/* ---- neighbours ---- */

int backend_neigh_publish(void *ctx, const struct cp_neigh *n)
{
	struct dp *dp = ctx;
	struct netdev *dev = backend_dev(dp, n->ifindex);
	uint8_t hh[ETH_HH_ROOM];
	struct neigh e = {.ip = n->ip};

	if (dev == NULL)
		return -ENODEV;
	e.dev = dev->index;
	if (n->state & CP_NUD_VALID) {
		e.flags = NEIGH_VALID | (n->state & NUD_STALE ? NEIGH_STALE : 0);
		memcpy(e.lladdr, n->lladdr, sizeof(e.lladdr));
		e.hh_len = eth_build_hh(hh, dev, n->lladdr, ETH_TYPE_IP4);
		memcpy(e.hh, hh + ETH_HH_ROOM - sizeof(e.hh), sizeof(e.hh));
	} else {
		e.flags = NEIGH_FAILED;
	}
	return neigh_publish(dp, &e);
}

void backend_neigh_withdraw(void *ctx, const struct cp_neigh *n)
{
	const struct netdev *dev = backend_dev(ctx, n->ifindex);

	if (dev != NULL)
		neigh_withdraw(ctx, dev->index, n->ip);
}

void backend_neigh_ready(void *ctx, const struct cp_neigh *n)
{
	struct dp *dp = ctx;
	const struct netdev *dev = backend_dev(dp, n->ifindex);

	if (dev == NULL)
		return;
	for (unsigned int i = 0; i < WORKER_MAX; i++)
		if (atomic_load(&dp->workers[i]) != NULL)
			ctl_neigh_ready(atomic_load(&dp->workers[i]), dev->index, n->ip);
}
