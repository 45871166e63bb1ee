/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the files of this driver share. Nobody else includes it. */

#include <stdbool.h>
#include <stdint.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>

#include <rte_ether.h>
#include <rte_interrupts.h>
#include <rte_log.h>
#include <rte_mbuf.h>

#include "af_packet.h"

struct rte_eth_dev;
struct rte_eth_stats;

#define AFP_MAX_FRAME (65535 + RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)
#define AFP_VNET_LEN ((unsigned)sizeof(struct virtio_net_hdr))
#define AFP_SLOTS_PER_BLOCK 64
#define AFP_SLOT_OVERHEAD 128 /* ring header, address, virtio header, alignment */
#define AFP_SPARE 64    /* mbufs taken from the pool at once */
#define AFP_TX_BATCH 64 /* frames per sendmmsg */
#define AFP_TX_IOV 512
#define AFP_MAX_SEGS 128 /* of one transmitted frame */
#define AFP_MAX_MC 64
#define AFP_XDP_FRAME 2048u /* longest frame of the AF_XDP way out */

extern int afp_logtype;
#define AFP_LOG(level, fmt, ...)                                                                   \
	rte_log(RTE_LOG_##level, afp_logtype, AFP_DRIVER ": " fmt "\n", ##__VA_ARGS__)

/* What of the virtio header an application wants to see; the rest the driver does for it. */
struct afp_rx_want {
	bool cksum;
	bool lro;
	bool vlan_strip;
};

struct afp_bpf;

struct afp_rxq {
	uint8_t *ring;
	uint32_t slot, nb_slots, slot_size;
	int fd;
	struct afp_rx_want want;
	struct afp_bpf *bpf; /* NULL: all by the socket */
	uint16_t port;
	uint16_t nb_spare;
	uint16_t room; /* bytes in the first mbuf */
	struct rte_mempool *pool;
	uint64_t packets, bytes, errors, nombuf, truncated, large, by_ring;
	struct rte_mbuf *spare[AFP_SPARE];
	size_t ring_len;
	uint64_t missed; /* control thread: what PACKET_STATISTICS has said so far */
};

struct afp_xdp;

struct afp_txq {
	int fd;
	struct afp_xdp *xdp; /* NULL: all by fd */
	bool down; /* the last send met an interface that is down or gone */
	uint64_t packets, bytes, errors, large, kicks, by_xdp;
	unsigned nb_iov;
	struct mmsghdr msg[AFP_TX_BATCH];
	struct virtio_net_hdr vnet[AFP_TX_BATCH];
	struct rte_vlan_hdr tag[AFP_TX_BATCH];
	struct iovec iov[AFP_TX_IOV];
};

struct afp_dev {
	char ifname[IFNAMSIZ];
	int ifindex;
	int ctl_fd; /* memberships and interface requests; never bound, so it receives nothing */
	bool qdisc_bypass;
	bool bpf_rx; /* plain frames come by a filter's ring where the kernel lets it */
	bool xdp_tx; /* plain frames leave by AF_XDP where the kernel lets them */
	bool promisc, allmulti;
	bool usable_uso; /* the kernel knows UDP segmentation in a virtio header */
	uint32_t slot_size;
	uint32_t nb_mc;
	struct rte_ether_addr mac;
	struct rte_ether_addr mc[AFP_MAX_MC];
	struct rte_intr_handle *link_intr; /* netlink socket that tells of link changes */
	struct afp_rxq *rxq[AFP_MAX_QUEUES];
	struct afp_txq *txq[AFP_MAX_QUEUES];
	uint16_t grouped; /* queues that form the fanout group, 0: none */
	uint16_t port;
};

/* afp_socket.c: sockets and rings. All return 0 or a negative errno and say why in the log. */
int afp_socket_open(void);
int afp_rxq_open(struct afp_dev *d, struct afp_rxq *q, uint32_t nb_slots, uint32_t slot_size);
void afp_rxq_close(struct afp_rxq *q);
int afp_rxq_bind(struct afp_rxq *q, int ifindex);
int afp_rxq_flow(struct afp_rxq *q, bool on);
void afp_rxq_discard(struct afp_rxq *q);
int afp_txq_open(struct afp_dev *d, struct afp_txq *q, uint16_t id);
void afp_txq_close(struct afp_txq *q);
void afp_send_buffer(int fd);
int afp_clear_error(int fd);

/* afp_fanout.c: the sockets of one port share the traffic by flow. */
int afp_fanout_join(int fd, uint16_t *group);

/* afp_rx.c, afp_tx.c */
uint16_t afp_rx_burst(void *queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t afp_tx_burst(void *queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t afp_tx_prepare(void *queue, struct rte_mbuf **pkts, uint16_t n);

/*
 * afp_rx.c, for afp_ring.c. The slot is one that the kernel has filled: 1: *out is its frame; 0: it
 * had none; negative: no mbuf, and the slot stays. afp_rx_copy(): NULL: no mbuf.
 */
struct tpacket2_hdr *afp_rx_slot(const struct afp_rxq *q);
int afp_rx_take_slot(struct afp_rxq *q, struct rte_mbuf **out);
void afp_rx_free_slot(struct afp_rxq *q);
struct rte_mbuf *afp_rx_copy(struct afp_rxq *q, const uint8_t *data, uint32_t len);

/* afp_filter.c: NULL: not to be had here. slot_room: the longest frame that a slot surely holds. */
struct afp_bpf *afp_bpf_open(uint32_t slot_room);
void afp_bpf_close(struct afp_bpf *b);
int afp_bpf_attach(const struct afp_bpf *b, int fd);

/* afp_ring.c: the receive burst where there is a filter. */
uint16_t afp_ring_burst(struct afp_rxq *q, struct rte_mbuf **pkts, uint16_t n);
int afp_ring_rest(struct afp_rxq *q);
void afp_ring_discard(struct afp_rxq *q);

/* afp_xdp.c: an AF_XDP socket that only sends. */
struct afp_xdp *afp_xdp_open(int ifindex, uint16_t queue);
void afp_xdp_close(struct afp_xdp *x);
unsigned afp_xdp_send(struct afp_xdp *x, struct rte_mbuf **pkts, unsigned n, unsigned *lost);

/* afp_offload.c: virtio header <-> mbuf. */
int afp_rx_offload(const struct virtio_net_hdr *h, struct rte_mbuf *m, struct afp_rx_want want);
int afp_tx_offload(const struct rte_mbuf *m, struct virtio_net_hdr *h);
int afp_tx_finish_cksum(struct rte_mbuf *m);

/* afp_link.c: the interface itself, by ioctl and netlink. */
int afp_if_lookup(struct afp_dev *d);
int afp_if_flags(struct afp_dev *d, short set, short clear);
int afp_if_running(struct afp_dev *d, bool *up, uint32_t *mbps);
int afp_if_mtu(struct afp_dev *d, uint16_t *mtu);
int afp_if_set_mtu(struct afp_dev *d, uint16_t mtu);
int afp_if_set_mac(struct afp_dev *d, const struct rte_ether_addr *mac);
int afp_if_member(struct afp_dev *d, bool add, int type, const struct rte_ether_addr *mac);
int afp_watch_open(struct afp_dev *d);
void afp_watch_close(struct afp_dev *d);
int afp_link_read(struct rte_eth_dev *dev);
