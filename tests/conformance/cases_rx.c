/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases about what the port lets in, and what is counted. */
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "conformance.h"

enum target { OWN, ALL, JOINED, GROUP, OTHER, TARGETS };

static const uint8_t fixed[TARGETS][6] = {
	[ALL] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	[JOINED] = {0x01, 0x00, 0x5e, 0x01, 0x02, 0x03},
	[GROUP] = {0x01, 0x00, 0x5e, 0x7a, 0x0b, 0x0c},
	[OTHER] = {0x02, 0x77, 0x66, 0x55, 0x44, 0x33},
};

static const uint8_t pkt_type[TARGETS] = {
	[OWN] = SKB_HOST, [ALL] = SKB_BROADCAST, [JOINED] = SKB_MULTICAST, [GROUP] = SKB_MULTICAST,
	[OTHER] = SKB_OTHERHOST};

static void send_to(struct put *t, enum target to, uint32_t seed)
{
	uint8_t frame[80];

	frame_fill(t, frame, sizeof(frame), seed, true);
	if (to != OWN)
		memcpy(frame, fixed[to], 6);
	peer_sends(t, frame, sizeof(frame));
}

/* must: what has to arrive; where the device filters, nothing else may. */
static void expect_only(struct put *t, unsigned must, const char *mode)
{
	unsigned got = 0;
	struct kept *k;

	for (unsigned to = 0; to < TARGETS; to++)
		send_to(t, to, to);
	send_to(t, OWN, 99);
	while ((k = port_receives(t, PATIENCE)) && frame_seed(k->data) != 99) {
		unsigned to = frame_seed(k->data);

		assert_true(to < TARGETS);
		assert_int_equal(k->pkt_type, pkt_type[to]);
		got |= 1u << to;
		free(k);
	}
	assert_non_null(k);
	free(k);
	if ((got & must) != must)
		fail_msg("%s: of what was to arrive (%02x), %02x did", mode, must, got);
	if (t->type->filters && got != must)
		fail_msg("%s: only %02x was to arrive, %02x did", mode, must, got);
}

#define BIT(x) (1u << (x))

void case_filters(struct put *t)
{
	const unsigned always = BIT(OWN) | BIT(ALL), joined = always | BIT(JOINED);
	const unsigned groups = joined | BIT(GROUP), everything = groups | BIT(OTHER);

	rig_open(t, false);
	expect_only(t, always, "at first");
	assert_int_equal(netdev_mc_add(t->dp, t->dev, fixed[JOINED]), 0);
	expect_only(t, joined, "a group joined");
	assert_int_equal(netdev_set_allmulti(t->dp, t->dev, 1), 0);
	expect_only(t, groups, "all groups");
	assert_int_equal(netdev_set_allmulti(t->dp, t->dev, -1), 0);
	expect_only(t, joined, "all groups no more");
	assert_int_equal(netdev_set_promiscuity(t->dp, t->dev, 1), 0);
	if (t->type->ops->promiscuous)
		assert_true(t->type->ops->promiscuous(t));
	expect_only(t, everything, "promiscuous");
	rig_restart(t, NULL);
	expect_only(t, everything, "promiscuous, stopped and started");
	assert_int_equal(netdev_set_promiscuity(t->dp, t->dev, -1), 0);
	if (t->type->ops->promiscuous)
		assert_false(t->type->ops->promiscuous(t));
	assert_int_equal(netdev_mc_del(t->dp, t->dev, fixed[JOINED]), 0);
	expect_only(t, always, "at last");
	rig_close(t);
}

struct count {
	uint64_t frames, bytes;
};

static void traffic(struct put *t, struct count *out, struct count *in)
{
	static uint8_t frame[1514];

	for (unsigned i = 0; i < 200; i++) {
		unsigned len = 60 + i * 1237 % 1455;

		if (t->type->blind) {
			frame_fill(t, frame, len, i, false);
			port_sends(t, frame_mbuf(t, frame, len));
		} else {
			pass_out(t, len, i);
			pass_in(t, 60 + i * 331 % 1455, i);
			in->bytes += 60 + i * 331 % 1455;
			in->frames++;
		}
		out->frames++;
		out->bytes += len;
	}
}

static void raw_statistics(struct put *t)
{
	struct count out = {0}, in = {0};
	struct rte_eth_stats s;

	rig_open(t, true);
	pass_some(t);
	assert_int_equal(rte_eth_stats_reset(t->port.port_id), 0);
	traffic(t, &out, &in);
	assert_int_equal(rte_eth_stats_get(t->port.port_id, &s), 0);
	assert_int_equal(s.opackets, out.frames);
	assert_int_equal(s.ipackets, in.frames);
	if (!t->type->no_bytes) {
		assert_int_equal(s.obytes, out.bytes);
		assert_int_equal(s.ibytes, in.bytes);
	}
	assert_int_equal(s.oerrors, 0);
	assert_int_equal(s.ierrors, 0);
	assert_int_equal(s.imissed, 0);
	assert_int_equal(s.rx_nombuf, 0);
	assert_int_equal(rte_eth_stats_reset(t->port.port_id), 0);
	assert_int_equal(rte_eth_stats_get(t->port.port_id, &s), 0);
	assert_int_equal(s.opackets + s.ipackets + s.obytes + s.ibytes, 0);
	rig_close(t);
}

void case_statistics(struct put *t)
{
	struct count out = {0}, in = {0};
	struct dev_stats before, after;

	raw_statistics(t);
	rig_open(t, false);
	pass_some(t);
	before = skiff_stats(t);
	traffic(t, &out, &in);
	after = skiff_stats(t);
	assert_int_equal(after.tx_packets - before.tx_packets, out.frames);
	assert_int_equal(after.tx_bytes - before.tx_bytes, out.bytes);
	if (!t->type->blind) {
		assert_int_equal(after.rx_packets - before.rx_packets, in.frames);
		assert_int_equal(after.rx_bytes - before.rx_bytes, in.bytes);
	}
	assert_int_equal(after.tx_dropped + after.tx_errors, 0);
	assert_int_equal(after.rx_dropped + after.rx_errors, 0);
	/* They outlive the port's stop. */
	rig_restart(t, NULL);
	after = skiff_stats(t);
	assert_int_equal(after.tx_packets - before.tx_packets, out.frames);
	rig_close(t);
}
