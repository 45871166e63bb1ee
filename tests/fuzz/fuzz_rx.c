/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames from the wire, through all stages to their ends, on the router of lib/fake_router.h.
 * Input: a byte of flags, then frames, each behind its length (16 bits, low byte first). Whole bursts,
 * with what a port says of them, are fuzz_rx_burst.c's.
 */
#include <arpa/inet.h>
#include <string.h>

#include "core/timer.h"
#include "frame.h"
#include "fuzz.h"
#include "lib/fake_router.h"

enum {
	RAW_CSUM = 1,     /* checksums as they are; else they are put right, so that more is reached */
	SPLIT = 2,        /* in segments of 40 bytes */
	SOURCE_ROUTE = 4, /* source routes are accepted */
	BROADCAST = 8,    /* pings of broadcast addresses are answered */
	FOR_US = 16,      /* the frames' link destination is put right */
};

static struct fake_router *router(void)
{
	static struct fake_router *r;

	if (r)
		return r;
	fuzz_keep(true);
	r = malloc(sizeof(*r));
	must(r);
	fake_router_init(r);
	fake_route(r, "192.0.2.0", 24, fake_gw(r, 2, "10.0.2.7"));
	fake_route(r, "198.51.100.0", 24, fake_nh_type(r, FIB_UNREACHABLE));
	fake_route(r, "10.0.0.0", 24, fake_gw(r, 1, "10.0.1.9"));
	fake_neigh(r, 1, "10.0.1.2", NEIGH_VALID);
	r->f.w->now = UINT64_C(1) << 50;
	fuzz_keep(false);
	return r;
}

static void drain(struct fake_router *r)
{
	struct skb *skb[BURST_MAX];
	uint32_t n;

	fake_walk(r);
	for (unsigned int i = 0; i < 2; i++) {
		n = fake_take(&r->f, i ? STAGE_punt : STAGE_netdev_tx, skb, BURST_MAX);
		while (n)
			fake_sent(&r->f, skb[--n]);
	}
}

static void one_frame(struct fake_router *r, const uint8_t *bytes, uint32_t len, uint8_t flags)
{
	static uint8_t frame[2048];

	memcpy(frame, bytes, len);
	if (!(flags & RAW_CSUM))
		frame_fix(frame, len);
	if (flags & FOR_US)
		frame_to(frame, len, 1);
	burst_to(r->f.w, STAGE_eth_input, fake_rx_segs(&r->f, r->dev[1], frame, len,
		flags & SPLIT ? 40 : UINT32_MAX));
	drain(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct fake_router *r = router();
	const uint8_t *flags = fuzz_take(&in, 1), *len, *frame;

	if (!flags)
		return 0;
	r->f.dp.conf.accept_source_route = !!(*flags & SOURCE_ROUTE);
	r->f.dp.conf.icmp_echo_ignore_broadcasts = !(*flags & BROADCAST);
	for (unsigned int i = 0; i < 64 && (len = fuzz_take(&in, 2)) != NULL; i++) {
		uint32_t n = (len[0] | (uint32_t)len[1] << 8) % 1600;

		n = n < in.left ? n : (uint32_t)in.left;
		frame = fuzz_take(&in, n);
		one_frame(r, frame, n, *flags);
	}
	/* what waits gives up: fragments by time, packets for neighbours with their queue */
	r->f.w->now += worker_msec(r->f.w, 60000);
	for (int i = 0; i < 4; i++)
		timers_run(r->f.w, r->f.w->now);
	drain(r);
	neigh_worker_fini(r->f.w);
	must(neigh_worker_init(r->f.w) == 0);
	drain(r);
	fuzz_check_ledger(&r->f);
	return 0;
}
