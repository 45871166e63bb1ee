/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiff-traffic's receiver: counts the numbered frames that arrive, each once, with a TPACKET_V3
 * ring (cheap per frame; the kernel's own time stamps make its late delivery harmless). Called by
 * traffic.c in a thread of its own.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "traffic.h"

#define BLOCK (1 << 18)
#define BLOCKS 64
#define SEEN_BITS (1ull << 33) /* reserved, not touched: memory goes with what arrives */

struct receiver {
	const struct traffic_options *o;
	struct traffic_result *r;
	int fd;
	uint8_t *ring, *seen;
	uint64_t *highest; /* per flow */
	uint64_t end, first_ns, last_ns;
};

static int open_ring(struct receiver *x)
{
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = 2048,
		.tp_frame_nr = BLOCKS * (BLOCK / 2048),
		.tp_retire_blk_tov = 2,
	};
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(x->o->rx.iface),
	};
	int v3 = TPACKET_V3, one = 1;

	x->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (x->fd < 0 || setsockopt(x->fd, SOL_PACKET, PACKET_VERSION, &v3, sizeof(v3)) < 0 ||
		setsockopt(x->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
		setsockopt(x->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return -1;
	x->ring = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, x->fd, 0);
	if (x->ring == MAP_FAILED)
		return -1;
	if (x->o->any_dst) {
		struct packet_mreq m = {.mr_ifindex = ll.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
		if (setsockopt(x->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)) < 0)
			return -1;
	}
	return bind(x->fd, (void *)&ll, sizeof(ll));
}

static void count_delay(struct traffic_result *r, uint64_t ns)
{
	uint64_t us16 = ns * 16 / 1000, octave = 0;

	while (us16 >= 32) {
		us16 >>= 1;
		octave++;
	}
	us16 += octave * 16;
	r->delay[us16 < TRAFFIC_BUCKETS ? us16 : TRAFFIC_BUCKETS - 1]++;
	if (ns > r->delay_max_ns)
		r->delay_max_ns = ns;
	if (ns < r->delay_min_ns)
		r->delay_min_ns = ns;
}

static bool intact(const uint8_t *frame, unsigned at, unsigned len)
{
	for (unsigned i = at; i < len; i++)
		if (frame[i] != 0xa5)
			return false;
	return true;
}

static void count_frame(struct receiver *x, const struct tpacket3_hdr *h)
{
	const uint8_t *frame = (const uint8_t *)h + h->tp_mac;
	const unsigned at = ETH_HLEN + sizeof(struct iphdr) + 8;
	struct traffic_result *r = x->r;
	struct traffic_mark mark;
	uint64_t ns, flow;

	if (h->tp_snaplen < at + sizeof(mark)) {
		r->foreign++;
		return;
	}
	memcpy(&mark, frame + at, sizeof(mark));
	if (mark.magic != x->o->magic || mark.seq >= SEEN_BITS) {
		r->foreign++;
		return;
	}
	if (h->tp_len != x->o->size || !intact(frame, at + sizeof(mark), h->tp_snaplen)) {
		r->corrupt++;
		return;
	}
	if (x->seen[mark.seq / 8] & (1 << mark.seq % 8)) {
		r->duplicate++;
		return;
	}
	x->seen[mark.seq / 8] |= 1 << mark.seq % 8;
	flow = mark.seq % x->o->flows;
	if (mark.seq + 1 < x->highest[flow])
		r->reordered++;
	else
		x->highest[flow] = mark.seq + 1;
	if (mark.seq >= x->end)
		x->end = mark.seq + 1;
	ns = h->tp_sec * 1000000000ull + h->tp_nsec;
	count_delay(r, ns > mark.sent_ns ? ns - mark.sent_ns : 0);
	if (r->received++ == 0)
		x->first_ns = ns;
	x->last_ns = ns;
	r->bytes += h->tp_len;
}

/* One block, or nothing for 20 ms. */
static bool read_block(struct receiver *x, unsigned block)
{
	struct tpacket_block_desc *b = (void *)(x->ring + (size_t)block * BLOCK);
	struct pollfd p = {.fd = x->fd, .events = POLLIN};
	struct tpacket3_hdr *h;

	if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
		poll(&p, 1, 20);
		if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			return false;
	}
	h = (void *)((uint8_t *)b + b->hdr.bh1.offset_to_first_pkt);
	for (unsigned i = 0; i < b->hdr.bh1.num_pkts; i++) {
		count_frame(x, h);
		h = (void *)((uint8_t *)h + h->tp_next_offset);
	}
	__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	return true;
}

/* Until the time is over; with a sender, until all has come or `grace` passed since it ended. */
static void receive_all(struct receiver *x)
{
	uint64_t now = traffic_now(CLOCK_MONOTONIC), quiet = 0;
	uint64_t end = now + (uint64_t)((x->o->seconds + x->o->grace) * 1e9);
	unsigned block = 0;

	/* a signal ends the sender first: what is on its way still counts */
	while (!traffic_stop || x->o->tx.iface != NULL) {
		if (read_block(x, block))
			block = (block + 1) % BLOCKS;
		now = traffic_now(CLOCK_MONOTONIC);
		if (x->o->tx.iface == NULL) {
			if (now >= end || x->r->received >= x->o->count)
				break;
			continue;
		}
		if (!traffic_sent)
			continue;
		if (quiet == 0)
			quiet = now;
		if (x->r->received >= x->r->sent || now - quiet > x->o->grace * 1e9)
			break;
	}
}

int traffic_receive(const struct traffic_options *o, struct traffic_result *r, bool *ready)
{
	struct receiver x = {.o = o, .r = r};
	struct tpacket_stats_v3 s = {0};
	socklen_t len = sizeof(s);

	r->delay_min_ns = UINT64_MAX;
	if (traffic_enter(&o->rx) < 0)
		return -1;
	x.highest = calloc(TRAFFIC_MAX_FLOWS, sizeof(*x.highest));
	x.seen = mmap(NULL, SEEN_BITS / 8, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (x.highest == NULL || x.seen == MAP_FAILED || open_ring(&x) < 0) {
		fprintf(stderr, "skiff-traffic: cannot receive on %s: %s\n", o->rx.iface,
			strerror(errno));
		return -1;
	}
	__atomic_store_n(ready, true, __ATOMIC_RELEASE);
	receive_all(&x);
	r->receive_cpu = traffic_now(CLOCK_THREAD_CPUTIME_ID) * 1e-9;
	if (getsockopt(x.fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
		r->dropped = s.tp_drops;
	if (o->tx.iface == NULL) /* what was sent is only known as far as it is seen here */
		r->sent = x.end;
	r->missing = r->sent > r->received ? r->sent - r->received : 0;
	r->receive_seconds = (x.last_ns - x.first_ns) * 1e-9;
	munmap(x.ring, (size_t)BLOCK * BLOCKS);
	munmap(x.seen, SEEN_BITS / 8);
	free(x.highest);
	close(x.fd);
	return 0;
}

static int read_counter(const char *iface, uint64_t *packets)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "re");
	char line[512], name[32];
	unsigned long long n;
	int err = -1;

	while (f && err && fgets(line, sizeof(line), f))
		if (sscanf(line, " %31[^:]: %*u %llu", name, &n) == 2 && !strcmp(name, iface)) {
			*packets = n;
			err = 0;
		}
	if (f)
		fclose(f);
	return err;
}

/* What the interface says it received between the sender's start and its end. */
int traffic_tally(const struct traffic_options *o, struct traffic_result *r, bool *ready)
{
	const struct timespec ms = {0, 1000000};
	uint64_t before, after, start, end;

	if (traffic_enter(&o->rx) < 0)
		return -1;
	if (read_counter(o->rx.iface, &before) < 0) {
		fprintf(stderr, "skiff-traffic: no counters of %s\n", o->rx.iface);
		return -1;
	}
	__atomic_store_n(ready, true, __ATOMIC_RELEASE);
	while (r->sent == 0 && !traffic_sent)
		nanosleep(&ms, NULL);
	start = traffic_now(CLOCK_MONOTONIC);
	while (!traffic_sent)
		nanosleep(&ms, NULL);
	end = traffic_now(CLOCK_MONOTONIC);
	if (read_counter(o->rx.iface, &after) < 0)
		return -1;
	r->received = after - before;
	r->receive_seconds = (end - start) * 1e-9;
	r->missing = r->sent > r->received ? r->sent - r->received : 0;
	r->delay_min_ns = 0;
	return 0;
}
