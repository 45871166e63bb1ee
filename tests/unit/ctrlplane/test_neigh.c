/* SPDX-License-Identifier: BSD-3-Clause */
/* The neighbour state machine and ARP on a clock of the test's own. */
#include <errno.h>
#include <linux/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "addrs.h"
#include "fake_backend.h"
#include "links.h"
#include "neigh.h"
#include "rib.h"

#define PEER 0x0a000002u
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 0x77}, other_mac[6] = {2, 0, 0, 0, 0, 0x88};

static struct fake f;
static struct cp *cp;
static struct cp_link *eth0;

static int setup(void **state)
{
	f = (struct fake){0};
	cp = fake_router(&f);
	eth0 = fake_link(cp, "eth0");
	return 0;
}

static int teardown(void **state)
{
	cp_free(cp);
	fake_free(&f);
	return 0;
}

static struct cp_neigh *peer(void)
{
	return cp_neigh_find(cp, eth0->ifindex, htonl(PEER));
}

/* Runs the clock to `ms` from its start, through everything that is due. */
static void run_to(uint64_t ms)
{
	uint64_t due;

	while ((due = cp_tick(cp, cp->now_ms)) <= ms)
		cp_tick(cp, due > cp->now_ms ? due : cp->now_ms);
	cp_tick(cp, ms);
}

struct arp {
	uint8_t b[42];
};

static struct arp arp(uint8_t op, const uint8_t *sha, uint32_t spa, uint32_t tpa, bool to_us)
{
	struct arp a = {{0}};
	const uint8_t head[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, op};
	uint32_t s = htonl(spa), t = htonl(tpa);

	memset(a.b, 0xff, 6);
	if (to_us)
		memcpy(a.b, eth0->addr, 6);
	memcpy(a.b + 6, sha, 6);
	memcpy(a.b + 12, head, sizeof(head));
	memcpy(a.b + 22, sha, 6);
	memcpy(a.b + 28, &s, 4);
	memcpy(a.b + 38, &t, 4);
	return a;
}

static void hear(struct arp a)
{
	cp_arp_input(cp, eth0, a.b, sizeof(a.b));
}

static const uint8_t *sent(unsigned int i)
{
	return f.frame[i % FAKE_FRAMES];
}

static void asked_three_times_then_failed(void **state)
{
	cp_neigh_miss(cp, eth0, htonl(PEER));
	assert_int_equal(peer()->state, NUD_INCOMPLETE);
	assert_int_equal(f.frames, 1);
	assert_int_equal(sent(0)[0], 0xff);
	assert_int_equal(sent(0)[21], 1);
	assert_memory_equal(sent(0) + 28, &(uint32_t){htonl(0x0a000001)}, 4);
	assert_memory_equal(sent(0) + 38, &(uint32_t){htonl(PEER)}, 4);
	cp_neigh_miss(cp, eth0, htonl(PEER)); /* no second question */
	assert_int_equal(f.frames, 1);
	run_to(1000 + 2999);
	assert_int_equal(f.frames, 3);
	assert_int_equal(peer()->state, NUD_INCOMPLETE);
	assert_int_equal(f.ready, 0);
	run_to(1000 + 3000);
	assert_int_equal(peer()->state, NUD_FAILED);
	assert_int_equal(f.frames, 3);
	assert_int_equal(f.ready, 1);
	assert_int_equal(f.last_neigh.state, NUD_FAILED);
	run_to(1000 + 4000); /* from now on the next packet asks anew */
	assert_int_equal(f.neigh_withdrawn, 1);
	cp_neigh_miss(cp, eth0, htonl(PEER));
	assert_int_equal(peer()->state, NUD_INCOMPLETE);
	assert_int_equal(f.frames, 4);
}

static void answered_used_aged_probed(void **state)
{
	cp_neigh_miss(cp, eth0, htonl(PEER));
	hear(arp(2, peer_mac, PEER, 0x0a000001, true));
	assert_int_equal(peer()->state, NUD_REACHABLE);
	assert_memory_equal(peer()->lladdr, peer_mac, 6);
	assert_int_equal(f.ready, 1);
	run_to(1000 + 14900); /* base_reachable / 2 is the earliest */
	assert_int_equal(peer()->state, NUD_REACHABLE);
	run_to(1000 + 45100);
	assert_int_equal(peer()->state, NUD_STALE);
	assert_int_equal(f.last_neigh.state, NUD_STALE);
	cp_neigh_used(cp, eth0, htonl(PEER));
	assert_int_equal(peer()->state, NUD_DELAY);
	uint64_t at = cp->now_ms;

	run_to(at + 4999);
	assert_int_equal(peer()->state, NUD_DELAY);
	f.frames = 0;
	run_to(at + 5000);
	assert_int_equal(peer()->state, NUD_PROBE);
	assert_int_equal(f.frames, 1);
	assert_memory_equal(sent(0), peer_mac, 6); /* unicast */
	hear(arp(2, peer_mac, PEER, 0x0a000001, true));
	assert_int_equal(peer()->state, NUD_REACHABLE);
}

static void probes_end_in_failure(void **state)
{
	struct cp_neigh *n = cp_neigh_make(cp, eth0, htonl(PEER));

	cp_neigh_update(cp, n, peer_mac, NUD_STALE, CP_NEIGH_ADMIN | CP_NEIGH_OVERRIDE);
	cp_neigh_used(cp, eth0, htonl(PEER));
	f.frames = 0;
	run_to(1000 + 5000 + 2999);
	assert_int_equal(n->state, NUD_PROBE);
	assert_int_equal(f.frames, 3);
	run_to(1000 + 5000 + 3000);
	assert_int_equal(n->state, NUD_FAILED);
}

static void confirmation_spares_the_probe(void **state)
{
	struct cp_neigh *n = cp_neigh_make(cp, eth0, htonl(PEER));

	cp_neigh_update(cp, n, peer_mac, NUD_STALE, CP_NEIGH_ADMIN | CP_NEIGH_OVERRIDE);
	cp_neigh_used(cp, eth0, htonl(PEER));
	run_to(3000);
	cp_neigh_confirm(cp, eth0, htonl(PEER));
	f.frames = 0;
	run_to(1000 + 5000);
	assert_int_equal(n->state, NUD_REACHABLE);
	assert_int_equal(f.frames, 0);
}

static void requests_are_answered_and_learnt_from(void **state)
{
	hear(arp(1, peer_mac, PEER, 0x0a000001, false));
	assert_int_equal(f.frames, 1);
	assert_memory_equal(sent(0), peer_mac, 6);
	assert_int_equal(sent(0)[21], 2);
	assert_memory_equal(sent(0) + 22, eth0->addr, 6);
	assert_int_equal(peer()->state, NUD_STALE);
	/* any address of this host, also another link's (arp_ignore 0) */
	hear(arp(1, peer_mac, PEER, 0x0a010001, false));
	assert_int_equal(f.frames, 2);
	/* not for others, not from our own or impossible addresses, not to a group address */
	hear(arp(1, peer_mac, PEER, 0x0a000009, false));
	hear(arp(1, peer_mac, 0x0a010001, 0x0a000001, false));
	hear(arp(1, peer_mac, 0xffffffff, 0x0a000001, false));
	hear(arp(1, (const uint8_t[]){3, 0, 0, 0, 0, 1}, PEER, 0x0a000001, false));
	assert_int_equal(f.frames, 2);
	/* RFC 5227: a probe is answered, its sender not learnt */
	hear(arp(1, other_mac, 0, 0x0a000001, false));
	assert_int_equal(f.frames, 3);
	assert_int_equal(cp_neigh_count(cp), 1);
}

static void strangers_are_not_learnt(void **state)
{
	hear(arp(2, peer_mac, PEER, 0x0a000001, true));
	hear(arp(1, peer_mac, PEER, PEER, false));
	assert_int_equal(cp_neigh_count(cp), 0);
}

static void locktime_keeps_the_first_answer(void **state)
{
	cp_neigh_miss(cp, eth0, htonl(PEER));
	hear(arp(2, peer_mac, PEER, 0x0a000001, true));
	run_to(1500);
	hear(arp(2, other_mac, PEER, 0x0a000001, true));
	assert_memory_equal(peer()->lladdr, peer_mac, 6);
	run_to(2600);
	hear(arp(2, other_mac, PEER, 0x0a000001, true));
	assert_memory_equal(peer()->lladdr, other_mac, 6);
}

static void duplicates_are_noticed(void **state)
{
	hear(arp(1, other_mac, 0x0a000001, 0x0a000001, false));
	assert_int_equal(cp_neighs_stats(cp)->duplicates, 1);
	assert_int_equal(f.frames, 0);
	hear(arp(1, eth0->addr, 0x0a000001, 0x0a000001, false)); /* our own, come back */
	assert_int_equal(cp_neighs_stats(cp)->duplicates, 1);
}

static void truncated_frames_do_nothing(void **state)
{
	struct arp a = arp(1, peer_mac, PEER, 0x0a000001, false);

	for (size_t len = 0; len < sizeof(a.b); len++) {
		uint8_t exact[42];

		memcpy(exact, a.b, len);
		cp_arp_input(cp, eth0, exact, len);
	}
	assert_int_equal(f.frames, 0);
}

static void permanent_entries_stay(void **state)
{
	struct cp_neigh *n = cp_neigh_make(cp, eth0, htonl(PEER));

	assert_int_equal(cp_neigh_update(cp, n, NULL, NUD_PERMANENT, CP_NEIGH_ADMIN), -EINVAL);
	cp_neigh_update(cp, n, peer_mac, NUD_PERMANENT, CP_NEIGH_ADMIN);
	hear(arp(1, other_mac, PEER, 0x0a000001, false));
	assert_memory_equal(n->lladdr, peer_mac, 6);
	run_to(1000000);
	assert_int_equal(n->state, NUD_PERMANENT);
	cp_link_set_carrier(cp, eth0, false, 0, false);
	assert_ptr_equal(peer(), n);
	cp_link_del(cp, eth0);
	assert_int_equal(cp_neigh_count(cp), 0);
}

static void carrier_loss_forgets_the_rest(void **state)
{
	cp_neigh_miss(cp, eth0, htonl(PEER));
	hear(arp(2, peer_mac, PEER, 0x0a000001, true));
	cp_link_set_carrier(cp, eth0, false, 0, false);
	assert_null(peer());
	assert_int_equal(f.neigh_withdrawn, 1);
	cp_neigh_miss(cp, eth0, htonl(PEER));
	assert_int_equal(peer()->state, NUD_INCOMPLETE);
	run_to(cp->now_ms + 1500);
	f.frames = 0;
	cp_link_set_carrier(cp, eth0, true, 0, true);
	run_to(cp->now_ms + 1);
	assert_int_equal(f.frames, 2); /* our address, and the question */
	hear(arp(2, peer_mac, PEER, 0x0a000001, true));
	assert_int_equal(peer()->state, NUD_REACHABLE);
	cp_link_set_up(cp, eth0, false);
	cp_neigh_miss(cp, eth0, htonl(PEER));
	assert_int_equal(peer()->state, NUD_FAILED);
}

static void a_scan_does_not_fill_the_table(void **state)
{
	unsigned int full;

	for (uint32_t i = 0; i < 60000; i++) {
		cp_neigh_miss(cp, eth0, htonl(0x0a000100 + i));
		if (i % 1000 == 0)
			run_to(cp->now_ms + 1000);
		assert_true(cp_neigh_count(cp) <= CP_NEIGH_GC3);
	}
	run_to(cp->now_ms + 10000); /* all have failed by now */
	full = (unsigned int)cp_neighs_stats(cp)->table_fulls;
	cp_neigh_miss(cp, eth0, htonl(0x0a00fffe));
	assert_int_equal(cp_neighs_stats(cp)->table_fulls, full);
	run_to(cp->now_ms + 200000);
	assert_true(cp_neigh_count(cp) < CP_NEIGH_GC2);
}

static void limits_can_be_set(void **state)
{
	const uint64_t fulls = cp_neighs_stats(cp)->table_fulls;
	struct cp_neigh *n = NULL;
	uint32_t there;

	assert_int_equal(cp_neigh_set_thresh(cp, 3, CP_NEIGH_THRESH_MAX + 1), -EINVAL);
	assert_int_equal(cp_neigh_thresh(cp, 3), CP_NEIGH_GC3);
	for (unsigned int nr = 1; nr <= 3; nr++)
		assert_int_equal(cp_neigh_set_thresh(cp, nr, 10 * nr), 0);
	for (uint32_t i = 0; i < 100; i++)
		cp_neigh_miss(cp, eth0, htonl(0x0a000100 + i));
	there = cp_neigh_count(cp);
	assert_int_equal(there, 30);
	assert_int_equal(cp_neighs_stats(cp)->table_fulls - fulls, 70);
	/* what is permanent finds a place, and does not count */
	for (uint32_t i = 0; i < 50; i++) {
		n = cp_neigh_make_for(cp, eth0, htonl(0x0a010000 + i), true);
		assert_non_null(n);
		cp_neigh_update(cp, n, other_mac, NUD_PERMANENT, CP_NEIGH_ADMIN);
	}
	assert_int_equal(cp_neigh_count(cp), there + 50);
	assert_null(cp_neigh_make(cp, eth0, htonl(0x0a020000)));
	cp_neigh_update(cp, n, NULL, NUD_REACHABLE, CP_NEIGH_ADMIN); /* now it does: one too many */
	cp_neigh_set_thresh(cp, 3, 31);
	assert_null(cp_neigh_make(cp, eth0, htonl(0x0a020000)));
	cp_neigh_set_thresh(cp, 3, 32);
	assert_non_null(cp_neigh_make(cp, eth0, htonl(0x0a020000)));
	cp_neigh_set_thresh(cp, 2, 100000);
	cp_neigh_set_thresh(cp, 3, 100000);
	for (uint32_t i = 0; i < 70000; i++)
		assert_non_null(cp_neigh_make(cp, eth0, htonl(0x0b000000 + i)));
	assert_int_equal(cp_neigh_count(cp), there + 51 + 70000);
}

static void gateways_are_not_collected(void **state)
{
	struct rib_cfg c = {.dst = 0x14000000, .len = 8, .type = RTN_UNICAST, .protocol = 3,
		.table = RT_TABLE_MAIN, .gw = htonl(PEER), .nlflags = NLM_F_CREATE};

	assert_int_equal(rib_add(cp, &c, NULL, NULL), 0);
	cp_neigh_miss(cp, eth0, htonl(PEER));
	hear(arp(2, peer_mac, PEER, 0x0a000001, true));
	for (uint32_t i = 0; i < 3000; i++) {
		struct cp_neigh *n = cp_neigh_make(cp, eth0, htonl(0x0a000100 + i));

		cp_neigh_update(cp, n, other_mac, NUD_STALE, CP_NEIGH_ADMIN);
	}
	run_to(cp->now_ms + 300000);
	assert_non_null(peer());
	assert_int_equal(cp_neigh_count(cp), 1);
}

static void addresses_are_announced(void **state)
{
	fake_addr(cp, "eth0", 0x0a050001, 24);
	assert_int_equal(f.frames, 1);
	assert_int_equal(sent(0)[0], 0xff);
	assert_memory_equal(sent(0) + 28, sent(0) + 38, 4);
	cp_link_set_carrier(cp, eth0, false, 0, false);
	cp_link_set_carrier(cp, eth0, true, 0, true);
	assert_int_equal(f.frames, 3); /* both addresses */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(asked_three_times_then_failed),
		T(answered_used_aged_probed),
		T(probes_end_in_failure),
		T(confirmation_spares_the_probe),
		T(requests_are_answered_and_learnt_from),
		T(strangers_are_not_learnt),
		T(locktime_keeps_the_first_answer),
		T(duplicates_are_noticed),
		T(truncated_frames_do_nothing),
		T(permanent_entries_stay),
		T(carrier_loss_forgets_the_rest),
		T(a_scan_does_not_fill_the_table),
		T(limits_can_be_set),
		T(gateways_are_not_collected),
		T(addresses_are_announced),
	};

	return cmocka_run_group_tests_name("neigh", tests, NULL, NULL);
}
