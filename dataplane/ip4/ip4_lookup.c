/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules and groups (Linux's fib_rules and fib_select_path): called by ip4_route where the merged
 * table does not say all, by ip4_send, and by whoever must know where an address lies.
 */
#include "ip4/ip4_lookup.h"

static bool matches(const struct fib_rule *r, const struct ip4_key *key)
{
	bool hit = (key->dst & r->dst_mask) == r->dst && (key->src & r->src_mask) == r->src &&
		(key->mark & r->mark_mask) == r->mark && (!r->tos || r->tos == key->tos) &&
		(!r->iif || r->iif == key->iif) && (!r->oif || r->oif == key->oif);

	return hit != r->invert;
}

static const struct fib_nh *in_table(const struct dp *dp, const struct fib *fib, uint32_t dst)
{
	uint32_t id = fib ? fib_lookup(fib, dst) : FIB_NO_ROUTE;
	const struct fib_nh *nh = id == FIB_NO_ROUTE ? NULL : fib_nh_get(dp, id);

	return nh && nh->type != FIB_THROW ? nh : NULL;
}

/* A rule whose action is not a table answers by itself. */
static const struct fib_nh *by_action(uint8_t action)
{
	static const struct fib_nh blackhole = { .type = FIB_BLACKHOLE };
	static const struct fib_nh unreachable = { .type = FIB_UNREACHABLE };
	static const struct fib_nh prohibit = { .type = FIB_PROHIBIT };

	switch (action) {
	case FIB_RULE_UNREACHABLE:
		return &unreachable;
	case FIB_RULE_PROHIBIT:
		return &prohibit;
	default:
		return &blackhole;
	}
}

const struct fib_nh *ip4_lookup(const struct dp *dp, const struct ip4_key *key)
{
	const struct fib_rule_set *set = atomic_load_explicit(&dp->rules->set,
		memory_order_acquire);

	if (!set)
		return in_table(dp, ip4_merged_table(dp), key->dst);
	for (uint32_t i = 0; i < set->n; i++) {
		const struct fib_rule *r = &set->rule[i];
		const struct fib_nh *nh;

		if (!matches(r, key))
			continue;
		if (r->action != FIB_RULE_TABLE)
			return by_action(r->action);
		nh = in_table(dp, r->fib, key->dst);
		if (nh)
			return nh;
	}
	return NULL;
}

const struct fib_nh *ip4_group_member(const struct dp *dp, const struct fib_nh *nh, uint32_t hash)
{
	const struct fib_nh *member;

	if (nh->type != FIB_GROUP)
		return nh;
	member = fib_nh_select(dp, nh, hash);
	/* a dead member's flows are spread over the living by hashing on */
	for (unsigned int i = 0; i < FIB_GROUP_SLOTS && (!member || member->flags & FIB_NH_DEAD); i++)
		member = fib_nh_get(dp, nh->group->id[((hash >> 8) + i) % FIB_GROUP_SLOTS]);
	return member && !(member->flags & FIB_NH_DEAD) ? member : NULL;
}
