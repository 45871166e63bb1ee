/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list of rules, and the switch between one merged FIB and one a table. Called by rt_rule.c,
 * and by whoever changes a name or the table `default`; lookups are in rib_lookup.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adjacency.h"
#include "notify.h"
#include "rib.h"
#include "rules.h"

static const struct cp_rule defaults[] = {
	{.priority = 0, .action = FR_ACT_TO_TBL, .table = RT_TABLE_LOCAL,
	 .protocol = RTPROT_KERNEL, .suppress_prefixlen = -1},
	{.priority = 32766, .action = FR_ACT_TO_TBL, .table = RT_TABLE_MAIN,
	 .protocol = RTPROT_KERNEL, .suppress_prefixlen = -1},
	{.priority = 32767, .action = FR_ACT_TO_TBL, .table = RT_TABLE_DEFAULT,
	 .protocol = RTPROT_KERNEL, .suppress_prefixlen = -1},
};
#define N_DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static bool same(const struct cp_rule *a, const struct cp_rule *b)
{
	return a->priority == b->priority && a->action == b->action && a->tos == b->tos &&
		a->src_len == b->src_len && a->dst_len == b->dst_len && a->invert == b->invert &&
		a->src == b->src && a->dst == b->dst && a->mark == b->mark &&
		a->mark_mask == b->mark_mask && a->table == b->table && a->target == b->target &&
		a->suppress_prefixlen == b->suppress_prefixlen &&
		strcmp(a->iif, b->iif) == 0 && strcmp(a->oif, b->oif) == 0;
}

bool cp_rule_default_only(const struct cp *cp)
{
	if (cp->rules->n != N_DEFAULTS)
		return false;
	for (uint32_t i = 0; i < N_DEFAULTS; i++)
		if (!same(&cp->rules->rule[i], &defaults[i]))
			return false;
	return true;
}

int cp_rules_changed(struct cp *cp)
{
	struct cp_rules *t = cp->rules;
	bool merged = cp_rule_default_only(cp) && rib_count(cp, RT_TABLE_DEFAULT) == 0;
	bool was = t->merged;
	int err = 0;

	t->merged = merged;
	if (cp->be == NULL || (was && merged))
		return 0;
	if (was != merged)
		err = rib_program_all(cp);
	if (err == 0)
		err = cp->be->rules(cp->be_ctx, t);
	if (err < 0) {
		t->merged = was;
		rib_fib_drop(cp, merged);
	} else if (was != merged) {
		cp_adj_forget(cp);
		rib_fib_drop(cp, was);
		cp_adj_rebuild(cp);
	}
	return err;
}

static int insert(struct cp_rules *t, const struct cp_rule *r, uint32_t at)
{
	if (t->n == t->cap) {
		uint32_t cap = t->cap == 0 ? 8 : t->cap * 2;
		struct cp_rule *grown = realloc(t->rule, cap * sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		t->rule = grown;
		t->cap = cap;
	}
	memmove(&t->rule[at + 1], &t->rule[at], (t->n - at) * sizeof(*r));
	t->rule[at] = *r;
	t->n++;
	return 0;
}

static void take_out(struct cp_rules *t, uint32_t at)
{
	t->n--;
	memmove(&t->rule[at], &t->rule[at + 1], (t->n - at) * sizeof(t->rule[0]));
}

int cp_rule_add(struct cp *cp, const struct cp_rule *r, bool excl)
{
	struct cp_rules *t = cp->rules;
	uint32_t at = 0;
	int err;

	for (uint32_t i = 0; excl && i < t->n; i++)
		if (same(&t->rule[i], r))
			return -EEXIST;
	while (at < t->n && t->rule[at].priority <= r->priority)
		at++;
	err = insert(t, r, at);
	if (err < 0)
		return err;
	err = cp_rules_changed(cp);
	if (err < 0) {
		take_out(t, at);
		return err;
	}
	cp->gens.rules++;
	cp_changed(cp);
	cp_notify_rule(cp, &t->rule[at], RTM_NEWRULE);
	return 0;
}

static bool fits(const struct cp_rule *u, const struct cp_rule *r, uint64_t want)
{
#define WANT(attr) (want & 1ull << (attr))
	return (!WANT(FRA_PRIORITY) || u->priority == r->priority) &&
		(r->action == 0 || u->action == r->action) &&
		(r->table == 0 || u->table == r->table) &&
		(!WANT(FRA_PROTOCOL) || u->protocol == r->protocol) &&
		(!WANT(FRA_FWMARK) || u->mark == r->mark) &&
		(!WANT(FRA_FWMASK) || u->mark_mask == r->mark_mask) &&
		(!WANT(FRA_IIFNAME) || strcmp(u->iif, r->iif) == 0) &&
		(!WANT(FRA_OIFNAME) || strcmp(u->oif, r->oif) == 0) &&
		(r->src_len == 0 || (u->src_len == r->src_len && u->src == r->src)) &&
		(r->dst_len == 0 || (u->dst_len == r->dst_len && u->dst == r->dst)) &&
		(r->tos == 0 || u->tos == r->tos) && u->invert == r->invert;
#undef WANT
}

int cp_rule_del(struct cp *cp, const struct cp_rule *r, uint64_t want, struct cp_rule *gone)
{
	struct cp_rules *t = cp->rules;
	struct cp_rule old;
	uint32_t at = 0;
	int err;

	while (at < t->n && !fits(&t->rule[at], r, want))
		at++;
	if (at == t->n)
		return -ENOENT;
	old = t->rule[at];
	take_out(t, at);
	err = cp_rules_changed(cp);
	if (err < 0) {
		insert(t, &old, at); /* the room is there: one was just taken out */
		return err;
	}
	cp->gens.rules++;
	cp_changed(cp);
	cp_notify_rule(cp, &old, RTM_DELRULE);
	if (gone != NULL)
		*gone = old;
	return 0;
}

int cp_rules_init(struct cp *cp)
{
	cp->rules = calloc(1, sizeof(*cp->rules));
	if (cp->rules == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < N_DEFAULTS; i++) {
		if (insert(cp->rules, &defaults[i], i) < 0) {
			cp_rules_fini(cp);
			return -ENOMEM;
		}
	}
	cp->rules->merged = true;
	return 0;
}

void cp_rules_fini(struct cp *cp)
{
	free(cp->rules->rule);
	free(cp->rules);
	cp->rules = NULL;
}

int cp_rules_clone(struct cp *to, const struct cp *from)
{
	struct cp_rules *t = to->rules;

	t->n = 0;
	for (uint32_t i = 0; i < from->rules->n; i++)
		if (insert(t, &from->rules->rule[i], i) < 0)
			return -ENOMEM;
	t->merged = from->rules->merged;
	return 0;
}
