/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiff-traffic's sender: numbered UDP frames at a pace, out of a packet socket (one sendmmsg per
 * batch). Called by traffic.c in a thread of its own; traffic_xdp.c is the other way out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "traffic.h"

#define UDP_AT (ETH_HLEN + sizeof(struct iphdr))
#define MARK_AT (UDP_AT + sizeof(struct udphdr))

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Everything but the mark and the source port; the UDP checksum is left out (zero). */
unsigned traffic_template(const struct traffic_options *o, uint8_t *frame)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.tot_len = htons(o->size - ETH_HLEN),
		.saddr = o->src.s_addr,
		.daddr = o->dst.s_addr,
	};
	struct udphdr udp = {
		.dest = htons(o->dport), .len = htons(o->size - ETH_HLEN - sizeof(struct iphdr))};
	const uint16_t type = htons(ETH_P_IP);
	uint16_t words[sizeof(ip) / 2];
	uint32_t sum = 0;

	memset(frame, 0xa5, o->size);
	memcpy(frame, o->dst_mac, 6);
	memcpy(frame + 6, o->src_mac, 6);
	memcpy(frame + 12, &type, 2);
	memcpy(words, &ip, sizeof(ip));
	for (unsigned i = 0; i < sizeof(ip) / 2; i++)
		sum += words[i];
	ip.check = ~fold(sum);
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	memcpy(frame + UDP_AT, &udp, sizeof(udp));
	return o->size;
}

void traffic_mark_frame(const struct traffic_options *o, uint8_t *frame, uint64_t seq, uint64_t now)
{
	struct traffic_mark mark = {.magic = o->magic, .seq = seq, .sent_ns = now};
	uint16_t port = htons(1024 + seq % o->flows);

	memcpy(frame + UDP_AT, &port, sizeof(port));
	memcpy(frame + MARK_AT, &mark, sizeof(mark));
}

#define MAX_BATCH 256

struct packet_out {
	struct traffic_out out;
	int fd;
	uint8_t *frames;
	struct mmsghdr msg[MAX_BATCH];
	struct iovec iov[MAX_BATCH];
};

static uint8_t *packet_slot(struct traffic_out *out, unsigned i)
{
	struct packet_out *p = (void *)out;

	return i < MAX_BATCH ? p->iov[i].iov_base : NULL;
}

static int packet_send(struct traffic_out *out, unsigned n)
{
	struct packet_out *p = (void *)out;
	int sent = sendmmsg(p->fd, p->msg, n, MSG_DONTWAIT);

	if (sent >= 0)
		return sent;
	if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
		return 0;
	perror("skiff-traffic: cannot send");
	return -1;
}

static void packet_close(struct traffic_out *out)
{
	struct packet_out *p = (void *)out;

	close(p->fd);
	free(p->frames);
	free(p);
}

struct traffic_out *traffic_out_packet(const struct traffic_options *o)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(o->tx.iface)};
	struct packet_out *p = calloc(1, sizeof(*p));
	int one = 1, buffer = 4 << 20;

	if (p == NULL)
		return NULL;
	p->out = (struct traffic_out){packet_slot, packet_send, packet_close};
	p->frames = malloc((size_t)MAX_BATCH * o->size);
	p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (p->frames == NULL || p->fd < 0 || bind(p->fd, (void *)&ll, sizeof(ll)) < 0) {
		fprintf(stderr, "skiff-traffic: cannot send on %s: %s\n", o->tx.iface,
			strerror(errno));
		if (p->fd >= 0)
			close(p->fd);
		free(p->frames);
		free(p);
		return NULL;
	}
	setsockopt(p->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	setsockopt(p->fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
	for (unsigned i = 0; i < MAX_BATCH; i++) {
		p->iov[i] = (struct iovec){p->frames + (size_t)i * o->size, o->size};
		p->msg[i].msg_hdr.msg_iov = &p->iov[i];
		p->msg[i].msg_hdr.msg_iovlen = 1;
		traffic_template(o, p->iov[i].iov_base);
	}
	return &p->out;
}

/*
 * Frames that are due by now. A sender that did not get the CPU in time catches up as fast as it
 * can, or only by --lump frames: the rest of the schedule moves, so the flow gets slower, not denser.
 */
static uint64_t due(
	const struct traffic_options *o, uint64_t *start, uint64_t now, uint64_t seq, uint64_t *slipped)
{
	if (o->rate <= 0)
		return UINT64_MAX;
	uint64_t until = 1 + (uint64_t)((now - *start) * 1e-9 * o->rate);

	if (o->lump == 0 || until <= seq + o->lump)
		return until;
	uint64_t excess = until - seq - o->lump;

	*start += (uint64_t)(excess / o->rate * 1e9);
	*slipped += excess;
	return seq + o->lump;
}

/* Until the next frame, or for the gap: sleep where there is time to, else turn. */
static void wait_for(const struct traffic_options *o, uint64_t start, uint64_t seq)
{
	uint64_t at = start + (uint64_t)(seq / o->rate * 1e9);
	uint64_t now = traffic_now(CLOCK_MONOTONIC);
	struct timespec t = {0, 0};

	if (o->gap && at < now + o->gap * 1000ull)
		at = now + o->gap * 1000ull;
	else if (at <= now + 100000)
		return;
	else
		at -= 60000;
	at -= now;
	t.tv_sec = at / 1000000000;
	t.tv_nsec = at % 1000000000;
	nanosleep(&t, NULL);
}

static int send_all(
	const struct traffic_options *o, struct traffic_out *out, struct traffic_result *r)
{
	uint64_t start = traffic_now(CLOCK_MONOTONIC), end = start + (uint64_t)(o->seconds * 1e9);
	uint64_t now = start, pace = start, seq = 0;

	prctl(PR_SET_TIMERSLACK, 1);
	while (!traffic_stop && now < end && seq < o->count) {
		uint64_t until = due(o, &pace, now, seq, &r->slipped);
		uint64_t stamp = traffic_now(CLOCK_REALTIME);
		unsigned n = 0;
		uint8_t *frame;

		while (n < o->batch && seq + n < until && seq + n < o->count &&
			(frame = out->slot(out, n)) != NULL)
			traffic_mark_frame(o, frame, seq + n++, stamp);
		if (n > 0 || until > seq) {
			int sent = out->send(out, n);
			if (sent < 0)
				return -1;
			r->send_calls++;
			r->send_full += (unsigned)sent < n || n == 0;
			seq += sent;
		} else {
			wait_for(o, pace, seq);
		}
		now = traffic_now(CLOCK_MONOTONIC);
		r->sent = seq;
	}
	r->send_seconds = (now - start) * 1e-9;
	r->send_cpu = traffic_now(CLOCK_THREAD_CPUTIME_ID) * 1e-9;
	return 0;
}

int traffic_send(const struct traffic_options *o, struct traffic_result *r)
{
	struct traffic_out *out;
	int err;

	if (traffic_enter(&o->tx) < 0)
		return -1;
	out = o->use_xdp ? traffic_out_xdp(o) : traffic_out_packet(o);
	if (out == NULL)
		return -1;
	err = send_all(o, out, r);
	out->close(out);
	return err;
}
