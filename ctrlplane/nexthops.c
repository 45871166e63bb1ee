/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Next hops of the data plane, shared by all rib_infos that mean the same. Called by rib_info.c
 * (get, put), link_set.c, addrs.c, neigh.c (changes); hands each to the backend, which builds what
 * workers read. In a shadow there are none.
 */
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "addrs.h"
#include "neigh.h"
#include "nexthops.h"
#include "rib.h"

#define HASH_BITS 14 /* 1 M routes rest on some hundred next hops; neighbours have one each */
#define HASH_SIZE (1u << HASH_BITS)

struct cp_nhs {
	struct cp_nh *hash[HASH_SIZE];	/* by meaning */
	struct cp_nh *via[HASH_SIZE];	/* single ones by (oif, neighbour) */
	struct cp_nh **by_id;
	uint32_t cap;
	uint32_t n;
};

static uint32_t hash_bytes(const void *bytes, size_t n, uint32_t h)
{
	const uint8_t *p = bytes;

	while (n-- > 0)
		h = (h ^ *p++) * 0x01000193u;
	return h;
}

static uint32_t via_hash(uint32_t oif, in_addr_t gw)
{
	return ((oif * 0x9E3779B1u) ^ (gw * 0x85EBCA6Bu)) >> (32 - HASH_BITS);
}

/* The neighbour that packets by this next hop go to; 0: each to its own destination. */
static in_addr_t via_of(const struct cp_nh_key *key)
{
	return key->gw != 0 ? key->gw : key->host;
}

static void publish(struct cp *cp, struct cp_nh *nh)
{
	const struct cp_link *l = nh->key.oif != 0 ? cp_link_get(cp, nh->key.oif) : NULL;
	const struct cp_neigh *via = NULL;

	nh->dead = nh->key.oif != 0 && (l == NULL || !(l->flags & IFF_UP));
	nh->src = nh->key.prefsrc;
	if (nh->src == 0 && l != NULL)
		nh->src = cp_addr_select(cp, l, nh->key.gw, nh->key.scope);
	if (via_of(&nh->key) != 0)
		via = cp_neigh_find(cp, nh->key.oif, via_of(&nh->key));
	if (cp->be->nh_publish(cp->be_ctx, nh, via) < 0)
		cp_log(cp, "no memory to publish next hop %u: it keeps its old meaning", nh->id);
}

static int grow_ids(struct cp_nhs *t, uint32_t id)
{
	uint32_t cap = t->cap == 0 ? 256 : t->cap * 2;
	struct cp_nh **grown;

	while (cap <= id)
		cap *= 2;
	grown = realloc(t->by_id, cap * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	memset(grown + t->cap, 0, (cap - t->cap) * sizeof(*grown));
	t->by_id = grown;
	t->cap = cap;
	return 0;
}

static bool equal(const struct cp_nh *nh, const struct cp_nh_key *key,
	const struct cp_nh_member *m, uint32_t n)
{
	if (memcmp(&nh->key, key, sizeof(*key)) != 0 || nh->n_members != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (nh->members[i].id != m[i].id || nh->members[i].weight != m[i].weight)
			return false;
	return true;
}

static void link_in(struct cp_nhs *t, struct cp_nh *nh)
{
	struct cp_nh **h = &t->hash[nh->hash & (HASH_SIZE - 1)];
	struct cp_nh **v = &t->via[via_hash(nh->key.oif, via_of(&nh->key))];

	nh->hash_next = *h;
	*h = nh;
	nh->via_next = *v;
	*v = nh;
	t->by_id[nh->id] = nh;
	t->n++;
}

static void link_out(struct cp_nhs *t, struct cp_nh *nh)
{
	struct cp_nh **p = &t->hash[nh->hash & (HASH_SIZE - 1)];

	while (*p != nh)
		p = &(*p)->hash_next;
	*p = nh->hash_next;
	p = &t->via[via_hash(nh->key.oif, via_of(&nh->key))];
	while (*p != nh)
		p = &(*p)->via_next;
	*p = nh->via_next;
	t->by_id[nh->id] = NULL;
	t->n--;
}

/* One reference to the object of this meaning; on success members' references are the object's. */
static int64_t get(struct cp *cp, const struct cp_nh_key *key, const struct cp_nh_member *m,
	uint32_t n)
{
	struct cp_nhs *t = cp->nhs;
	uint32_t h = hash_bytes(key, sizeof(*key), 0x811C9DC5u);
	struct cp_nh *nh;
	int64_t id;

	for (uint32_t i = 0; i < n; i++)
		h = hash_bytes(&m[i].weight, sizeof(m[i].weight), hash_bytes(&m[i].id, 4, h));
	h ^= h >> 13;
	for (nh = t->hash[h & (HASH_SIZE - 1)]; nh != NULL; nh = nh->hash_next) {
		if (nh->hash != h || !equal(nh, key, m, n))
			continue;
		nh->refs++;
		for (uint32_t i = 0; i < n; i++)
			cp_nh_put(cp, m[i].id);
		return nh->id;
	}
	id = cp->be->nh_alloc(cp->be_ctx);
	if (id < 0)
		return id;
	nh = calloc(1, sizeof(*nh));
	if (nh != NULL && n != 0)
		nh->members = malloc(n * sizeof(*m));
	if (nh == NULL || (n != 0 && nh->members == NULL) ||
		(id >= t->cap && grow_ids(t, (uint32_t)id) < 0)) {
		if (nh != NULL)
			free(nh->members);
		free(nh);
		cp->be->nh_release(cp->be_ctx, (uint32_t)id);
		return -ENOMEM;
	}
	nh->key = *key;
	nh->id = (uint32_t)id;
	nh->refs = 1;
	nh->hash = h;
	nh->n_members = n;
	if (n != 0)
		memcpy(nh->members, m, n * sizeof(*m));
	link_in(t, nh);
	publish(cp, nh);
	return id;
}

static int64_t get_one(struct cp *cp, const struct rib_info *fi, const struct rib_nh *nh)
{
	const uint32_t *metrics = rib_metrics(cp, fi);
	struct cp_nh_key key;

	memset(&key, 0, sizeof(key));
	key.type = fi->type;
	key.scope = fi->scope;
	key.oif = nh->oif;
	key.gw = nh->gw;
	key.prefsrc = fi->prefsrc;
	key.mtu = metrics != NULL ? metrics[RTAX_MTU] : 0;
	return get(cp, &key, NULL, 0);
}

int64_t cp_nh_get_host(struct cp *cp, const struct cp_nh *route, in_addr_t host)
{
	struct cp_nh_key key = route->key; /* padding and all */

	key.host = host;
	return get(cp, &key, NULL, 0);
}

int64_t cp_nh_get(struct cp *cp, const struct rib_info *fi)
{
	const struct rib_nh *nh = rib_info_nh(fi);
	struct cp_nh_member m[CP_NH_GROUP_MAX];
	struct cp_nh_key key;
	int64_t id = 0;
	uint32_t n;

	if (cp->be == NULL)
		return 0;
	if (fi->n_nh <= 1)
		return get_one(cp, fi, nh);
	if (fi->n_nh > CP_NH_GROUP_MAX)
		return cp_fail(cp, EINVAL, "skiff: more than 256 next hops in a route");
	for (n = 0; n < fi->n_nh; n++) {
		id = get_one(cp, fi, &nh[n]);
		if (id < 0)
			break;
		m[n] = (struct cp_nh_member){.id = (uint32_t)id, .weight = nh[n].weight,
			.dead = nh[n].flags & RTNH_F_DEAD};
	}
	memset(&key, 0, sizeof(key));
	key.type = CP_NH_GROUP;
	key.scope = fi->scope;
	if (id >= 0)
		id = get(cp, &key, m, n);
	while (id < 0 && n > 0)
		cp_nh_put(cp, m[--n].id);
	return id;
}

void cp_nh_put(struct cp *cp, uint32_t id)
{
	struct cp_nh *nh = id != 0 && cp->be != NULL ? cp->nhs->by_id[id] : NULL;

	if (nh == NULL || --nh->refs > 0)
		return;
	link_out(cp->nhs, nh);
	cp->be->nh_release(cp->be_ctx, id);
	for (uint32_t i = 0; i < nh->n_members; i++)
		cp_nh_put(cp, nh->members[i].id);
	free(nh->members);
	free(nh);
}

void cp_nh_neigh_changed(struct cp *cp, uint32_t oif, in_addr_t gw)
{
	struct cp_nh *nh;

	if (cp->be == NULL)
		return;
	for (nh = cp->nhs->via[via_hash(oif, gw)]; nh != NULL; nh = nh->via_next)
		if (nh->key.oif == oif && via_of(&nh->key) == gw && nh->key.type != CP_NH_GROUP)
			publish(cp, nh);
}

bool cp_nh_uses(const struct cp *cp, uint32_t oif, in_addr_t gw)
{
	const struct cp_nh *nh = cp->nhs->via[via_hash(oif, gw)];

	while (nh != NULL && (nh->key.oif != oif || nh->key.gw != gw))
		nh = nh->via_next;
	return nh != NULL;
}

void cp_nh_link_changed(struct cp *cp, uint32_t oif)
{
	struct cp_nhs *t = cp->nhs;

	for (uint32_t i = 0; i < t->cap; i++)
		if (t->by_id[i] != NULL && t->by_id[i]->key.oif == oif)
			publish(cp, t->by_id[i]);
}

void cp_nh_members_changed(struct cp *cp, const struct rib_info *fi)
{
	struct cp_nh *nh = cp->be != NULL ? cp->nhs->by_id[fi->nh_id] : NULL;

	if (nh == NULL || nh->n_members != fi->n_nh)
		return;
	for (uint32_t i = 0; i < nh->n_members; i++)
		nh->members[i].dead = fi->many[i].flags & RTNH_F_DEAD;
	publish(cp, nh);
}

const struct cp_nh *cp_nh_by_id(const struct cp *cp, uint32_t id)
{
	return id < cp->nhs->cap ? cp->nhs->by_id[id] : NULL;
}

uint32_t cp_nh_count(const struct cp *cp)
{
	return cp->nhs->n;
}

int cp_nhs_init(struct cp *cp)
{
	cp->nhs = calloc(1, sizeof(*cp->nhs));
	return cp->nhs != NULL ? 0 : -ENOMEM;
}

void cp_nhs_fini(struct cp *cp)
{
	struct cp_nhs *t = cp->nhs;

	for (uint32_t i = 0; i < t->cap; i++) {
		if (t->by_id[i] == NULL)
			continue;
		cp->be->nh_release(cp->be_ctx, i);
		free(t->by_id[i]->members);
		free(t->by_id[i]);
	}
	free(t->by_id);
	free(t);
	cp->nhs = NULL;
}
