/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiff-traffic's faster way out: an AF_XDP socket that only sends, in copy mode, which costs the
 * kernel about half of what a packet socket does. Called by traffic_send.c. See
 * Documentation/networking/af_xdp.rst.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "traffic.h"

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

#define FRAMES 2048
#define FRAME_SIZE 4096

struct ring {
	uint32_t *producer, *consumer;
	void *desc;
	void *map;
	size_t len;
};

struct xdp_out {
	struct traffic_out out;
	int fd;
	uint8_t *umem;
	struct ring tx, done;
	unsigned size;
	uint32_t free[FRAMES], nb_free;
};

static int map_ring(
	int fd, struct ring *r, const struct xdp_ring_offset *at, size_t item, uint64_t page)
{
	r->len = at->desc + FRAMES * item;
	r->map = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page);
	if (r->map == MAP_FAILED)
		return -1;
	r->producer = (void *)((uint8_t *)r->map + at->producer);
	r->consumer = (void *)((uint8_t *)r->map + at->consumer);
	r->desc = (uint8_t *)r->map + at->desc;
	return 0;
}

static void reap(struct xdp_out *x)
{
	const uint64_t *addr = x->done.desc;
	uint32_t c = *x->done.consumer;
	uint32_t p = __atomic_load_n(x->done.producer, __ATOMIC_ACQUIRE);

	while (c != p)
		x->free[x->nb_free++] = addr[c++ % FRAMES] / FRAME_SIZE;
	__atomic_store_n(x->done.consumer, c, __ATOMIC_RELEASE);
}

static uint8_t *xdp_slot(struct traffic_out *out, unsigned i)
{
	struct xdp_out *x = (void *)out;

	if (i >= x->nb_free)
		reap(x);
	if (i >= x->nb_free)
		return NULL;
	return x->umem + (size_t)x->free[x->nb_free - 1 - i] * FRAME_SIZE;
}

/* The ring takes all of them; the kick makes the kernel work, at most 32 frames a call. */
static int xdp_send(struct traffic_out *out, unsigned n)
{
	struct xdp_out *x = (void *)out;
	struct xdp_desc *desc = x->tx.desc;
	uint32_t p = *x->tx.producer;

	for (unsigned i = 0; i < n; i++)
		desc[p++ % FRAMES] = (struct xdp_desc){
			.addr = (uint64_t)x->free[--x->nb_free] * FRAME_SIZE, .len = x->size};
	__atomic_store_n(x->tx.producer, p, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < 16 && __atomic_load_n(x->tx.consumer, __ATOMIC_ACQUIRE) != p; i++)
		if (sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
			errno != ENOBUFS && errno != EBUSY && errno != EINTR) {
			perror("skiff-traffic: cannot send");
			return -1;
		}
	return n;
}

static void xdp_close(struct traffic_out *out)
{
	struct xdp_out *x = (void *)out;

	/* What is still in the ring has been counted as sent. */
	for (unsigned i = 0; i < 10000 && *x->tx.consumer != *x->tx.producer; i++)
		sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
	close(x->fd);
	munmap(x->umem, (size_t)FRAMES * FRAME_SIZE);
	munmap(x->tx.map, x->tx.len);
	munmap(x->done.map, x->done.len);
	free(x);
}

static int open_socket(struct xdp_out *x, const struct traffic_options *o)
{
	struct xdp_umem_reg reg = {.len = (uint64_t)FRAMES * FRAME_SIZE, .chunk_size = FRAME_SIZE};
	struct sockaddr_xdp sx = {.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_COPY,
		.sxdp_ifindex = if_nametoindex(o->tx.iface)};
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	int n = FRAMES;

	x->umem = mmap(NULL, reg.len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (x->umem == MAP_FAILED || x->fd < 0)
		return -1;
	reg.addr = (uintptr_t)x->umem;
	if (setsockopt(x->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) < 0 ||
		setsockopt(x->fd, SOL_XDP, XDP_UMEM_FILL_RING, &n, sizeof(n)) < 0 ||
		setsockopt(x->fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &n, sizeof(n)) < 0 ||
		setsockopt(x->fd, SOL_XDP, XDP_TX_RING, &n, sizeof(n)) < 0 ||
		getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len) < 0 ||
		map_ring(x->fd, &x->tx, &off.tx, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING) < 0 ||
		map_ring(x->fd, &x->done, &off.cr, sizeof(uint64_t),
			XDP_UMEM_PGOFF_COMPLETION_RING) < 0)
		return -1;
	return bind(x->fd, (void *)&sx, sizeof(sx));
}

struct traffic_out *traffic_out_xdp(const struct traffic_options *o)
{
	struct xdp_out *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->out = (struct traffic_out){xdp_slot, xdp_send, xdp_close};
	x->size = o->size;
	if (o->size > FRAME_SIZE || open_socket(x, o) < 0) {
		fprintf(stderr, "skiff-traffic: no AF_XDP socket on %s (%s); use --via packet\n",
			o->tx.iface, o->size > FRAME_SIZE ? "frames too large" : strerror(errno));
		exit(1);
	}
	for (uint32_t i = 0; i < FRAMES; i++) {
		x->free[x->nb_free++] = i;
		traffic_template(o, x->umem + (size_t)i * FRAME_SIZE);
	}
	return &x->out;
}
