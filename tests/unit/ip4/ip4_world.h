/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A router for tests of IPv4's stages: a fake worker with a FIB, two ports and the protocols.
 *
 *	wan 10.0.0.1/24, default via 10.0.0.254		lan 192.0.2.1/24, lo 127.0.0.1/8
 *
 * The packets of lib/pkt.h come from 10.0.0.2 and go to 192.0.2.1: this host, by its other side.
 */
#pragma once

#include "unit.h"

#include "fib/fib_update.h"
#include "fib/nexthop.h"
#include "fib/rules.h"
#include "ip4/ip4.h"
#include "ip4/protocols.h"
#include "lib/fake_worker.h"
#include "lib/pkt.h"

struct ip4_world {
	struct fake_worker f;
	struct worker *w;
	struct netdev *wan, *lan, *lo;
	struct fib *fib;
	struct fib_rules rules;
	struct fib_nh nh[16];
	unsigned int nhs;
};

/* For cmocka_unit_test_setup_teardown. */
int ip4_world_setup(void **state);
int ip4_world_teardown(void **state);

/* A packet from the wan, as ip4_input hands it on: data at the IPv4 header, cb zeroed. */
struct skb *ip4_world_rx(struct ip4_world *world, const struct pkt *p);
/* The same, routed: nh set. */
struct skb *ip4_world_routed(struct ip4_world *world, const struct pkt *p);
/* The same, as a transport stage gets it: IPv4 header pulled, dst_type set. */
struct skb *ip4_world_up(struct ip4_world *world, const struct pkt *p);

/*
 * The same in a heap buffer of exactly its length, so that AddressSanitizer sees whoever reads on
 * behind the packet. Not to be sent: its data counts as shared.
 */
struct skb *ip4_world_exact(struct ip4_world *world, const void *packet, uint32_t len);

/* The bytes of a packet from its IPv4 header on, contiguous; valid until the next call. */
const uint8_t *ip4_world_flat(const struct skb *skb);

/* The one packet for ip4_send, finished as ip4_send will; nothing else waits anywhere. */
struct skb *ip4_world_answer(struct ip4_world *world);
/* Nothing waits anywhere and nothing but one drop happened since the last look. */
void ip4_world_silent(struct ip4_world *world, enum drop_reason reason);

/* Since the start (or the last call for it) `counter` grew by n. */
#define assert_counted(world, counter, n) \
	do { \
		assert_int_equal((world)->w->ip4->mib[MIB_##counter], n); \
		(world)->w->ip4->mib[MIB_##counter] = 0; \
	} while (0)

/* Let time pass on the worker's clock. */
void ip4_world_sleep(struct ip4_world *world, uint64_t msec);
