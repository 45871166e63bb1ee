/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts of frames as a port hands them over, with all that it says of them, through the pipeline's
 * entry (dev/rx.c) by four ways on routers of their own: the lane, wide and one frame at a time, where
 * it is shut the short way in; the short way in; every stage. What comes of them is compared as in
 * test_ip4_lane.c (lib/ways.h). What lies around a frame in its buffer differs from way to way, and
 * AddressSanitizer sees who reads it before the stages run.
 *
 * Input: bursts, each a struct burst_head and up to 16 records of a struct record and its frame.
 */
#include <string.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if __has_feature(address_sanitizer) || defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#include "core/skb_alloc.h"
#include "core/timer.h"
#include "ctl/ctl.h"
#include "dev/ptype.h"
#include "fib/locals.h"
#include "frame.h"
#include "fuzz.h"
#include "ip4/icmp_limit.h"
#include "ip4/ip4.h"
#include "ip4/ip4_admit.h"
#include "ip4/ip4_lane.h"
#include "l2/eth.h"
#include "lib/pkt.h"
#include "lib/ways.h"

struct burst_head {
	uint8_t mood;    /* enum mood */
	uint8_t hooks;   /* low 4: way_hooks(); next 2: what port 2 can do (contracts); next: VLANS, AHEAD */
	uint8_t takes;   /* frames the ports take at a call; 0: all */
	uint8_t records; /* low 4: and one more */
};

enum mood {
	LANE_SHUT = 1,
	STAGED = 2,
	NO_FILTER = 4,      /* of own addresses: every source is looked up */
	NO_FORWARDING = 8,
	TAP = 16,
	PORT_2 = 32,        /* by which the burst comes; else port 1 */
	TAKE = 64,          /* rxq_burst and rxq_take as a spread queue does; else the queue is polled */
	SOURCE_ROUTE = 128,
};

struct record {
	uint8_t len[2];     /* of the frame in the input, low byte first */
	uint8_t how;        /* enum how */
	uint8_t copies;     /* low 6: and one more; high 2: enum step */
	uint8_t says;       /* enum says */
	uint8_t seg;        /* segments of 4 times so much; 0: one */
	uint8_t headroom;   /* 0: what buffers usually have; stages copy where it is less than LEAST_ROOM */
	uint8_t cut;        /* so many bytes at the end of the frame lie behind the end */
	uint8_t l2_len, l3_len, l4_len;
	uint8_t ptype;      /* L4 and L3 types */
	uint8_t segsz[2];   /* of a super-frame */
	uint8_t tci;        /* low 4: VID; high 3: priority */
	uint8_t rss;
};

enum how {
	RAW = 1,            /* bytes as they are; else checksums are put right */
	OTHER = 2,          /* link destination as it is; else it is the port's */
	EXTERNAL = 4,       /* in foreign memory, with nothing behind the end */
	INDIRECT = 8,       /* a clone whose original is gone */
	SHARED = 16,        /* somebody holds a clone, and is not to see a change */
	HONEST = 32,        /* lengths and types of the headers are right */
};

enum step { /* from copy to copy */
	STEP_ID = 64,
	STEP_DST = 128,
};

enum says {
	L4_CSUM = 3,        /* unknown, bad, good, left to be completed */
	IP_GOOD = 4,
	IP_BAD = 8,
	RSS = 16,
	VLAN_STRIPPED = 32,
	LRO = 64,
	OFFLOADS = 128,     /* transmit flags, as on a frame of a neighbour on this machine */
};

#define VLANS 64         /* port 1 has a sub-interface */
#define AHEAD 128        /* polls for less than there is; the lane's queue receives ahead */
#define LEAST_ROOM (ETH_HH_ROOM - ETH_HDR_LEN)
#define FRAMES_MAX 100   /* of a burst: at no stage more than a burst has room for */
#define PIECES_MAX 120u  /* of all of them; see pieces() */

enum which { WIDE, SCALAR, SHORT, LONG, WAYS };

static struct way way[WAYS];
static bool is_there[WAYS]; /* no AVX-512, no wide way */
static bool staged[WAYS];
static struct fib_locals *locals[WAYS];
static struct netdev *_Atomic vids[WAYS][4096];

/* ---- the routers ---- */

static const struct tx_contract contracts[] = {
	{ .max_segs = 8, .indirect = true, .max_frame = 1518, .l4_csum = true },
	{ .max_segs = 1, .max_frame = 1518 },
	{ .max_segs = 8, .indirect = true, .external = true, .max_frame = 1518, .l4_csum = true,
		.ip4_csum = true, .tso = true },
	{ .max_segs = 2, .indirect = true, .max_frame = 600, .ip4_csum = true },
};

static uint32_t gw(struct fake_router *r, unsigned int dev, const char *ip, uint8_t flags, uint16_t mtu)
{
	struct fib_nh nh = *fib_nh_get(&r->f.dp, fake_gw(r, dev, ip));

	nh.flags = flags;
	nh.mtu = mtu;
	nh.prefsrc = pkt_addr(dev == 1 ? "10.0.1.1" : "10.0.2.1"); /* this host's answers */
	return fake_nh(r, nh);
}

static void make_table(struct fake_router *r)
{
	const uint8_t plain = FIB_NH_HH | FIB_NH_LANE;
	uint32_t far = gw(r, 2, "10.0.2.7", plain, 1500), back = gw(r, 1, "10.0.1.9", plain, 1500);
	uint32_t id[3] = { far, back, gw(r, 2, "10.0.2.8", plain, 576) }, weight[3] = { 3, 1, 2 };
	struct fib_nh_group group = { 0 };

	must(fib_nh_group_fill(&group, id, weight, 3) == 0);
	fake_route(r, "192.0.2.0", 24, far);
	fake_route(r, "10.0.0.0", 24, back);
	fake_route(r, "30.0.0.0", 8, back);
	fake_route(r, "20.0.0.0", 8, far);
	fake_route(r, "20.1.0.0", 16, fake_nh(r, (struct fib_nh){ .type = FIB_GROUP, .group = &group }));
	fake_route(r, "20.2.0.0", 16, id[2]);
	fake_route(r, "20.3.0.0", 16, gw(r, 2, "10.0.2.7", FIB_NH_HH, 1500));
	fake_route(r, "20.4.0.0", 16, gw(r, 2, "10.0.2.9", 0, 1500));
	fake_route(r, "20.5.0.0", 16, gw(r, 2, "10.0.2.7", plain | FIB_NH_DEAD, 1500));
	fake_route(r, "20.6.0.0", 16, fake_nh_type(r, FIB_BLACKHOLE));
	fake_route(r, "20.7.0.0", 16, fake_nh_type(r, FIB_PROHIBIT));
	fake_route(r, "20.8.0.0", 16, fake_nh_type(r, FIB_THROW));
	fake_route(r, "0.0.0.0", 8, far); /* no route serves a destination that is none */
	fake_route(r, "127.0.0.0", 8, far);
	fake_route(r, "224.0.0.0", 3, far);
	fake_route(r, "198.51.100.0", 24, fake_nh_type(r, FIB_UNREACHABLE));
	fake_neigh(r, 1, "10.0.1.2", NEIGH_VALID);
	fake_neigh(r, 2, "10.0.2.7", NEIGH_VALID);
}

static void make_vlan(struct fake_router *r, enum which which)
{
	struct netdev *dev = fake_netdev(&r->f, 4, "one.5", NULL);

	dev->type = NETDEV_VLAN;
	dev->vlan_id = 5;
	dev->vlan_proto = ETH_TYPE_VLAN;
	dev->lower = r->dev[1];
	dev->addr = r->dev[1]->addr;
	r->dev[1]->vlans = vids[which];
}

static void make_way(enum which which)
{
	static const char *const own[] = { "10.0.1.1", "10.0.1.255", "10.0.2.1", "10.0.2.255" };
	struct way *x = &way[which];
	struct dp *dp = &x->r.f.dp;

	way_init(x);
	x->ids_differ = true;
	must(fib_locals_init(dp) == 0);
	for (unsigned int i = 0; i < RTE_DIM(own); i++)
		fib_locals_add(dp, rte_be_to_cpu_32(pkt_addr(own[i])));
	locals[which] = x->r.rules.locals;
	make_table(&x->r);
	make_vlan(&x->r, which);
	dp->lane = which <= SCALAR ? ip4_lane : NULL;
	dp->admit = which < LONG ? ip4_admit : NULL;
	x->r.f.w->tracing = which == LONG; /* nothing, but each stage is looked at */
	x->r.f.w->ip4->ids.seed = 1; /* or it would be random */
	if (which <= SCALAR)
		x->r.f.w->ip4->lane_form = ip4_lane_form(which == WIDE);
	is_there[which] = which != WIDE || ip4_lane_form(true);
}

static void make_ways(void)
{
	fuzz_keep(true);
	setenv("CMOCKA_TEST_ABORT", "1", 1); /* a comparison that fails says how, and ends us */
	for (enum which i = 0; i < WAYS; i++)
		make_way(i);
	fuzz_keep(false);
}

static void tap(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	(void)dev;
	(void)priv;
	skb_delivered(w, skb);
}

/* `one_flow`: redirects may be sent. They are counted per host, so that else flows would vie for them. */
static void set_mood(enum which which, const struct burst_head *h, bool one_flow)
{
	const struct ptype all = { .type = PTYPE_ALL, .fn = tap };
	struct way *x = &way[which];
	struct dp *dp = &x->r.f.dp;

	dp->conf.lane = !(h->mood & LANE_SHUT);
	dp->staged += !!(h->mood & STAGED) - staged[which]; /* hooks count there, too */
	staged[which] = h->mood & STAGED;
	dp->conf.ip_forward = !(h->mood & NO_FORWARDING);
	dp->conf.send_redirects = one_flow;
	dp->conf.accept_source_route = !!(h->mood & SOURCE_ROUTE);
	x->r.rules.locals = h->mood & NO_FILTER ? NULL : locals[which];
	ptype_remove(dp, &all);
	if (h->mood & TAP)
		ptype_add(dp, &all);
	atomic_store(&vids[which][5], h->hooks & VLANS ? netdev_get(dp, 4) : NULL);
	x->r.dev[1]->rx_path = (x->r.dev[1]->rx_path & ~(unsigned int)NETDEV_RX_VLANS) |
		(h->hooks & VLANS ? NETDEV_RX_VLANS : 0);
	way_hooks(x, h->hooks & 15);
	x->r.dev[2]->contract = &contracts[h->hooks >> 4 & 3];
	for (unsigned int port = 1; port <= WAY_PORTS; port++)
		x->port[port].takes = h->takes;
}

/* ---- frames ---- */

/* What port and neighbours say of a frame, by the record. */
static void describe(struct way_frame *f, const struct record *r)
{
	static const uint64_t l4[] = { 0, RTE_MBUF_F_RX_L4_CKSUM_BAD, RTE_MBUF_F_RX_L4_CKSUM_GOOD,
		RTE_MBUF_F_RX_L4_CKSUM_NONE };

	f->seg = r->seg ? 4u * r->seg : UINT32_MAX;
	f->ol_flags = l4[r->says & L4_CSUM] |
		(r->says & IP_GOOD ? RTE_MBUF_F_RX_IP_CKSUM_GOOD : 0) |
		(r->says & IP_BAD ? RTE_MBUF_F_RX_IP_CKSUM_BAD : 0) |
		(r->says & RSS ? RTE_MBUF_F_RX_RSS_HASH : 0) |
		(r->says & VLAN_STRIPPED ? RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED : 0) |
		(r->says & LRO ? RTE_MBUF_F_RX_LRO : 0) |
		(r->says & OFFLOADS ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM |
			RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG : 0);
	f->rss = r->rss * 0x01010101u;
	f->vlan_tci = (uint16_t)((r->tci & 15) | r->tci >> 5 << 13);
	f->packet_type = (r->ptype & 15u) << 8 | (r->ptype & 0xf0) | RTE_PTYPE_L2_ETHER;
	f->l2_len = r->l2_len & 127;
	f->l3_len = r->l3_len;
	f->l4_len = r->l4_len;
	f->tso_segsz = (uint16_t)(r->segsz[0] | r->segsz[1] << 8);
}

/* What an honest port says of an IPv4 frame. */
static void describe_truly(struct way_frame *f)
{
	const struct ip4_hdr *ip = (const struct ip4_hdr *)(f->data + ETH_HDR_LEN);
	bool tcp = ip->protocol == IP4_PROTO_TCP;

	f->l2_len = ETH_HDR_LEN;
	f->l3_len = (uint8_t)ip4_hdr_len(ip);
	f->l4_len = tcp ? TCP_HDR_LEN : UDP_HDR_LEN;
	f->packet_type = RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 |
		(tcp ? RTE_PTYPE_L4_TCP : RTE_PTYPE_L4_UDP);
}

/* Buffers it comes in and could leave in; where they are many they are made fewer. */
static uint32_t pieces(struct way_frame *f)
{
	bool super = f->ol_flags & RTE_MBUF_F_RX_LRO && f->tso_segsz;

	f->seg = RTE_MAX(f->seg, f->len / 20);
	while (super && f->len / f->tso_segsz > 30)
		f->tso_segsz *= 2;
	return 1 + f->len / RTE_MAX(f->seg, 1u) +
		f->len / (super ? RTE_MIN((uint32_t)f->tso_segsz, 270u) : 270u);
}

static void step(struct way_frame *f, uint8_t steps, uint8_t k)
{
	if (f->len < ETH_HDR_LEN + IP4_HDR_LEN)
		return;
	if (steps & STEP_ID)
		f->data[ETH_HDR_LEN + offsetof(struct ip4_hdr, id) + 1] += k;
	if (steps & STEP_DST)
		f->data[ETH_HDR_LEN + offsetof(struct ip4_hdr, daddr) + 3] += k;
}

/* ---- buffers ---- */

static struct held { /* clones of SHARED frames */
	struct rte_mbuf *clone;
	uint32_t len;
	uint8_t data[WAY_FRAME_MAX];
} held[FRAMES_MAX];
static uint32_t n_held;

static void hold(struct way *x, struct rte_mbuf *m, const struct way_frame *f)
{
	struct held *h = &held[n_held++];

	h->clone = rte_pktmbuf_clone(m, x->r.f.clone_pool);
	must(h->clone);
	h->len = f->len;
	memcpy(h->data, f->data, f->len);
}

/* Who holds a clone sees what he saw. */
static void let_go(void)
{
	uint8_t room[WAY_FRAME_MAX];

	while (n_held) {
		struct held *h = &held[--n_held];

		must(h->clone->pkt_len == h->len);
		must(!memcmp(rte_pktmbuf_read(h->clone, 0, h->len, room), h->data, h->len));
		rte_pktmbuf_free(h->clone);
	}
}

static void move_to(struct rte_mbuf *m, uint8_t headroom)
{
	uint32_t n = m->buf_len - RTE_MAX(m->data_off, headroom);

	memmove((uint8_t *)m->buf_addr + headroom, rte_pktmbuf_mtod(m, void *), n);
	m->data_off = headroom;
}

static void free_foreign(void *addr, void *info)
{
	free(addr);
	free(info);
}

/* The frame moves to memory of its own, which ends where the frame does. */
static void to_foreign(struct rte_mbuf *m)
{
	uint16_t off = m->data_off, len = m->data_len, room = off + len + !(off + len);
	struct rte_mbuf_ext_shared_info *info = malloc(sizeof(*info));
	uint8_t *p = malloc(room);

	must(info && p);
	memcpy(p + off, rte_pktmbuf_mtod(m, void *), len);
	info->free_cb = free_foreign;
	info->fcb_opaque = info;
	rte_mbuf_ext_refcnt_set(info, 1);
	rte_pktmbuf_attach_extbuf(m, p, 0, room, info);
	m->data_off = off;
	m->data_len = len;
}

static void give(struct way *x, unsigned int port, const struct way_frame *f, const struct record *r)
{
	struct rte_mbuf *m = way_give(x, port, f), *clone;

	if (r->headroom)
		move_to(m, r->headroom);
	if (r->how & EXTERNAL && m->nb_segs == 1)
		to_foreign(m);
	if (r->how & SHARED)
		hold(x, m, f);
	if (!(r->how & INDIRECT))
		return;
	clone = rte_pktmbuf_clone(m, x->r.f.clone_pool);
	must(clone);
	memset(skb_of(clone), 0xa5, sizeof(struct skb));
	rte_pktmbuf_free(m);
	x->port[port].in[x->port[port].n_in - 1] = clone;
}

/* Around the frames that arrive or have, until the stages run. */
static void poison(const struct fake_port *p, bool on)
{
	static struct { uint8_t *p; size_t n; } region[2 * 64 * FRAMES_MAX];
	static uint32_t n;

	for (; !on && n; n--)
		ASAN_UNPOISON_MEMORY_REGION(region[n - 1].p, region[n - 1].n);
	for (uint32_t i = 0; on && i < p->n_in + p->rxq.n_ahead; i++)
		for (const struct rte_mbuf *m = i < p->n_in ? p->in[i] : p->rxq.ahead[i - p->n_in];
		     m; m = m->next) {
			uint8_t *head = m->buf_addr, *end = head + m->data_off + m->data_len;

			if (RTE_MBUF_HAS_EXTBUF(m) || n + 2 > RTE_DIM(region))
				continue;
			region[n].p = head;
			region[n++].n = m->data_off;
			region[n].p = end;
			region[n++].n = (size_t)(head + m->buf_len - end);
		}
	for (uint32_t i = 0; on && i < n; i++)
		ASAN_POISON_MEMORY_REGION(region[i].p, region[i].n);
}

/* ---- a burst ---- */

/* As the queue of a port whose flows are spread over workers. */
static unsigned int take_poll(struct worker *w, struct napi *napi, unsigned int budget)
{
	struct rx_queue *q = napi->priv;
	struct rte_mbuf *m[BURST_MAX];
	uint32_t n = rxq_burst(w, q, m, budget);

	if (n)
		rxq_take(w, q, m, n);
	return n;
}

/* What the control thread gets: how much of what, and a sum over the frames. */
static uint64_t control(struct worker *w)
{
	struct ctl_msg msg;
	uint64_t sum = 0;

	while (ctl_recv(w, &msg, 1)) {
		sum += UINT64_C(1) << 48;
		if (msg.type != CTL_PUNT)
			continue;
		struct skb *skb = skb_of(msg.ptr);

		sum += skb_checksum(skb, 0, skb_len(skb), skb_len(skb));
		skb_free(skb);
	}
	return sum;
}

/*
 * Poll by poll, each swept, with budgets that what was received ahead fits in, and ones it does not.
 * What the lane took at a poll the others do, too: within a burst stages have orders of their own.
 */
static void poll_ahead(enum which which, unsigned int port)
{
	static const unsigned int budget[] = { 40, 17, 24, 9 };
	static unsigned int taken[FRAMES_MAX];
	struct way *x = &way[which];
	struct rx_queue *q = &x->port[port].rxq;

	for (unsigned int i = 1; i <= WAY_PORTS; i++)
		fake_port_use(&x->port[i]);
	q->look_ahead = which <= SCALAR;
	for (unsigned int i = 0; x->port[port].n_in || q->n_ahead; i++) {
		if (which <= SCALAR)
			taken[i] = budget[i % RTE_DIM(budget)];
		poison(&x->port[port], true);
		taken[i] = q->napi.poll(x->r.f.w, &q->napi, taken[i]);
		poison(&x->port[port], false);
		must(taken[i]);
		way_sweep(x);
	}
	q->look_ahead = false;
}

static uint64_t run(enum which which, unsigned int port, const struct burst_head *h, uint64_t now)
{
	static napi_poll_fn *poll;
	struct way *x = &way[which];
	struct worker *w = x->r.f.w;
	struct fake_port *p = &x->port[port];

	poll = poll ? poll : p->rxq.napi.poll;
	p->rxq.napi.poll = h->mood & TAKE ? take_poll : poll;
	w->now = w->ip4->clock.base_tsc = now; /* the wall clock would tick from way to way */
	w->ip4->icmp->credit = UINT16_MAX; /* what it allows is random */
	w->ip4->icmp->stamp = (uint32_t)(now / worker_msec(w, 1));
	skb_cache_fill(w);
	if (h->hooks & AHEAD)
		poll_ahead(which, port);
	poison(p, true);
	way_poll(x);
	poison(p, false);
	way_sweep(x);
	let_go();
	return control(w);
}

/* The burst's frames, from the input; returns how many. */
static uint32_t frames(struct fuzz_input *in, const struct burst_head *h, enum which which,
	unsigned int port)
{
	uint32_t n = 0, cut_into = 0;
	struct way_frame f, given;
	struct record r;

	for (unsigned int i = 0; i <= (h->records & 15u); i++) {
		const uint8_t *bytes = fuzz_take(in, sizeof(r));
		uint32_t len;

		if (!bytes)
			break;
		memcpy(&r, bytes, sizeof(r));
		if (r.headroom && r.headroom < LEAST_ROOM && !(h->mood & LANE_SHUT))
			r.headroom = LEAST_ROOM;
		len = (uint32_t)RTE_MIN((r.len[0] | r.len[1] << 8) % 1900u, in->left);
		bytes = fuzz_take(in, len);
		memset(&f, 0, sizeof(f));
		memcpy(f.data, bytes, len);
		describe(&f, &r);
		for (uint8_t k = 0; k <= (r.copies & 63); k++) {
			f.len = len;
			step(&f, r.copies, k != 0);
			if (!(r.how & OTHER))
				frame_to(f.data, len, port);
			if (!(r.how & RAW))
				frame_fix(f.data, len);
			if (r.how & HONEST && len >= ETH_HDR_LEN + IP4_HDR_LEN)
				describe_truly(&f);
			f.beyond = RTE_MIN(r.cut, len);
			f.len = len - f.beyond;
			cut_into += pieces(&f);
			if (n == FRAMES_MAX || cut_into > PIECES_MAX)
				break;
			given = f;
			if (which == LONG)
				memset(given.data + f.len, 0, f.beyond);
			give(&way[which], port, &given, &r);
			n++;
		}
	}
	return n;
}

/* What left is whole, and such as the port may be given. */
static void check_sent(const struct fake_port *p, const struct tx_contract *c)
{
	for (uint32_t i = 0; i < p->n_out; i++) {
		const struct rte_mbuf *m = p->out[i];
		uint32_t segs = 0, len = 0;

		must(c->l4_csum || !(m->ol_flags & RTE_MBUF_F_TX_L4_MASK));
		must(c->tso || !(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG));
		for (const struct rte_mbuf *s = m; s; s = s->next, segs++) {
			must(c->indirect || !RTE_MBUF_CLONED(s));
			must(c->external || !RTE_MBUF_HAS_EXTBUF(s));
			len += s->data_len;
		}
		must(segs == m->nb_segs && segs <= c->max_segs && len == m->pkt_len);
	}
}

static void compare(enum which which)
{
	for (unsigned int port = 1; port <= WAY_PORTS; port++)
		way_compare_output(&way[which], &way[LONG], port);
	way_compare_counters(&way[which], &way[LONG]);
	must(!memcmp(dev_stats(way[which].r.f.w, netdev_get(&way[which].r.f.dp, 4)),
		dev_stats(way[LONG].r.f.w, netdev_get(&way[LONG].r.f.dp, 4)),
		sizeof(struct dev_stats)));
}

/* Its only record keeps its destination from copy to copy. */
static bool has_one_flow(const struct fuzz_input *in, const struct burst_head *h)
{
	return !(h->records & 15) && in->left >= sizeof(struct record) &&
		!(in->p[offsetof(struct record, copies)] & STEP_DST);
}

static void burst(struct fuzz_input *in, const struct burst_head *h, uint64_t now)
{
	unsigned int port = h->mood & PORT_2 ? 2 : 1;
	const bool one_flow = has_one_flow(in, h);
	struct fuzz_input rest = *in;
	uint64_t told[WAYS];

	for (enum which i = 0; i < WAYS; i++) {
		rest = *in;
		if (!is_there[i])
			continue;
		set_mood(i, h, one_flow);
		frames(&rest, h, i, port);
		told[i] = run(i, port, h, now);
	}
	*in = rest;
	for (enum which i = 0; i < WAYS; i++)
		for (unsigned int p = 1; p <= WAY_PORTS; p++)
			check_sent(&way[i].port[p], way[i].r.dev[p]->contract);
	for (enum which i = 0; i < LONG; i++)
		if (is_there[i]) {
			compare(i);
			must(told[i] == told[LONG]);
		}
	for (enum which i = 0; i < WAYS; i++)
		for (unsigned int p = 1; p <= WAY_PORTS; p++)
			fake_port_clear(&way[i].port[p]);
}

/* What waits gives up: fragments by time, packets for neighbours with their queue; all are home. */
static void settle(enum which which, uint64_t now)
{
	static const struct burst_head none = { 0 };
	struct way *x = &way[which];
	struct worker *w = x->r.f.w;

	set_mood(which, &none, false);
	w->now = now;
	for (int i = 0; i < 4; i++)
		timers_run(w, w->now);
	way_poll(x);
	way_sweep(x);
	neigh_worker_fini(w);
	must(neigh_worker_init(w) == 0);
	way_sweep(x);
	control(w);
	for (unsigned int p = 1; p <= WAY_PORTS; p++)
		fake_port_clear(&x->port[p]);
	fuzz_check_ledger(&x->r.f);
	must(fake_pool_in_use(x->r.f.pool) == w->skb_cache->n);
	must(fake_pool_in_use(x->r.f.clone_pool) == w->skb_cache->clones);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t now = UINT64_C(1) << 50;
	struct fuzz_input in = { data, size };
	const uint8_t *head;

	if (!way[LONG].r.f.w)
		make_ways();
	for (unsigned int i = 0; i < 8 && (head = fuzz_take(&in, sizeof(struct burst_head))); i++) {
		struct burst_head h;

		memcpy(&h, head, sizeof(h));
		burst(&in, &h, now);
		now += worker_msec(way[LONG].r.f.w, 100);
	}
	now += worker_msec(way[LONG].r.f.w, 60000);
	for (enum which i = 0; i < WAYS; i++)
		settle(i, now);
	return 0;
}
