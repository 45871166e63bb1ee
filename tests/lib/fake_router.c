/* SPDX-License-Identifier: BSD-3-Clause */
/* The fake router of unit tests: tables filled as the control thread would. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fake_router.h"
#include "ip4/ip4.h"
#include "ip4/protocols.h"
#include "ip4/protocols.h"
#include "l2/eth.h"
#include "pkt.h"

void fake_lladdr(uint8_t mac[6], const char *ip)
{
	uint32_t addr = pkt_addr(ip);

	mac[0] = 2;
	mac[1] = 0xaa;
	memcpy(mac + 2, &addr, 4);
}

uint32_t fake_nh(struct fake_router *r, struct fib_nh nh)
{
	int64_t id = fib_nh_alloc(&r->f.dp);

	assert_true(id > 0);
	nh.id = (uint32_t)id;
	assert_int_equal(fib_nh_publish(&r->f.dp, &nh), 0);
	return nh.id;
}

uint32_t fake_nh_type(struct fake_router *r, uint8_t type)
{
	return fake_nh(r, (struct fib_nh){ .type = type });
}

uint32_t fake_gw(struct fake_router *r, unsigned int dev, const char *gw)
{
	struct fib_nh nh = {
		.type = FIB_UNICAST,
		.flags = FIB_NH_HH | FIB_NH_LANE,
		.mtu = atomic_load(&r->dev[dev]->mtu),
		.gw = pkt_addr(gw),
		.dev = r->dev[dev],
		.phys = r->dev[dev],
	};
	uint8_t mac[6];

	fake_lladdr(mac, gw);
	nh.hh_len = eth_build_hh(nh.hh, r->dev[dev], mac, ETH_TYPE_IP4);
	return fake_nh(r, nh);
}

void fake_route(struct fake_router *r, const char *prefix, unsigned int len, uint32_t nh)
{
	assert_int_equal(fib_add(r->fib, rte_be_to_cpu_32(pkt_addr(prefix)), len, nh), 0);
}

void fake_neigh(struct fake_router *r, unsigned int dev, const char *ip, uint8_t flags)
{
	struct neigh n = {
		.dev = r->dev[dev]->index,
		.flags = flags,
		.ip = pkt_addr(ip),
	};
	uint8_t hh[ETH_HH_ROOM];

	fake_lladdr(n.lladdr, ip);
	n.hh_len = eth_build_hh(hh, r->dev[dev], n.lladdr, ETH_TYPE_IP4);
	memcpy(n.hh, hh + ETH_HH_ROOM - sizeof(n.hh), sizeof(n.hh));
	assert_int_equal(neigh_publish(&r->f.dp, &n), 0);
}

static void connect_port(struct fake_router *r, unsigned int dev, const char *own,
	const char *net, const char *broadcast)
{
	fake_route(r, own, 32, fake_nh(r, (struct fib_nh){ .type = FIB_LOCAL, .mtu = 65535,
		.dev = r->lo, .phys = r->lo, .prefsrc = pkt_addr(own) }));
	fake_route(r, broadcast, 32, fake_nh(r, (struct fib_nh){ .type = FIB_BROADCAST,
		.mtu = 1500, .dev = r->dev[dev], .phys = r->dev[dev],
		.prefsrc = pkt_addr(own) }));
	fake_route(r, net, 24, fake_nh(r, (struct fib_nh){ .type = FIB_UNICAST,
		.flags = FIB_NH_ONLINK, .mtu = 1500, .dev = r->dev[dev], .phys = r->dev[dev],
		.prefsrc = pkt_addr(own) }));
}

void fake_router_init(struct fake_router *r)
{
	memset(r, 0, sizeof(*r));
	fake_worker_init(&r->f);
	r->dev[1] = fake_netdev(&r->f, 1, "one", NULL);
	r->dev[2] = fake_netdev(&r->f, 2, "two", NULL);
	r->lo = fake_netdev(&r->f, 3, "lo", (const uint8_t[6]){ 0 });
	r->lo->type = NETDEV_LOOPBACK;
	r->lo->noarp = 1;
	r->lo->mtu = 65535;
	r->f.netdevs->loopback = r->lo;
	assert_int_equal(neigh_table_init(&r->f.dp), 0);
	assert_int_equal(fib_nh_table_init(&r->f.dp), 0);
	assert_int_equal(fib_create(&(struct fib_conf){ .simd = FIB_SIMD_AUTO }, &r->fib), 0);
	atomic_store(&r->rules.merged, r->fib);
	r->f.dp.rules = &r->rules;
	atomic_store(&r->f.dp.conf.ip_forward, 1);
	assert_int_equal(inet_protos_init(&r->f.dp), 0);
	assert_int_equal(ip4_worker_init(r->f.w), 0);
	assert_int_equal(neigh_worker_init(r->f.w), 0);
	connect_port(r, 1, "10.0.1.1", "10.0.1.0", "10.0.1.255");
	connect_port(r, 2, "10.0.2.1", "10.0.2.0", "10.0.2.255");
}

void fake_router_fini(struct fake_router *r)
{
	neigh_worker_fini(r->f.w);
	ip4_worker_fini(r->f.w);
	inet_protos_fini(&r->f.dp);
	fib_destroy(r->fib);
	fib_nh_table_fini(&r->f.dp);
	neigh_table_fini(&r->f.dp);
	fake_worker_fini(&r->f);
}

int fake_router_setup(void **state)
{
	*state = malloc(sizeof(struct fake_router));
	if (!*state)
		return -1;
	fake_router_init(*state);
	return 0;
}

int fake_router_teardown(void **state)
{
	fake_router_fini(*state);
	free(*state);
	return 0;
}

static bool run_stage(struct fake_router *r, enum stage stage)
{
	struct worker *w = r->f.w;
	struct burst in;

	if (!w->out[stage].n)
		return false;
	in.n = fake_take(&r->f, stage, in.skb, BURST_MAX);
	w->stage[stage].packets += in.n;
	w->stage[stage].calls++;
	stage_table[stage](w, &in);
	return true;
}

void fake_walk(struct fake_router *r)
{
	bool again = true;

	while (again) {
		again = false;
		for (unsigned int s = 0; s < STAGE_COUNT; s++)
			if (s != STAGE_netdev_tx && s != STAGE_punt)
				again |= run_stage(r, s);
		if (r->f.w->overflow_len) {
			burst_refill(r->f.w);
			again = true;
		}
	}
	burst_flush_done(r->f.w);
}

void fake_walk_frame(struct fake_router *r, unsigned int dev, const void *frame, uint32_t len)
{
	burst_to(r->f.w, STAGE_eth_input, fake_rx(&r->f, r->dev[dev], frame, len));
	fake_walk(r);
}
