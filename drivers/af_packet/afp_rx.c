/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive: from the ring's next slots to mbufs. The burst function that DPDK calls from the
 * worker; it never blocks, and makes a system call only for a frame that did not fit a slot.
 * Hands on whole frames, chained where they exceed an mbuf, with VLAN tag and offload state set.
 * Where a filter gives plain frames another way, afp_ring.c is the burst function and has the
 * slots taken here.
 */
#include <errno.h>
#include <string.h>
#include <linux/if_packet.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_memcpy.h>
#include <rte_prefetch.h>

#include "afp.h"

static struct tpacket2_hdr *slot_at(const struct afp_rxq *q, uint32_t i)
{
	return (void *)(q->ring + (size_t)i * q->slot_size);
}

static struct rte_mbuf *take(struct afp_rxq *q)
{
	if (unlikely(q->nb_spare == 0)) {
		if (rte_pktmbuf_alloc_bulk(q->pool, q->spare, AFP_SPARE) == 0)
			q->nb_spare = AFP_SPARE;
		else if (rte_pktmbuf_alloc_bulk(q->pool, q->spare, 1) == 0)
			q->nb_spare = 1;
		else
			return NULL;
	}
	return q->spare[--q->nb_spare];
}

/* A chain with room for len bytes, segment lengths set; NULL: the pool is empty. */
static struct rte_mbuf *take_chain(struct afp_rxq *q, uint32_t len)
{
	struct rte_mbuf *head = take(q), *last = head, *m;

	if (head == NULL)
		return NULL;
	head->pkt_len = len;
	head->data_len = RTE_MIN(len, (uint32_t)q->room);
	len -= head->data_len;
	while (len > 0) {
		m = take(q);
		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		m->data_off = 0;
		m->data_len = RTE_MIN(len, (uint32_t)m->buf_len);
		len -= m->data_len;
		last->next = m;
		last = m;
		head->nb_segs++;
	}
	return head;
}

struct rte_mbuf *afp_rx_copy(struct afp_rxq *q, const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *head;

	if (likely(len <= q->room)) {
		head = take(q);
		if (unlikely(head == NULL))
			return NULL;
		head->data_len = head->pkt_len = len;
		rte_memcpy(rte_pktmbuf_mtod(head, void *), data, len);
		return head;
	}
	head = take_chain(q, len);
	for (struct rte_mbuf *m = head; m; m = m->next) {
		rte_memcpy(rte_pktmbuf_mtod(m, void *), data, m->data_len);
		data += m->data_len;
	}
	return head;
}

/* A frame larger than a slot is taken whole from the socket's queue, header and tag included. */
static int from_queue(struct afp_rxq *q, struct rte_mbuf *head, struct virtio_net_hdr *vnet,
	struct tpacket2_hdr *meta)
{
	union {
		struct cmsghdr hdr;
		uint8_t room[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec iov[AFP_MAX_FRAME / 1024 + 2];
	struct msghdr msg = {.msg_iov = iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	const struct tpacket_auxdata *aux;
	ssize_t len;

	iov[0] = (struct iovec){vnet, sizeof(*vnet)};
	for (struct rte_mbuf *m = head; m && msg.msg_iovlen < RTE_DIM(iov); m = m->next)
		iov[msg.msg_iovlen++] = (struct iovec){rte_pktmbuf_mtod(m, void *), m->data_len};
	len = recvmsg(q->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
	/* An error of the socket (the interface went down) is told once, before what is queued. */
	if (len < 0 && errno != EAGAIN)
		len = recvmsg(q->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
	if (len < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (len != (ssize_t)(head->pkt_len + sizeof(*vnet)))
		return -EMSGSIZE;
	meta->tp_status = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		aux = (const void *)CMSG_DATA(c);
		meta->tp_status = aux->tp_status;
		meta->tp_vlan_tci = aux->tp_vlan_tci;
		meta->tp_vlan_tpid = aux->tp_vlan_tpid;
	}
	return 0;
}

/* The tag the kernel took out of the frame goes to vlan_tci, or back into the frame. */
static int put_tag(struct afp_rxq *q, struct rte_mbuf *m, const struct tpacket2_hdr *h)
{
	uint8_t *data;
	struct rte_vlan_hdr *tag;

	if (q->want.vlan_strip) {
		m->vlan_tci = h->tp_vlan_tci;
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		return 0;
	}
	data = (uint8_t *)rte_pktmbuf_prepend(m, sizeof(*tag));
	if (data == NULL)
		return -ENOBUFS;
	memmove(data, data + sizeof(*tag), 2 * RTE_ETHER_ADDR_LEN);
	tag = (struct rte_vlan_hdr *)(data + 2 * RTE_ETHER_ADDR_LEN);
	/* The type that follows is in place; the two bytes before the tag's end are its own. */
	*(uint16_t *)(data + 2 * RTE_ETHER_ADDR_LEN) = rte_cpu_to_be_16(
		h->tp_status & TP_STATUS_VLAN_TPID_VALID ? h->tp_vlan_tpid : RTE_ETHER_TYPE_VLAN);
	*(uint16_t *)(data + 2 * RTE_ETHER_ADDR_LEN + 2) = rte_cpu_to_be_16(h->tp_vlan_tci);
	return 0;
}

static int finish(struct afp_rxq *q, struct rte_mbuf *m, const struct tpacket2_hdr *h,
	const struct virtio_net_hdr *vnet)
{
	struct virtio_net_hdr moved;
	int err;

	m->port = q->port;
	if (unlikely(h->tp_status & TP_STATUS_VLAN_VALID)) {
		err = put_tag(q, m, h);
		if (err < 0)
			return err;
		if (!q->want.vlan_strip && (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
			moved = *vnet;
			moved.csum_start += RTE_VLAN_HLEN;
			vnet = &moved;
		}
	}
	if (vnet->flags == 0 && vnet->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return 0;
	return afp_rx_offload(vnet, m, q->want);
}

/* 1: *out is a frame; 0: the slot was consumed without one; negative: the slot stays. */
static int receive_one(
	struct afp_rxq *q, const struct tpacket2_hdr *h, uint32_t status, struct rte_mbuf **out)
{
	struct virtio_net_hdr vnet;
	struct tpacket2_hdr meta;
	struct rte_mbuf *m;
	int err;

	if (likely(!(status & TP_STATUS_COPY))) {
		if (unlikely(h->tp_snaplen < h->tp_len)) {
			q->truncated++; /* larger than a slot, and the queue for those was full */
			return 0;
		}
		m = afp_rx_copy(q, (const uint8_t *)h + h->tp_mac, h->tp_snaplen);
		if (unlikely(m == NULL))
			return -ENOBUFS;
		memcpy(&vnet, (const uint8_t *)h + h->tp_mac - sizeof(vnet), sizeof(vnet));
		err = finish(q, m, h, &vnet);
	} else {
		m = take_chain(q, h->tp_len);
		if (m == NULL)
			return -ENOBUFS;
		err = from_queue(q, m, &vnet, &meta);
		if (err == 0)
			err = finish(q, m, &meta, &vnet);
		q->large++;
	}
	if (unlikely(err < 0)) {
		q->errors++;
		rte_pktmbuf_free(m);
		return 0;
	}
	*out = m;
	return 1;
}

struct tpacket2_hdr *afp_rx_slot(const struct afp_rxq *q)
{
	return slot_at(q, q->slot);
}

void afp_rx_free_slot(struct afp_rxq *q)
{
	__atomic_store_n(&slot_at(q, q->slot)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	q->slot = q->slot + 1 == q->nb_slots ? 0 : q->slot + 1;
}

int afp_rx_take_slot(struct afp_rxq *q, struct rte_mbuf **out)
{
	const struct tpacket2_hdr *h = slot_at(q, q->slot);
	int r;

	rte_prefetch0(slot_at(q, q->slot + 1 == q->nb_slots ? 0 : q->slot + 1));
	r = receive_one(q, h, h->tp_status, out);
	if (unlikely(r < 0))
		q->nombuf++;
	else
		afp_rx_free_slot(q);
	return r;
}

uint16_t afp_rx_burst(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct afp_rxq *q = queue;
	uint32_t i = q->slot;
	uint16_t got = 0;
	uint64_t bytes = 0;

	if (q->bpf)
		return afp_ring_burst(q, pkts, n);
	while (got < n) {
		struct tpacket2_hdr *h = slot_at(q, i);
		uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
		int r;

		if (!(status & TP_STATUS_USER))
			break;
		i = i + 1 == q->nb_slots ? 0 : i + 1;
		rte_prefetch0(slot_at(q, i));
		r = receive_one(q, h, status, &pkts[got]);
		if (unlikely(r < 0)) {
			/* No memory: the frame waits in the ring, and the ring counts what it
			 * loses. */
			q->nombuf++;
			break;
		}
		__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		q->slot = i;
		if (likely(r > 0))
			bytes += pkts[got++]->pkt_len;
	}
	q->packets += got;
	q->bytes += bytes;
	return got;
}
