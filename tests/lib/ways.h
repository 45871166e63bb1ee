/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One way through the router among several: a fake router with its ports, to which the same frames are
 * given as to the others, by a lane, a short way or every stage; and the comparison of what came of
 * it. What leaves must be the same to the byte, each flow in the same order, and so must all
 * counters: interfaces, MIB, stages, ledger, drop reasons. One exception may be asked for: ids_differ.
 */
#pragma once

#include "fake_port.h"

#define WAY_PORTS 2
#define WAY_FRAME_MAX 2048

struct way {
	struct fake_router r;
	struct fake_port port[WAY_PORTS + 1];
	uint32_t by_lane[WAY_PORTS + 1]; /* of port.out[]: sent before any stage ran */
	uint64_t admitted;               /* past ip4_input before any stage ran */

	/*
	 * This host's ICMP answers may have other identifications than by the other ways, and change
	 * places with answers to others: they are counted per destination, and the ways take flows
	 * one after the other in different orders.
	 */
	bool ids_differ;
};

/* A frame, and what the port says of it: the mbuf's fields by their names. */
struct way_frame {
	uint8_t data[WAY_FRAME_MAX];
	uint32_t len, seg;       /* in segments of at most so many bytes */
	uint32_t beyond;         /* bytes of data behind the end, which lie behind it in the buffer */
	uint64_t ol_flags;
	uint32_t rss, packet_type;
	uint16_t vlan_tci, tso_segsz;
	uint8_t l2_len, l3_len, l4_len;
};

/* A router of fake_router.h with both ports open; port 2 can complete checksums. */
void way_init(struct way *x);
void way_fini(struct way *x);

/* Put a frame in port's in[], not counted as received yet; the mbuf that holds it. */
struct rte_mbuf *way_give(struct way *x, unsigned int port, const struct way_frame *f);

/* As if the burst before had known of what is in port's in[] (rxq.h). */
void way_come_ahead(struct way *x, unsigned int port);

/* Bit h of `mask`: hook h of way_hooks() is registered and accepts everything. */
void way_hooks(struct way *x, unsigned int mask);
#define WAY_HOOKS 4 /* PRE_ROUTING, FORWARD, POST_ROUTING, LOCAL_OUT */

/* Poll the ports, before any stage runs: by_lane, admitted; then the stages and all that waits. */
void way_poll(struct way *x);
void way_sweep(struct way *x);

/* Fail, in cmocka's way, where `a` differs from the one that took all stages. */
void way_compare_output(const struct way *a, const struct way *stages, unsigned int port);
void way_compare_counters(const struct way *a, const struct way *stages);
