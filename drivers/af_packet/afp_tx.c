/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmit, the burst function that DPDK calls from the worker; it never blocks. Plain frames leave
 * by AF_XDP (afp_xdp.c); all others, and all where that is not to be had, by one sendmmsg(2) straight
 * from the mbufs' memory, of any shape (chained, cloned, indirect, external). What the kernel has no
 * room for stays the caller's; what it will never take (malformed, or the interface is down) is
 * freed and counted in oerrors.
 */
#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_errno.h>
#include <rte_ether.h>

#include "afp.h"

static void put_iov(struct afp_txq *q, struct msghdr *msg, void *base, size_t len)
{
	struct iovec *v = &msg->msg_iov[msg->msg_iovlen++];

	v->iov_base = base;
	v->iov_len = len;
	q->nb_iov++;
}

/* The tag goes between the addresses and the type, without touching the frame. */
static int put_tagged(struct afp_txq *q, struct msghdr *msg, struct rte_mbuf *m, unsigned i)
{
	uint16_t *tag = (uint16_t *)&q->tag[i];
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	const unsigned addrs = 2 * RTE_ETHER_ADDR_LEN;

	if (m->data_len <= addrs)
		return -EINVAL;
	tag[0] = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
	tag[1] = rte_cpu_to_be_16(m->vlan_tci);
	if (q->vnet[i].flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		q->vnet[i].csum_start += RTE_VLAN_HLEN;
	if (q->vnet[i].hdr_len)
		q->vnet[i].hdr_len += RTE_VLAN_HLEN;
	put_iov(q, msg, &q->vnet[i], AFP_VNET_LEN);
	put_iov(q, msg, data, addrs);
	put_iov(q, msg, tag, RTE_VLAN_HLEN);
	put_iov(q, msg, data + addrs, m->data_len - addrs);
	return 0;
}

/* -ENOSPC: not in this batch; -EINVAL: never. */
static int put_frame(struct afp_txq *q, struct rte_mbuf *m, unsigned i)
{
	struct msghdr *msg = &q->msg[i].msg_hdr;
	struct virtio_net_hdr *vnet = &q->vnet[i];

	if (unlikely(m->nb_segs > AFP_MAX_SEGS))
		return -EINVAL;
	if (unlikely(q->nb_iov + m->nb_segs + 3 > AFP_TX_IOV))
		return -ENOSPC;
	msg->msg_iov = &q->iov[q->nb_iov];
	msg->msg_iovlen = 0;
	memset(vnet, 0, sizeof(*vnet));
	if (unlikely(m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK) && afp_tx_offload(m, vnet) < 0)
		return -EINVAL;
	if (unlikely(m->ol_flags & RTE_MBUF_F_TX_VLAN)) {
		if (put_tagged(q, msg, m, i) < 0)
			return -EINVAL;
	} else if (likely(RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1 &&
			   m->data_off >= AFP_VNET_LEN)) {
		/* One iovec less per frame: the header just before the data. */
		uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *) - AFP_VNET_LEN;
		memcpy(data, vnet, AFP_VNET_LEN);
		put_iov(q, msg, data, AFP_VNET_LEN + m->data_len);
	} else {
		put_iov(q, msg, vnet, AFP_VNET_LEN);
		put_iov(q, msg, rte_pktmbuf_mtod(m, void *), m->data_len);
	}
	for (m = m->next; unlikely(m != NULL); m = m->next)
		put_iov(q, msg, rte_pktmbuf_mtod(m, void *), m->data_len);
	return 0;
}

/* How many of pkts[0..n) form the next message batch; 0: the first one can never be sent. */
static unsigned build(struct afp_txq *q, struct rte_mbuf **pkts, unsigned n)
{
	unsigned i;

	q->nb_iov = 0;
	n = RTE_MIN(n, (unsigned)AFP_TX_BATCH);
	for (i = 0; i < n; i++)
		if (put_frame(q, pkts[i], i) < 0)
			break;
	return i;
}

static void lose(struct afp_txq *q, struct rte_mbuf **pkts, unsigned n)
{
	rte_pktmbuf_free_bulk(pkts, n);
	q->errors += n;
}

/* How many of pkts[0..n) are settled by this error: 0 = none, they stay the caller's. */
static unsigned settle(struct afp_txq *q, struct rte_mbuf **pkts, unsigned n, int err)
{
	switch (err) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
	case EINTR:
		return 0;
	case ENETDOWN:
	case ENXIO:
	case ENODEV:
		/* Whatever waits now would be stale when the interface is back. */
		q->down = true;
		lose(q, pkts, n);
		return n;
	default:
		lose(q, pkts, 1);
		return 1;
	}
}

/* By the packet socket: how many of pkts[0..n) are settled; less than n: it has no room. */
static unsigned send_packet(struct afp_txq *q, struct rte_mbuf **pkts, unsigned n)
{
	unsigned done = 0;

	while (done < n) {
		unsigned batch = build(q, pkts + done, n - done);
		uint64_t bytes = 0;
		int sent;

		if (unlikely(batch == 0)) {
			lose(q, pkts + done++, 1);
			continue;
		}
		sent = sendmmsg(q->fd, q->msg, batch, MSG_DONTWAIT);
		q->kicks++;
		if (unlikely(sent <= 0)) {
			unsigned settled = settle(q, pkts + done, n - done, errno);
			if (settled == 0)
				break;
			done += settled;
			continue;
		}
		q->down = false;
		for (int i = 0; i < sent; i++)
			bytes += pkts[done + i]->pkt_len;
		rte_pktmbuf_free_bulk(pkts + done, sent);
		q->packets += sent;
		q->bytes += bytes;
		done += sent;
	}
	return done;
}

/* By AF_XDP: how many of pkts[0..n) it took. */
static unsigned send_xdp(struct afp_txq *q, struct rte_mbuf **pkts, unsigned n)
{
	unsigned lost, sent = afp_xdp_send(q->xdp, pkts, n, &lost);
	uint64_t bytes = 0;

	q->kicks++;
	if (unlikely(sent == 0))
		return 0;
	q->down = false;
	for (unsigned i = 0; i < sent; i++)
		bytes += pkts[i]->pkt_len;
	if (unlikely(lost)) /* the last one it took */
		bytes -= pkts[sent - 1]->pkt_len;
	rte_pktmbuf_free_bulk(pkts, sent);
	q->packets += sent - lost;
	q->by_xdp += sent - lost;
	q->bytes += bytes;
	q->errors += lost;
	return sent;
}

/* Asks for nothing that only a packet socket can do. */
static bool plain(const struct rte_mbuf *m)
{
	return !(m->ol_flags & (RTE_MBUF_F_TX_OFFLOAD_MASK | RTE_MBUF_F_TX_VLAN)) &&
	       m->pkt_len >= RTE_ETHER_HDR_LEN && m->pkt_len <= AFP_XDP_FRAME &&
	       m->nb_segs <= AFP_MAX_SEGS;
}

static unsigned run_of(struct rte_mbuf **pkts, unsigned n, bool want)
{
	unsigned i = 0;

	while (i < n && plain(pkts[i]) == want)
		i++;
	return i;
}

uint16_t afp_tx_burst(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct afp_txq *q = queue;
	unsigned done = 0;

	if (q->xdp == NULL)
		return send_packet(q, pkts, n);
	while (done < n) {
		unsigned left = RTE_MIN(n - done, (unsigned)AFP_TX_BATCH);
		unsigned run = run_of(pkts + done, left, true);
		unsigned sent = run > 0 ? send_xdp(q, pkts + done, run) : 0;

		done += sent;
		if (run > 0 && sent == run)
			continue;
		/* The packet socket takes what the other could not, or says why nobody can. */
		run = run > 0 ? run - sent : run_of(pkts + done, left, false);
		sent = send_packet(q, pkts + done, run);
		done += sent;
		if (sent < run)
			break;
	}
	return done;
}

uint16_t afp_tx_prepare(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		struct virtio_net_hdr h = {0};
		int err = pkts[i]->nb_segs > AFP_MAX_SEGS ? -EINVAL : afp_tx_offload(pkts[i], &h);

		if (err == 0)
			err = afp_tx_finish_cksum(pkts[i]);
		if (err < 0) {
			rte_errno = -err;
			return i;
		}
	}
	return n;
}
