/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What routes share: next hops, protocol, scope, metric, source, metrics. A request is checked
 * (gateways must be reachable on-link, devices up: rib_check.c), then an equal info is looked for,
 * so that equal routes share one. Called by rib.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nexthops.h"
#include "rib_check.h"
#include "rib_store.h"

static uint32_t mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * 0x9E3779B1u;
	return h ^ h >> 15;
}

static uint32_t info_hash(const struct rib_info *fi)
{
	const struct rib_nh *nh = rib_info_nh(fi);
	uint32_t h = mix(fi->n_nh, fi->protocol | (uint32_t)fi->scope << 8 | (uint32_t)fi->type << 16);

	h = mix(mix(mix(h, fi->prefsrc), fi->priority), fi->metrics);
	for (unsigned int i = 0; i < fi->n_nh; i++)
		h = mix(mix(h, nh[i].oif), nh[i].gw ^ nh[i].weight);
	return h;
}

static bool nhs_equal(const struct rib_info *a, const struct rib_info *b)
{
	const struct rib_nh *x = rib_info_nh(a), *y = rib_info_nh(b);
	const uint8_t state = RTNH_F_DEAD | RTNH_F_LINKDOWN;

	for (unsigned int i = 0; i < a->n_nh; i++)
		if (x[i].oif != y[i].oif || x[i].gw != y[i].gw || x[i].weight != y[i].weight ||
			x[i].scope != y[i].scope || ((x[i].flags ^ y[i].flags) & ~state))
			return false;
	return true;
}

static uint32_t find_equal(const struct rib *r, const struct rib_info *fi)
{
	uint32_t i = r->hash_size != 0 ? r->hash[fi->hash & (r->hash_size - 1)] : 0;

	for (; i != 0; i = rib_info(r, i)->next) {
		const struct rib_info *o = rib_info(r, i);

		if (o->hash == fi->hash && o->n_nh == fi->n_nh && o->protocol == fi->protocol &&
			o->scope == fi->scope && o->type == fi->type && o->prefsrc == fi->prefsrc &&
			o->priority == fi->priority && o->metrics == fi->metrics &&
			!(o->flags & RTNH_F_DEAD) && nhs_equal(o, fi))
			return i;
	}
	return 0;
}

static int rehash(struct rib *r)
{
	uint32_t size = r->hash_size == 0 ? 256 : r->hash_size * 2;
	uint32_t *hash = calloc(size, sizeof(*hash));

	if (hash == NULL)
		return -ENOMEM;
	for (uint32_t i = 1; i < r->infos.n; i++) {
		struct rib_info *fi = rib_info(r, i);

		if (fi->n_nh == 0) /* free */
			continue;
		fi->next = hash[fi->hash & (size - 1)];
		hash[fi->hash & (size - 1)] = i;
	}
	free(r->hash);
	r->hash = hash;
	r->hash_size = size;
	return 0;
}

/* The row of these metrics; rows are few and kept. 0 for none, negative: no room. */
static int metrics_row(struct cp *cp, const struct rib_cfg *cfg)
{
	struct rib *r = cp->rib;
	void *grown;

	if (!cfg->has_metrics)
		return 0;
	for (uint32_t i = 1; i < r->n_metrics; i++)
		if (memcmp(r->metrics[i], cfg->metrics, sizeof(cfg->metrics)) == 0)
			return (int)i;
	if (r->n_metrics == 0)
		r->n_metrics = 1;
	if (r->n_metrics >= RIB_METRICS_MAX)
		return cp_fail(cp, ENOSPC, "skiff: too many different sets of route metrics");
	grown = realloc(r->metrics, (r->n_metrics + 1) * sizeof(*r->metrics));
	if (grown == NULL)
		return -ENOMEM;
	r->metrics = grown;
	memcpy(r->metrics[r->n_metrics], cfg->metrics, sizeof(cfg->metrics));
	return (int)r->n_metrics++;
}

static int info_store(struct cp *cp, const struct rib_info *fi, uint32_t *out)
{
	struct rib *r = cp->rib;
	int64_t id;
	uint32_t i;

	if (r->infos.in_use >= r->hash_size && rehash(r) < 0)
		return -ENOMEM;
	id = cp_nh_get(cp, fi);
	if (id < 0)
		return (int)id;
	i = rib_pool_get(&r->infos);
	if (i == 0) {
		cp_nh_put(cp, (uint32_t)id);
		return -ENOMEM;
	}
	*rib_info(r, i) = *fi;
	rib_info(r, i)->nh_id = (uint32_t)id;
	rib_info(r, i)->next = r->hash[fi->hash & (r->hash_size - 1)];
	r->hash[fi->hash & (r->hash_size - 1)] = i;
	*out = i;
	return 0;
}

int rib_info_create(struct cp *cp, const struct rib_cfg *cfg, uint32_t *out)
{
	struct rib_info fi = {0};
	int row, err;

	err = rib_check(cp, cfg, &fi);
	if (err == 0) {
		row = metrics_row(cp, cfg);
		err = row < 0 ? row : 0;
		fi.metrics = (uint16_t)row;
	}
	if (err == 0) {
		fi.hash = info_hash(&fi);
		*out = find_equal(cp->rib, &fi);
		if (*out == 0) {
			err = info_store(cp, &fi, out);
			if (err == 0)
				return 0; /* the array is the stored info's now */
		}
	}
	if (fi.n_nh > 1)
		free(fi.many);
	return err;
}

void rib_info_hold(struct rib *r, uint32_t i)
{
	rib_info(r, i)->refs++;
}

void rib_info_put(struct cp *cp, uint32_t i)
{
	struct rib *r = cp->rib;
	struct rib_info *fi = rib_info(r, i);
	uint32_t *p;

	if (fi->refs > 1) {
		fi->refs--;
		return;
	}
	p = &r->hash[fi->hash & (r->hash_size - 1)];
	while (*p != i)
		p = &rib_info(r, *p)->next;
	*p = fi->next;
	cp_nh_put(cp, fi->nh_id);
	if (fi->n_nh > 1)
		free(fi->many);
	rib_pool_put(&r->infos, i);
}

static bool mp_matches(const struct rib_cfg *cfg, const struct rib_info *fi)
{
	const struct rib_nh *nh = rib_info_nh(fi);

	if (cfg->n_mp > fi->n_nh)
		return false;
	for (unsigned int i = 0; i < cfg->n_mp; i++)
		if ((cfg->mp[i].oif != 0 && cfg->mp[i].oif != nh[i].oif) ||
			(cfg->mp[i].gw != 0 && cfg->mp[i].gw != nh[i].gw))
			return false;
	return true;
}

static bool metrics_match(const struct cp *cp, const struct rib_cfg *cfg, const struct rib_info *fi)
{
	const uint32_t *have = rib_metrics(cp, fi);

	for (unsigned int i = 1; cfg->has_metrics && i <= RTAX_MAX; i++)
		if (i != RTAX_LOCK && cfg->metrics[i] != 0 &&
			(have == NULL || have[i] != cfg->metrics[i]))
			return false;
	return true;
}

bool rib_info_matches(const struct cp *cp, const struct rib_cfg *cfg, const struct rib_info *fi)
{
	const struct rib_nh *nh = rib_info_nh(fi);

	if (cfg->priority != 0 && cfg->priority != fi->priority)
		return false;
	if (cfg->scope != RT_SCOPE_NOWHERE && cfg->scope != fi->scope)
		return false;
	if ((cfg->prefsrc != 0 && cfg->prefsrc != fi->prefsrc) ||
		(cfg->protocol != 0 && cfg->protocol != fi->protocol))
		return false;
	if (!metrics_match(cp, cfg, fi))
		return false;
	if (cfg->oif != 0 || cfg->gw != 0)
		return (cfg->oif == 0 || cfg->oif == nh->oif) && (cfg->gw == 0 || cfg->gw == nh->gw);
	return cfg->n_mp == 0 || mp_matches(cfg, fi);
}

const uint32_t *rib_metrics(const struct cp *cp, const struct rib_info *fi)
{
	return fi->metrics != 0 ? cp->rib->metrics[fi->metrics] : NULL;
}

int rib_infos_clone(struct rib *to, const struct rib *from)
{
	int err = rib_pool_copy(&to->infos, &from->infos);

	if (err < 0)
		return err;
	for (uint32_t i = 1; i < to->infos.n; i++) {
		struct rib_info *fi = rib_info(to, i);

		fi->nh_id = fi->n_nh != 0 ? 0 : fi->nh_id;
		if (fi->n_nh <= 1)
			continue;
		const struct rib_nh *old = fi->many;

		fi->many = malloc(fi->n_nh * sizeof(*fi->many));
		if (fi->many == NULL) {
			to->infos.n = i; /* the rest still points into the original */
			return -ENOMEM;
		}
		memcpy(fi->many, old, fi->n_nh * sizeof(*fi->many));
	}
	to->hash = malloc(from->hash_size * sizeof(*to->hash));
	to->metrics = malloc((from->n_metrics + 1) * sizeof(*to->metrics));
	if ((to->hash == NULL && from->hash_size != 0) || to->metrics == NULL)
		return -ENOMEM;
	if (from->hash_size != 0)
		memcpy(to->hash, from->hash, from->hash_size * sizeof(*to->hash));
	if (from->n_metrics != 0)
		memcpy(to->metrics, from->metrics, from->n_metrics * sizeof(*to->metrics));
	to->hash_size = from->hash_size;
	to->n_metrics = from->n_metrics;
	return 0;
}

void rib_infos_free(struct rib *r)
{
	for (uint32_t i = 1; i < r->infos.n; i++)
		if (rib_info(r, i)->n_nh > 1)
			free(rib_info(r, i)->many);
	rib_pool_free(&r->infos);
	free(r->hash);
	free(r->metrics);
}
