/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The routing tables against a dumb model: a list of routes. A seeded random walk adds, replaces,
 * appends and deletes; after each step the answer, the order of the walk, a lookup and the FIB
 * must be what the list says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "addrs.h"
#include "fake_backend.h"
#include "links.h"
#include "rib.h"
#include "rules.h"

#define MAX 4000

struct model {
	struct entry {
		uint32_t dst, gw, metric;
		uint8_t len;
	} e[MAX];
	uint32_t n;
};

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

/* Prefixes out of a small space, so that they meet: equal, nested, adjacent. */
static struct entry any(void)
{
	struct entry e = {.len = (uint8_t)(8 + rnd(25)), .gw = 0x0a000002 + rnd(5), .metric = rnd(3)};

	e.dst = (0x14000000u | rnd(4) << 20 | rnd(3) << 12 | rnd(4) << 6 | rnd(4)) &
		(UINT32_MAX << (32 - e.len));
	if (rnd(50) == 0)
		e.len = 0, e.dst = 0;
	return e;
}

static struct rib_cfg cfg_of(const struct entry *e, uint16_t flags)
{
	return (struct rib_cfg){.dst = e->dst, .len = e->len, .type = RTN_UNICAST, .protocol = 3,
		.table = RT_TABLE_MAIN, .gw = htonl(e->gw), .priority = e->metric, .nlflags = flags};
}

/* First place among equals of (prefix, metric), or where they would be: metrics ascend. */
static uint32_t first_of(const struct model *m, const struct entry *e, uint32_t *n)
{
	uint32_t at = UINT32_MAX;

	*n = 0;
	for (uint32_t i = 0; i < m->n; i++) {
		if (m->e[i].dst != e->dst || m->e[i].len != e->len)
			continue;
		if (m->e[i].metric == e->metric) {
			if ((*n)++ == 0)
				at = i;
		} else if (*n == 0 && m->e[i].metric > e->metric && at == UINT32_MAX) {
			at = i;
		}
	}
	return at == UINT32_MAX ? m->n : at;
}

static void put(struct model *m, uint32_t at, const struct entry *e)
{
	memmove(&m->e[at + 1], &m->e[at], (m->n - at) * sizeof(*e));
	m->e[at] = *e;
	m->n++;
}

/* What Linux would say, with the list changed accordingly. */
static int model_add(struct model *m, const struct entry *e, uint16_t flags)
{
	uint32_t n, at = first_of(m, e, &n), same = UINT32_MAX, seen = 0, last = at;

	for (uint32_t i = at; i < m->n && seen < n; i++) {
		if (m->e[i].dst != e->dst || m->e[i].len != e->len || m->e[i].metric != e->metric)
			continue;
		if (m->e[i].gw == e->gw && same == UINT32_MAX)
			same = i;
		last = i;
		seen++;
	}
	if (n > 0) {
		if (flags & NLM_F_EXCL)
			return -EEXIST;
		if (flags & NLM_F_REPLACE) {
			if (same != UINT32_MAX)
				return same == at ? 0 : -EEXIST;
			m->e[at] = *e;
			return 0;
		}
		if (same != UINT32_MAX)
			return -EEXIST;
		if (flags & NLM_F_APPEND)
			at = last + 1;
	}
	if (!(flags & NLM_F_CREATE))
		return -ENOENT;
	put(m, at, e);
	return 0;
}

static int model_del(struct model *m, const struct entry *e, bool by_gw)
{
	for (uint32_t i = 0; i < m->n; i++) {
		if (m->e[i].dst != e->dst || m->e[i].len != e->len ||
			(e->metric != 0 && m->e[i].metric != e->metric) ||
			(by_gw && m->e[i].gw != e->gw))
			continue;
		memmove(&m->e[i], &m->e[i + 1], (m->n - i - 1) * sizeof(*e));
		m->n--;
		return 0;
	}
	return -ESRCH;
}

/* The walk shows addresses ascending, of one address the longest prefix first, then as listed. */
static void check_walk(struct cp *cp, const struct model *m)
{
	struct rib_cursor c = {.table = RT_TABLE_MAIN};
	struct rib_route r, last = {0};
	uint32_t n = 0, rank = 0;

	while (rib_next(cp, &c, &r)) {
		const struct entry *e = NULL;

		if (r.fi->protocol == RTPROT_KERNEL)
			continue;
		rank = n > 0 && last.dst == r.dst && last.len == r.len ? rank + 1 : 0;
		if (n > 0)
			assert_true(r.dst > last.dst || (r.dst == last.dst && r.len <= last.len));
		for (uint32_t i = 0, k = 0; i < m->n && e == NULL; i++)
			if (m->e[i].dst == r.dst && m->e[i].len == r.len && k++ == rank)
				e = &m->e[i];
		assert_non_null(e);
		assert_int_equal(ntohl(rib_info_nh(r.fi)->gw), e->gw);
		assert_int_equal(r.fi->priority, e->metric);
		last = r;
		n++;
	}
	assert_int_equal(n, m->n);
}

/*
 * Walks that share the RIB with other walks and with changes meet the same routes: two cursors in
 * turn, and behind the one a route that comes and goes before each step.
 */
static void check_disturbed_walk(struct cp *cp)
{
	struct rib_cursor calm = {.table = RT_TABLE_MAIN}, busy = calm;
	struct entry e = {.dst = 0x14000000 + rnd(64), .len = 32, .gw = 0x0a000002, .metric = 77};
	struct rib_route a, b;
	bool more;

	do {
		struct rib_cfg c = cfg_of(&e, NLM_F_CREATE);
		uint32_t steps = 1 + rnd(3);

		for (more = true; more && steps > 0; steps--) {
			more = rib_next(cp, &calm, &a);
			if (rnd(2)) {
				assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
				c.scope = RT_SCOPE_NOWHERE;
				assert_int_equal(rib_del(cp, &c, NULL), 0);
				c = cfg_of(&e, NLM_F_CREATE);
			}
			assert_int_equal(rib_next(cp, &busy, &b), more);
			if (more) {
				assert_int_equal(a.dst, b.dst);
				assert_int_equal(a.len, b.len);
				assert_ptr_equal(a.fi, b.fi);
			}
		}
	} while (more);
}

static void check_fib(struct fake *f, const struct model *m)
{
	size_t prefixes = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		bool best = true;
		uint32_t id;

		for (uint32_t k = 0; k < i; k++)
			best = best && !(m->e[k].dst == m->e[i].dst && m->e[k].len == m->e[i].len);
		if (!best)
			continue;
		prefixes++;
		id = fake_lookup(f, CP_FIB_MERGED, m->e[i].dst, m->e[i].len);
		assert_int_not_equal(id, 0);
		assert_int_equal(f->nh[id].id, id);
		assert_int_equal(ntohl(f->nh[id].key.gw), m->e[i].gw);
	}
	/* and those of two links: connected, local, broadcast */
	assert_int_equal(fake_count(f, CP_FIB_MERGED), prefixes + 6);
}

static void check_lookup(struct cp *cp, const struct model *m, uint32_t dst)
{
	struct rib_flow fl = {.dst = htonl(dst)};
	const struct entry *best = NULL;
	struct rib_result res;

	for (uint32_t i = 0; i < m->n; i++)
		if (((m->e[i].dst ^ dst) & (m->e[i].len ? UINT32_MAX << (32 - m->e[i].len) : 0)) == 0 &&
			(best == NULL || m->e[i].len > best->len))
			best = &m->e[i];
	if (best == NULL) {
		assert_int_equal(rib_lookup(cp, &fl, &res), -ENETUNREACH);
		return;
	}
	assert_int_equal(rib_lookup(cp, &fl, &res), 0);
	assert_int_equal(ntohl(res.nh->gw), best->gw);
	assert_int_equal(res.route.len, best->len);
}

static void one_step(struct cp *cp, struct model *m)
{
	static const uint16_t flags[] = {
		NLM_F_CREATE | NLM_F_EXCL, NLM_F_CREATE, NLM_F_CREATE | NLM_F_APPEND,
		NLM_F_CREATE | NLM_F_REPLACE, NLM_F_REPLACE, NLM_F_APPEND,
	};
	struct entry e = any();
	struct rib_cfg c;
	bool by_gw = rnd(2);

	if (rnd(5) < (m->n > 600 ? 4 : 2)) {
		if (m->n > 0 && rnd(4) > 0)
			e = m->e[rnd(m->n)];
		c = cfg_of(&e, 0);
		c.scope = RT_SCOPE_NOWHERE;
		c.gw = by_gw ? c.gw : 0;
		assert_int_equal(rib_del(cp, &c, NULL), model_del(m, &e, by_gw));
		return;
	}
	c = cfg_of(&e, flags[rnd(6)]);
	assert_int_equal(rib_add(cp, &c, NULL, NULL), model_add(m, &e, c.nlflags));
}

static void same_as_a_list(void **state)
{
	static struct model m;
	static struct fake f;
	struct cp *cp = fake_router(&f);
	struct cp_memory mem;

	for (unsigned int i = 0; i < 20000; i++) {
		one_step(cp, &m);
		check_lookup(cp, &m, 0x14000000u | rnd(4) << 20 | rnd(3) << 12 | rnd(4) << 6 | rnd(4));
		if (i % 200 == 0) {
			check_walk(cp, &m);
			check_disturbed_walk(cp);
			check_fib(&f, &m);
		}
	}
	while (m.n > 0) {
		struct rib_cfg c = cfg_of(&m.e[0], 0);

		c.scope = RT_SCOPE_NOWHERE;
		assert_int_equal(rib_del(cp, &c, NULL), 0);
		memmove(&m.e[0], &m.e[1], --m.n * sizeof(m.e[0]));
	}
	check_fib(&f, &m);
	cp_memory(cp, &mem);
	assert_int_equal(mem.routes, 6);
	assert_int_equal(mem.fib_infos, 6); /* two links: local, connected, broadcast */
	cp_free(cp);
	assert_int_equal(f.published > 0 && f.n_free == f.next_id, 1);
	fake_free(&f);
}

static void a_refused_fib_leaves_no_trace(void **state)
{
	static struct fake f;
	struct cp *cp = fake_router(&f);
	struct entry e = {.dst = 0x14000000, .len = 8, .gw = 0x0a000002};
	struct rib_cfg c = cfg_of(&e, NLM_F_CREATE | NLM_F_EXCL);
	struct cp_memory before, after;

	cp_memory(cp, &before);
	f.fail_fib_after = 1;
	assert_int_equal(rib_add(cp, &c, NULL, NULL), -ENOMEM);
	cp_memory(cp, &after);
	assert_int_equal(before.routes, after.routes);
	assert_int_equal(before.prefixes, after.prefixes);
	assert_int_equal(before.fib_infos, after.fib_infos);
	assert_int_equal(before.nexthops, after.nexthops);
	assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
	cp_free(cp);
	fake_free(&f);
}

static void local_wins_a_prefix_in_the_merged_fib(void **state)
{
	static struct fake f;
	struct cp *cp = fake_router(&f);
	struct entry e = {.dst = 0x0a000001, .len = 32, .gw = 0x0a010002};
	struct rib_cfg c = cfg_of(&e, NLM_F_CREATE | NLM_F_EXCL);
	uint32_t id;

	assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
	id = fake_lookup(&f, CP_FIB_MERGED, e.dst, 32);
	assert_int_equal(f.nh[id].key.type, RTN_LOCAL);
	assert_int_equal(cp_addr_del(cp, fake_link(cp, "eth0")->addrs), 0);
	id = fake_lookup(&f, CP_FIB_MERGED, e.dst, 32);
	assert_int_equal(f.nh[id].key.type, RTN_UNICAST);
	cp_free(cp);
	fake_free(&f);
}

static void rules_split_and_join_the_fibs(void **state)
{
	static struct fake f;
	struct cp *cp = fake_router(&f);
	struct entry e = {.dst = 0x14000000, .len = 8, .gw = 0x0a000002};
	struct rib_cfg c = cfg_of(&e, NLM_F_CREATE | NLM_F_EXCL);
	struct cp_rule r = {.priority = 100, .action = FR_ACT_TO_TBL, .table = 77,
		.suppress_prefixlen = -1};
	size_t merged = fake_count(&f, CP_FIB_MERGED);

	assert_int_equal(cp_rule_add(cp, &r, true), 0);
	assert_int_equal(cp_rule_add(cp, &r, true), -EEXIST);
	assert_false(f.rules_merged);
	assert_int_equal(fake_count(&f, CP_FIB_MERGED), 0);
	assert_int_equal(fake_count(&f, RT_TABLE_MAIN) + fake_count(&f, RT_TABLE_LOCAL), merged);
	c.table = 77;
	unsigned int set = f.rules_set;

	assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
	assert_int_equal(f.rules_set, set + 1); /* the rule has a table to look into now */
	assert_int_equal(cp_rule_del(cp, &r, 1ull << FRA_PRIORITY, NULL), 0);
	assert_true(f.rules_merged);
	assert_int_equal(fake_count(&f, CP_FIB_MERGED), merged);
	/* a route in `default` splits them as well: it must not win by its length */
	c.table = RT_TABLE_DEFAULT;
	assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
	assert_false(f.rules_merged);
	assert_int_not_equal(fake_lookup(&f, RT_TABLE_DEFAULT, e.dst, 8), 0);
	c.nlflags = 0;
	c.scope = RT_SCOPE_NOWHERE;
	assert_int_equal(rib_del(cp, &c, NULL), 0);
	assert_true(f.rules_merged);
	cp_free(cp);
	fake_free(&f);
}

static void next_hops_are_shared(void **state)
{
	static struct fake f;
	struct cp *cp = fake_router(&f);
	uint32_t before = cp_nh_count(cp);

	for (uint32_t i = 0; i < 1000; i++) {
		struct entry e = {.dst = 0x14000000 + (i << 8), .len = 24, .gw = 0x0a000002 + i % 10,
			.metric = i % 3};
		struct rib_cfg c = cfg_of(&e, NLM_F_CREATE | NLM_F_EXCL);

		assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
	}
	assert_int_equal(cp_nh_count(cp), before + 10); /* metrics make infos, not next hops */
	unsigned int published = f.published;
	struct cp_neigh *n = cp_neigh_make(cp, fake_link(cp, "eth0"), htonl(0x0a000002));

	cp_neigh_update(cp, n, (const uint8_t[]){2, 0, 0, 0, 0, 9}, NUD_REACHABLE, CP_NEIGH_ADMIN);
	assert_int_equal(f.published, published + 2); /* the gateway's, and the host's own */
	cp_free(cp);
	fake_free(&f);
}

static void multipath_loses_and_regains_a_link(void **state)
{
	static struct fake f;
	struct cp *cp = fake_router(&f);
	struct rib_nh mp[] = {{.gw = htonl(0x0a000002), .weight = 1}, {.gw = htonl(0x0a010002), .weight = 3}};
	struct rib_cfg c = {.dst = 0x14000000, .len = 8, .type = RTN_UNICAST, .protocol = 3,
		.table = RT_TABLE_MAIN, .n_mp = 2, .mp = mp, .nlflags = NLM_F_CREATE};
	uint32_t id;

	assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
	id = fake_lookup(&f, CP_FIB_MERGED, 0x14000000, 8);
	assert_int_equal(f.nh[id].key.type, CP_NH_GROUP);
	assert_int_equal(f.nh[id].n_members, 2);
	cp_link_set_up(cp, fake_link(cp, "eth1"), false);
	assert_int_equal(fake_lookup(&f, CP_FIB_MERGED, 0x14000000, 8), id);
	assert_false(f.nh[id].members[0].dead);
	assert_true(f.nh[id].members[1].dead);
	cp_link_set_up(cp, fake_link(cp, "eth1"), true);
	assert_false(f.nh[id].members[1].dead);
	cp_link_set_up(cp, fake_link(cp, "eth1"), false);
	cp_link_set_up(cp, fake_link(cp, "eth0"), false);
	assert_int_equal(fake_lookup(&f, CP_FIB_MERGED, 0x14000000, 8), 0);
	cp_free(cp);
	fake_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_a_list),
		cmocka_unit_test(a_refused_fib_leaves_no_trace),
		cmocka_unit_test(local_wins_a_prefix_in_the_merged_fib),
		cmocka_unit_test(rules_split_and_join_the_fibs),
		cmocka_unit_test(next_hops_are_shared),
		cmocka_unit_test(multipath_loses_and_regains_a_link),
	};

	return cmocka_run_group_tests_name("rib", tests, NULL, NULL);
}
