/* SPDX-License-Identifier: BSD-3-Clause */
/* The router of ip4_world.h. */
#include "ip4_world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/skb_alloc.h"
#include "core/timer.h"
#include "ip4/ip4_addr.h"

static void route(struct ip4_world *world, const char *prefix, unsigned int len,
	enum fib_nh_type type, struct netdev *dev, const char *prefsrc)
{
	struct fib_nh *nh = &world->nh[world->nhs];
	uint32_t id = ++world->nhs;

	assert_true(id < RTE_DIM(world->nh));
	*nh = (struct fib_nh){
		.type = (uint8_t)type, .mtu = 1500, .dev = dev, .phys = dev, .id = id,
		.prefsrc = prefsrc ? pkt_addr(prefsrc) : 0,
	};
	atomic_store(&world->f.dp.nhs->nh[id], nh);
	assert_int_equal(fib_add(world->fib, ntohl(pkt_addr(prefix)), len, id), 0);
}

static void routes(struct ip4_world *world)
{
	route(world, "0.0.0.0", 0, FIB_UNICAST, world->wan, "10.0.0.1");
	world->nh[0].gw = pkt_addr("10.0.0.254");
	route(world, "10.0.0.0", 24, FIB_UNICAST, world->wan, "10.0.0.1");
	route(world, "10.0.0.1", 32, FIB_LOCAL, world->lo, "10.0.0.1");
	route(world, "10.0.0.255", 32, FIB_BROADCAST, world->wan, "10.0.0.1");
	route(world, "192.0.2.0", 24, FIB_UNICAST, world->lan, "192.0.2.1");
	route(world, "192.0.2.1", 32, FIB_LOCAL, world->lo, "192.0.2.1");
	route(world, "192.0.2.255", 32, FIB_BROADCAST, world->lan, "192.0.2.1");
	route(world, "127.0.0.0", 8, FIB_LOCAL, world->lo, "127.0.0.1");
}

int ip4_world_setup(void **state)
{
	struct ip4_world *world = calloc(1, sizeof(*world));
	const struct fib_conf conf = { .simd = FIB_SIMD_SCALAR };

	assert_non_null(world);
	fake_worker_init(&world->f);
	world->w = world->f.w;
	world->w->now = UINT64_C(1) << 50;
	world->wan = fake_netdev(&world->f, 1, "wan", NULL);
	world->lan = fake_netdev(&world->f, 2, "lan", NULL);
	world->lo = fake_netdev(&world->f, 3, "lo", NULL);
	world->lo->type = NETDEV_LOOPBACK;
	world->f.dp.nhs = mmap(NULL, sizeof(*world->f.dp.nhs), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(world->f.dp.nhs, MAP_FAILED);
	assert_int_equal(fib_create(&conf, &world->fib), 0);
	atomic_store(&world->rules.merged, world->fib);
	world->f.dp.rules = &world->rules;
	routes(world);
	assert_int_equal(inet_protos_init(&world->f.dp), 0);
	assert_int_equal(ip4_worker_init(world->w), 0);
	*state = world;
	return 0;
}

int ip4_world_teardown(void **state)
{
	struct ip4_world *world = *state;

	ip4_worker_fini(world->w);
	inet_protos_fini(&world->f.dp);
	world->f.dp.rules = NULL;
	fib_destroy(world->fib);
	munmap(world->f.dp.nhs, sizeof(*world->f.dp.nhs));
	world->f.dp.nhs = NULL;
	fake_worker_fini(&world->f);
	free(world);
	return 0;
}

struct skb *ip4_world_rx(struct ip4_world *world, const struct pkt *p)
{
	struct skb *skb = fake_rx_segs(&world->f, world->wan, p->data, p->len, UINT32_MAX);

	skb_reset_mac_header(skb);
	skb_pull(skb, p->l3);
	skb_reset_network_header(skb);
	skb->protocol = RTE_BE16(0x0800);
	memset(skb->cb, 0, sizeof(skb->cb));
	return skb;
}

struct skb *ip4_world_routed(struct ip4_world *world, const struct pkt *p)
{
	struct skb *skb = ip4_world_rx(world, p);
	const struct ip4_hdr *ip = skb_data(skb);

	skb->nh = ip4_addr_route(&world->f.dp, ip->daddr);
	assert_non_null(skb->nh);
	return skb;
}

struct skb *ip4_world_up(struct ip4_world *world, const struct pkt *p)
{
	struct skb *skb = ip4_world_routed(world, p);
	const struct ip4_hdr *ip = skb_data(skb);

	ip4_cb(skb)->dst_type = (uint8_t)ip4_addr_type(&world->f.dp, ip->daddr);
	skb_pull(skb, ip4_hdr_len(ip));
	skb_reset_transport_header(skb);
	return skb;
}

static void free_exact(void *addr, void *opaque)
{
	free(opaque);
}

struct skb *ip4_world_exact(struct ip4_world *world, const void *packet, uint32_t len)
{
	struct rte_mbuf_ext_shared_info *info = malloc(sizeof(*info) + len);
	struct skb *skb = skb_alloc(world->f.pool);

	assert_non_null(info);
	assert_non_null(skb);
	memcpy(info + 1, packet, len);
	info->free_cb = free_exact;
	info->fcb_opaque = info;
	rte_mbuf_ext_refcnt_set(info, 1);
	rte_pktmbuf_attach_extbuf(skb_mbuf(skb), info + 1, 0, (uint16_t)len, info);
	skb_mbuf(skb)->data_off = 0;
	skb_mbuf(skb)->data_len = (uint16_t)len;
	skb_mbuf(skb)->pkt_len = len;
	skb->dev = world->wan;
	skb->iif = world->wan->index;
	skb_reset_network_header(skb);
	memset(skb->cb, 0, sizeof(skb->cb));
	world->w->ledger.rx++;
	return skb;
}

const uint8_t *ip4_world_flat(const struct skb *skb)
{
	static uint8_t flat[IP4_PKT_MAX];

	assert_true(skb_len(skb) <= sizeof(flat));
	assert_true(skb_copy_bits(skb, 0, flat, skb_len(skb)));
	return flat;
}

struct skb *ip4_world_answer(struct ip4_world *world)
{
	struct skb *skb = fake_take1(&world->f, STAGE_ip4_send);
	struct ip4_hdr *ip = skb_data(skb);

	assert_true(skb->flags & SKB_F_LOCAL);
	ip->tot_len = htons((uint16_t)skb_len(skb));
	ip4_set_csum(ip);
	assert_ptr_equal(skb_network_header(skb), ip);
	return skb;
}

void ip4_world_silent(struct ip4_world *world, enum drop_reason reason)
{
	uint64_t before = 0, after = 0;

	for (unsigned int i = 0; i < DROP_REASON_COUNT; i++) {
		before += world->f.seen.dropped[i];
		after += world->w->ledger.dropped[i];
	}
	fake_expect_drop(&world->f, reason, 1);
	assert_int_equal(after - before, 1);
	assert_int_equal(fake_waiting(&world->f), 0);
}

void ip4_world_sleep(struct ip4_world *world, uint64_t msec)
{
	world->w->now += worker_msec(world->w, msec);
	timers_run(world->w, world->w->now);
}
