/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way out for plain frames: an AF_XDP socket in copy mode that only sends, beside the
 * packet socket of the same transmit queue, at two thirds of its cost. Called by afp_tx.c, which
 * takes the packet socket for whatever this one leaves. See networking/af_xdp.rst.
 *
 * The kernel works the ring off within our own sendto() and nowhere else, so both sockets send in
 * the order of their calls, and what a call left in the ring can be taken back before the next one:
 * its descriptors are made invalid, which the kernel skips. So nothing is ever accepted and unsent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>

#include <rte_branch_prediction.h>
#include <rte_malloc.h>
#include <rte_memcpy.h>

#include "afp.h"

#ifndef SOL_XDP
#define SOL_XDP 283
#endif
#define MAX_TX_SKB_BUDGET 9 /* XDP_MAX_TX_SKB_BUDGET, since Linux 6.18: frames a call */

#define FRAMES 1024u /* also the rings' size: a frame under way has a place in each */
#define REST 64      /* calls that go the long way after one that failed */
#define TAKEN_BACK UINT64_MAX

struct ring {
	uint32_t *producer, *consumer;
	void *desc;
	void *map;
	size_t len;
};

struct afp_xdp {
	int fd;
	uint32_t rest;
	uint32_t produced;
	uint32_t nb_free;
	uint8_t *frames;
	struct ring tx, done;
	uint16_t free[FRAMES];
	bool busy[FRAMES]; /* the kernel may still read it */
};

static int map_ring(
	struct afp_xdp *x, struct ring *r, const struct xdp_ring_offset *at, size_t item, off_t page)
{
	r->len = at->desc + FRAMES * item;
	r->map = mmap(
		NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, x->fd, page);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return -errno;
	}
	r->producer = (void *)((uint8_t *)r->map + at->producer);
	r->consumer = (void *)((uint8_t *)r->map + at->consumer);
	r->desc = (uint8_t *)r->map + at->desc;
	return 0;
}

static int option(const struct afp_xdp *x, int name, const void *value, socklen_t len)
{
	return setsockopt(x->fd, SOL_XDP, name, value, len) < 0 ? -errno : 0;
}

static int open_rings(struct afp_xdp *x)
{
	struct xdp_umem_reg reg = {.addr = (uintptr_t)x->frames,
		.len = FRAMES * AFP_XDP_FRAME,
		.chunk_size = AFP_XDP_FRAME};
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	const int n = FRAMES, budget = AFP_TX_BATCH;
	int err;

	/* A receive side is never used, but the kernel wants its ring. */
	if ((err = option(x, XDP_UMEM_REG, &reg, sizeof(reg))) < 0 ||
		(err = option(x, XDP_UMEM_FILL_RING, &n, sizeof(n))) < 0 ||
		(err = option(x, XDP_UMEM_COMPLETION_RING, &n, sizeof(n))) < 0 ||
		(err = option(x, XDP_TX_RING, &n, sizeof(n))) < 0)
		return err;
	option(x, MAX_TX_SKB_BUDGET, &budget, sizeof(budget)); /* else 32 frames a call */
	if (getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len) < 0)
		return -errno;
	err = map_ring(x, &x->tx, &off.tx, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
	if (err == 0)
		err = map_ring(x, &x->done, &off.cr, sizeof(uint64_t),
			XDP_UMEM_PGOFF_COMPLETION_RING);
	return err;
}

/* NULL: not to be had here (no privilege, an older kernel, no such queue, somebody else's). */
struct afp_xdp *afp_xdp_open(int ifindex, uint16_t queue)
{
	struct sockaddr_xdp sx = {.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_COPY,
		.sxdp_ifindex = ifindex,
		.sxdp_queue_id = queue};
	struct afp_xdp *x = rte_zmalloc("afp_xdp", sizeof(*x), RTE_CACHE_LINE_SIZE);
	int err = -ENOMEM;

	if (x == NULL)
		return NULL;
	x->frames = mmap(NULL, FRAMES * AFP_XDP_FRAME, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (x->frames == MAP_FAILED)
		x->frames = NULL;
	else if (x->fd < 0)
		err = -errno;
	else
		err = open_rings(x);
	if (err == 0 && bind(x->fd, (struct sockaddr *)&sx, sizeof(sx)) < 0)
		err = -errno;
	if (err < 0) {
		AFP_LOG(INFO, "no AF_XDP socket for queue %u (%s): all goes by the packet socket",
			queue, strerror(-err));
		afp_xdp_close(x);
		return NULL;
	}
	afp_send_buffer(x->fd);
	for (uint16_t i = 0; i < FRAMES; i++)
		x->free[x->nb_free++] = i;
	return x;
}

/* Also the end of one that was never opened whole. */
void afp_xdp_close(struct afp_xdp *x)
{
	if (x == NULL)
		return;
	if (x->fd >= 0)
		close(x->fd);
	if (x->tx.map)
		munmap(x->tx.map, x->tx.len);
	if (x->done.map)
		munmap(x->done.map, x->done.len);
	if (x->frames)
		munmap(x->frames, FRAMES * AFP_XDP_FRAME);
	rte_free(x);
}

static void give_back(struct afp_xdp *x, uint32_t frame)
{
	if (!x->busy[frame])
		return; /* taken back before, and told of all the same */
	x->busy[frame] = false;
	x->free[x->nb_free++] = frame;
}

static void reap(struct afp_xdp *x)
{
	const uint64_t *addr = x->done.desc;
	uint32_t c = *x->done.consumer;
	uint32_t p = __atomic_load_n(x->done.producer, __ATOMIC_ACQUIRE);

	for (; c != p; c++)
		give_back(x, addr[c % FRAMES] / AFP_XDP_FRAME % FRAMES);
	__atomic_store_n(x->done.consumer, c, __ATOMIC_RELEASE);
}

static void put_frame(struct afp_xdp *x, const struct rte_mbuf *m)
{
	uint32_t frame = x->free[--x->nb_free];
	uint8_t *to = x->frames + (size_t)frame * AFP_XDP_FRAME;
	struct xdp_desc *desc = (struct xdp_desc *)x->tx.desc + x->produced++ % FRAMES;

	x->busy[frame] = true;
	*desc = (struct xdp_desc){.addr = (uint64_t)frame * AFP_XDP_FRAME, .len = m->pkt_len};
	for (; m; m = m->next) {
		rte_memcpy(to, rte_pktmbuf_mtod(m, void *), m->data_len);
		to += m->data_len;
	}
}

/* How far the kernel has come. */
static uint32_t consumed(const struct afp_xdp *x)
{
	return __atomic_load_n(x->tx.consumer, __ATOMIC_ACQUIRE);
}

static void take_back(struct afp_xdp *x, uint32_t from)
{
	for (uint32_t i = from; i != x->produced; i++) {
		struct xdp_desc *desc = (struct xdp_desc *)x->tx.desc + i % FRAMES;

		give_back(x, desc->addr / AFP_XDP_FRAME % FRAMES);
		desc->addr = TAKEN_BACK;
	}
}

/*
 * How many of pkts[0..n), in order, the kernel took; of these *lost met an interface that dropped
 * them. n is at most AFP_TX_BATCH. The mbufs stay the caller's to free.
 */
unsigned afp_xdp_send(struct afp_xdp *x, struct rte_mbuf **pkts, unsigned n, unsigned *lost)
{
	uint32_t start = x->produced, at = consumed(x);

	*lost = 0;
	if (unlikely(x->rest > 0)) {
		x->rest--;
		return 0;
	}
	if (x->nb_free < n)
		reap(x);
	n = RTE_MIN(n, RTE_MIN(x->nb_free, FRAMES - (start - at)));
	for (unsigned i = 0; i < n; i++)
		put_frame(x, pkts[i]);
	__atomic_store_n(x->tx.producer, x->produced, __ATOMIC_RELEASE);
	for (uint32_t before = at - 1; at != x->produced && at != before;) {
		before = at;
		if (sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno == EBUSY)
			++*lost;
		at = consumed(x);
		/* A dropped frame ends the call, and is told of only with the next one sent. */
		if (*lost)
			break;
	}
	/* In a ring with places taken back the consumer may lag behind all of this burst. */
	if ((int32_t)(at - start) < 0)
		at = start;
	if (at == start)
		*lost = 0;
	if (unlikely(at != x->produced)) {
		take_back(x, at);
		x->rest = REST;
	}
	if (unlikely(n == 0))
		x->rest = REST;
	reap(x);
	return at - start;
}
