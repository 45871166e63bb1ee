/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Host adjacencies: neighbours, routes, links and rules come and go at random; after each step
 * what the FIBs answer for every address must mean what the routing tables say, and each usable
 * neighbour that an on-link route leads to must have an entry of its own.
 */
#include <errno.h>
#include <linux/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "adjacency.h"
#include "addrs.h"
#include "fake_backend.h"
#include "links.h"
#include "neigh.h"
#include "rib.h"
#include "rules.h"

#define PEER 0x0a000102u /* in eth0's 10.0.0.0/16 */
static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x77};

static struct fake f;
static struct cp *cp;
static struct cp_link *eth0, *eth1;

static int setup(void **state)
{
	f = (struct fake){0};
	cp = fake_router(&f);
	eth0 = fake_link(cp, "eth0");
	eth1 = fake_link(cp, "eth1");
	return 0;
}

static int teardown(void **state)
{
	cp_free(cp);
	fake_free(&f);
	return 0;
}

static struct cp_neigh *neigh(struct cp_link *l, uint32_t ip, uint8_t state)
{
	struct cp_neigh *n = cp_neigh_make(cp, l, htonl(ip));

	assert_non_null(n);
	cp_neigh_update(cp, n, mac, state, CP_NEIGH_ADMIN | CP_NEIGH_OVERRIDE);
	return n;
}

static int route(uint32_t dst, uint8_t len, const struct cp_link *l, uint32_t gw, uint16_t flags)
{
	const struct rib_cfg c = {.dst = dst, .len = len, .type = RTN_UNICAST, .protocol = 3,
		.table = RT_TABLE_MAIN, .gw = htonl(gw), .oif = l->ifindex,
		.scope = gw != 0 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK, .nlflags = flags};

	return flags != 0 ? rib_add(cp, &c, NULL, NULL) : rib_del(cp, &c, NULL);
}

/* The FIB's answer: longest match over what the data plane was told. */
static const struct cp_nh *answer(uint32_t fib, uint32_t ip, uint8_t *len)
{
	for (unsigned int l = 33; l-- > 0;) {
		uint32_t key = l == 0 ? 0 : ip & UINT32_MAX << (32 - l);
		uint32_t id = fake_lookup(&f, fib, key, (uint8_t)l);

		if (id == 0)
			continue;
		*len = (uint8_t)l;
		assert_int_equal(f.nh[id].id, id); /* not released */
		return &f.nh[id];
	}
	return NULL;
}

static bool has_entry(uint32_t fib, uint32_t ip)
{
	uint8_t len;
	const struct cp_nh *nh = answer(fib, ip, &len);

	return nh != NULL && nh->key.host == htonl(ip) && len == 32;
}

static bool merged_entry(uint32_t ip)
{
	return has_entry(CP_FIB_MERGED, ip);
}

static void follows_the_neighbour(void **state)
{
	struct cp_neigh *n = neigh(eth0, PEER, NUD_REACHABLE);

	assert_true(merged_entry(PEER));
	assert_int_equal(cp_adj_count(cp), 1);
	/* stale: the entry stays, and is published without a header by the backend */
	unsigned int published = f.published;

	neigh(eth0, PEER, NUD_STALE);
	assert_true(merged_entry(PEER));
	assert_int_equal(f.published, published + 1);
	cp_neigh_used(cp, eth0, n->ip);
	assert_int_equal(f.published, published + 2);
	cp_neigh_update(cp, n, NULL, NUD_FAILED, CP_NEIGH_ADMIN);
	assert_false(merged_entry(PEER));
	assert_int_equal(cp_adj_count(cp), 0);
	neigh(eth0, PEER, NUD_REACHABLE);
	assert_true(merged_entry(PEER));
	cp_neigh_del(cp, n);
	assert_false(merged_entry(PEER));
	/* not of this link's networks, an address of our own, of the other link, no address at all */
	neigh(eth0, 0x0b000001, NUD_REACHABLE);
	neigh(eth0, 0x0a000001, NUD_PERMANENT);
	neigh(eth0, 0x0a00ffff, NUD_PERMANENT);
	neigh(eth1, PEER, NUD_REACHABLE);
	assert_int_equal(cp_adj_count(cp), 0);
}

static void is_no_route(void **state)
{
	struct rib_cursor c = {0};
	struct rib_route r;
	struct rib_result res;
	const struct rib_flow fl = {.dst = htonl(PEER)};
	uint64_t before = rib_count(cp, 0), generation = cp->generation;

	neigh(eth0, PEER, NUD_REACHABLE);
	assert_true(merged_entry(PEER));
	while (rib_next(cp, &c, &r))
		assert_int_not_equal(r.dst, PEER);
	assert_int_equal(rib_count(cp, 0), before);
	assert_int_equal(cp->generation, generation);
	assert_int_equal(rib_lookup(cp, &fl, &res), 0);
	assert_int_equal(res.route.len, 16);
	assert_int_equal(route(PEER, 32, eth0, 0, 0), -ESRCH);
}

static void gives_way_to_routes(void **state)
{
	uint8_t len;

	neigh(eth0, PEER, NUD_REACHABLE);
	/* a longer match by a gateway, and its end */
	assert_int_equal(route(0x0a000100, 24, eth0, 0x0a000009, NLM_F_CREATE), 0);
	assert_int_equal(answer(CP_FIB_MERGED, PEER, &len)->key.gw, htonl(0x0a000009));
	assert_int_equal(route(0x0a000100, 24, eth0, 0x0a000009, 0), 0);
	assert_true(merged_entry(PEER));
	/* the very host */
	assert_int_equal(route(PEER, 32, eth1, 0x0a010009, NLM_F_CREATE), 0);
	assert_int_equal(answer(CP_FIB_MERGED, PEER, &len)->key.oif, eth1->ifindex);
	assert_int_equal(cp_adj_count(cp), 0);
	assert_int_equal(route(PEER, 32, eth1, 0x0a010009, 0), 0);
	assert_true(merged_entry(PEER));
	/* on-link host routes are served, whichever link they name */
	assert_int_equal(route(PEER, 32, eth0, 0, NLM_F_CREATE), 0);
	assert_true(merged_entry(PEER));
	assert_int_equal(route(PEER, 32, eth1, 0, NLM_F_REPLACE | NLM_F_CREATE), 0);
	assert_false(merged_entry(PEER));
	assert_int_equal(answer(CP_FIB_MERGED, PEER, &len)->key.oif, eth1->ifindex);
	neigh(eth1, PEER, NUD_REACHABLE);
	assert_true(merged_entry(PEER));
	assert_int_equal(answer(CP_FIB_MERGED, PEER, &len)->key.oif, eth1->ifindex);
	assert_int_equal(route(PEER, 32, eth1, 0, 0), 0);
	assert_true(merged_entry(PEER));
	assert_int_equal(answer(CP_FIB_MERGED, PEER, &len)->key.oif, eth0->ifindex);
	/* point to point */
	assert_int_equal(fake_addr(cp, "eth1", 0x0a020000, 31), 0);
	neigh(eth1, 0x0a020001, NUD_REACHABLE);
	assert_true(merged_entry(0x0a020001));
}

static void goes_with_link_and_address(void **state)
{
	neigh(eth0, PEER, NUD_PERMANENT);
	assert_true(merged_entry(PEER));
	cp_link_set_up(cp, eth0, false);
	assert_int_equal(cp_adj_count(cp), 0);
	cp_link_set_up(cp, eth0, true);
	assert_true(merged_entry(PEER));
	assert_int_equal(cp_addr_del(cp, eth0->addrs), 0);
	assert_int_equal(cp_adj_count(cp), 0);
	fake_addr(cp, "eth0", 0x0a000001, 16);
	assert_true(merged_entry(PEER));
	cp_link_del(cp, eth0);
	assert_int_equal(cp_adj_count(cp), 0);
}

static struct cp_rule extra(uint32_t table)
{
	return (struct cp_rule){.priority = 100, .action = FR_ACT_TO_TBL, .table = table,
		.suppress_prefixlen = -1, .tos = 4};
}

/* The FIBs of the single tables have entries of their own, after their own routes. */
static void every_table_by_itself(void **state)
{
	struct cp_rule r = extra(77);
	struct rib_cfg c = {.dst = 0x0a000000, .len = 8, .type = RTN_UNICAST, .protocol = 3,
		.table = 77, .oif = eth0->ifindex, .scope = RT_SCOPE_LINK, .nlflags = NLM_F_CREATE};

	neigh(eth0, PEER, NUD_REACHABLE);
	assert_int_equal(cp_rule_add(cp, &r, true), 0);
	assert_false(merged_entry(PEER));
	assert_true(has_entry(RT_TABLE_MAIN, PEER));
	assert_false(has_entry(RT_TABLE_LOCAL, PEER));
	assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
	assert_true(has_entry(77, PEER));
	assert_int_equal(cp_adj_count(cp), 2);
	c.dst = PEER;
	c.len = 32;
	c.type = RTN_THROW;
	c.oif = 0;
	c.scope = RT_SCOPE_UNIVERSE;
	assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
	assert_false(has_entry(77, PEER));
	assert_true(has_entry(RT_TABLE_MAIN, PEER));
	assert_int_equal(cp_rule_del(cp, &r, 1ull << FRA_PRIORITY, NULL), 0);
	assert_int_equal(cp_adj_count(cp), 1);
	assert_true(merged_entry(PEER));
}

static void without_memory_the_route_serves(void **state)
{
	uint8_t len;

	f.fail_fib_after = 1;
	neigh(eth0, PEER, NUD_REACHABLE);
	assert_int_equal(cp_adj_count(cp), 0);
	assert_int_equal(answer(CP_FIB_MERGED, PEER, &len)->key.host, 0);
	assert_int_equal(len, 16);
}

/* ---- at random ---- */

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

#define HOSTS 24

/* Hosts in three small clusters around which prefixes of all lengths lie. */
static uint32_t any_host(void)
{
	static const uint32_t cluster[] = {0x0a000100, 0x0a0001f8, 0x0a010000};

	return cluster[rnd(3)] + rnd(HOSTS / 3);
}

static void random_route(void)
{
	static const uint8_t types[] = {RTN_UNICAST, RTN_UNICAST, RTN_UNICAST, RTN_BLACKHOLE,
		RTN_THROW, RTN_LOCAL};
	static const uint8_t lens[] = {0, 15, 16, 24, 29, 30, 31, 32, 32, 32};
	struct rib_cfg c = {.protocol = 3, .len = lens[rnd(10)],
		.table = rnd(3) == 0 ? 77 : RT_TABLE_MAIN, .type = types[rnd(6)], .priority = rnd(2)};
	const struct cp_link *l = rnd(2) ? eth0 : eth1;

	c.dst = c.len == 0 ? 0 : any_host() & UINT32_MAX << (32 - c.len);
	if (c.type == RTN_UNICAST || c.type == RTN_LOCAL) {
		c.oif = l->ifindex;
		c.scope = c.type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK;
	}
	if (c.type == RTN_UNICAST && rnd(3) == 0) {
		c.gw = htonl(l == eth0 ? 0x0a000009 : 0x0a010009);
		c.flags = RTNH_F_ONLINK;
		c.scope = RT_SCOPE_UNIVERSE;
	}
	c.nlflags = NLM_F_CREATE | (rnd(2) ? NLM_F_REPLACE : 0);
	if (rnd(8) == 0) /* now and then the FIB refuses: the tables stay as they were */
		f.fail_fib_after = 1;
	if (rnd(2)) {
		rib_add(cp, &c, NULL, NULL);
	} else {
		f.fail_fib_after = 0; /* a deletion is not refused */
		c.type = 0;
		c.oif = 0;
		c.scope = RT_SCOPE_NOWHERE;
		rib_del(cp, &c, NULL);
	}
	f.fail_fib_after = 0;
}

static void random_neigh(void)
{
	static const uint8_t states[] = {NUD_REACHABLE, NUD_STALE, NUD_PERMANENT, NUD_FAILED,
		NUD_INCOMPLETE, NUD_NOARP};
	struct cp_link *l = rnd(2) ? eth0 : eth1;
	struct cp_neigh *n = cp_neigh_make(cp, l, htonl(any_host()));

	if (rnd(4) == 0)
		cp_neigh_del(cp, n);
	else
		cp_neigh_update(cp, n, mac, states[rnd(6)], CP_NEIGH_ADMIN | CP_NEIGH_OVERRIDE);
}

static bool usable(uint32_t oif, uint32_t ip)
{
	const struct cp_neigh *n = cp_neigh_find(cp, oif, htonl(ip));

	return n != NULL && (n->state & CP_NUD_VALID & ~NUD_NOARP);
}

/* The id that the tables give for the address: by the walk, which is tested elsewhere. */
static uint32_t told_by_tables(uint32_t fib, uint32_t ip)
{
	struct rib_cursor c = {.table = fib == CP_FIB_MERGED ? 0 : fib};
	uint32_t id = 0, table = 0;
	struct rib_route r;
	int best = -1;

	while (rib_next(cp, &c, &r)) {
		uint32_t mask = r.len == 0 ? 0 : UINT32_MAX << (32 - r.len);

		if (((r.dst ^ ip) & mask) != 0 || r.fi->nh_id == 0 || (fib == CP_FIB_MERGED &&
			r.table != RT_TABLE_LOCAL && r.table != RT_TABLE_MAIN))
			continue;
		if (r.len < best || (r.len == best && (table == RT_TABLE_LOCAL || r.table == table)))
			continue;
		best = r.len;
		table = r.table;
		id = r.fi->nh_id;
	}
	return id;
}

static unsigned int check_fib(uint32_t fib)
{
	unsigned int entries = 0;

	for (uint32_t i = 0; i < HOSTS; i++) {
		static const uint32_t cluster[] = {0x0a000100, 0x0a0001f8, 0x0a010000};
		uint32_t ip = cluster[i / (HOSTS / 3)] + i % (HOSTS / 3);
		uint32_t id = told_by_tables(fib, ip);
		uint8_t len = 0;
		const struct cp_nh *nh = answer(fib, ip, &len);
		struct cp_nh_key key;

		assert_int_equal(nh != NULL, id != 0);
		if (nh == NULL)
			continue;
		key = nh->key;
		if (nh->id != id) { /* as the route's, for this host alone */
			assert_int_equal(key.host, htonl(ip));
			assert_int_equal(len, 32);
			assert_true(usable(key.oif, ip));
			entries++;
			key.host = 0;
			assert_memory_equal(&key, &f.nh[id].key, sizeof(key));
		} else if (key.type == RTN_UNICAST && key.gw == 0) {
			assert_false(usable(key.oif, ip));
		}
	}
	return entries;
}

static void check(void)
{
	unsigned int n = 0;

	if (cp->rules->merged) {
		n = check_fib(CP_FIB_MERGED);
	} else {
		n += check_fib(RT_TABLE_LOCAL);
		n += check_fib(RT_TABLE_MAIN);
		n += check_fib(77);
	}
	assert_int_equal(cp_adj_count(cp), n);
}

static void means_what_the_tables_say(void **state)
{
	struct cp_rule r = extra(77);

	for (unsigned int step = 0; step < 10000; step++) {
		switch (rnd(150)) {
		case 0:
			if (cp_rule_add(cp, &r, true) < 0)
				cp_rule_del(cp, &r, 1ull << FRA_PRIORITY, NULL);
			break;
		case 1:
			cp_link_set_up(cp, rnd(2) ? eth0 : eth1, rnd(3) != 0);
			break;
		default:
			if (rnd(2))
				random_route();
			else
				random_neigh();
		}
		check();
	}
}

/* Many neighbours: a default route that flaps passes them by. */
static void many_neighbours(void **state)
{
	uint32_t n;

	for (n = 0; n < 4000; n++)
		neigh(eth0, 0x0a000100 + n, NUD_PERMANENT);
	assert_int_equal(cp_adj_count(cp), n);
	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(route(0, 0, eth0, 0x0a000009, NLM_F_CREATE), 0);
		assert_int_equal(route(0, 0, eth0, 0x0a000009, 0), 0);
	}
	assert_int_equal(cp_adj_count(cp), n);
	cp_link_del(cp, eth0);
	assert_int_equal(cp_adj_count(cp), 0);
	assert_int_equal(f.next_id - f.n_free, cp_nh_count(cp));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(follows_the_neighbour),
		T(is_no_route),
		T(gives_way_to_routes),
		T(goes_with_link_and_address),
		T(every_table_by_itself),
		T(without_memory_the_route_serves),
		T(means_what_the_tables_say),
		T(many_neighbours),
	};

	return cmocka_run_group_tests_name("adjacency", tests, NULL, NULL);
}
