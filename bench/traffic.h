/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the files of skiff-traffic share. */

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define TRAFFIC_MAGIC 0x534b /* "SK", plus the run's number */
#define TRAFFIC_MIN_FRAME 60
#define TRAFFIC_MAX_FRAME 9014
#define TRAFFIC_MAX_FLOWS 65536

/* The payload of each frame, after Ethernet, IPv4 and UDP: 18 bytes, so that 60 hold it. */
struct traffic_mark {
	uint16_t magic;
	uint64_t seq;
	uint64_t sent_ns; /* CLOCK_REALTIME, as the kernel's receive time stamps */
} __attribute__((packed));

struct traffic_place {
	const char *netns; /* name under /run/netns, or NULL: this one */
	const char *iface;
	int cpu; /* -1: any */
};

struct traffic_options {
	struct traffic_place tx, rx;
	double rate; /* frames/s, 0: as fast as it goes */
	uint64_t count;
	double seconds, grace;
	unsigned size, flows, batch;
	unsigned lump; /* at most so many frames to catch up, 0: all */
	unsigned gap;  /* us between sends at least, the thread asleep meanwhile; 0: turn */
	struct in_addr src, dst;
	uint8_t src_mac[6], dst_mac[6];
	bool have_dst_mac, have_src_mac, any_dst;
	bool tally; /* count by the interface's own counters, look at no frame */
	uint16_t dport;
	bool use_xdp, json;
	uint16_t magic;
};

/* Times from 1 us in steps of 1/16, up to 2^32 us. */
#define TRAFFIC_BUCKETS (32 * 16)

struct traffic_result {
	uint64_t sent, send_calls, send_full, slipped;
	double send_seconds, send_cpu, receive_cpu; /* cpu: the thread's own time on one */
	uint64_t received, bytes, missing, duplicate, reordered, foreign, corrupt, dropped;
	double receive_seconds; /* first to last frame */
	uint64_t delay[TRAFFIC_BUCKETS], delay_max_ns, delay_min_ns;
};

/* Each runs in its own thread; both return 0 or print why not and return -1. */
int traffic_send(const struct traffic_options *o, struct traffic_result *r);
int traffic_receive(const struct traffic_options *o, struct traffic_result *r, bool *ready);
int traffic_tally(const struct traffic_options *o, struct traffic_result *r, bool *ready);

/* Set by the sender when it is done, or by a signal. */
extern volatile bool traffic_sent, traffic_stop;

int traffic_enter(const struct traffic_place *p); /* namespace and CPU of this thread */
unsigned traffic_template(const struct traffic_options *o, uint8_t *frame);
void traffic_mark_frame(
	const struct traffic_options *o, uint8_t *frame, uint64_t seq, uint64_t now);

/* A way out of the host: fill `n` frame slots, then send. */
struct traffic_out;
struct traffic_out *traffic_out_packet(const struct traffic_options *o);
struct traffic_out *traffic_out_xdp(const struct traffic_options *o);

struct traffic_out {
	/* Where the i-th next frame is written, NULL: no room now. */
	uint8_t *(*slot)(struct traffic_out *out, unsigned i);
	/* Sends the first n slots; returns how many left, -1: an error that ends the run. */
	int (*send)(struct traffic_out *out, unsigned n);
	void (*close)(struct traffic_out *out);
};

static inline uint64_t traffic_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}
