/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * net_skiff_afp: a poll-mode driver for a kernel interface through AF_PACKET.
 *
 * Devargs: iface=NAME (required), qdisc_bypass=0|1 (default 1), slot=BYTES (receive slot size, by
 * default what the MTU needs), xdp_tx=0|1 (default 1: frames up to 2 KB that ask for no offload
 * leave by an AF_XDP socket, where the kernel has one to give and the queue discipline is
 * bypassed), bpf_rx=0|1 (default 1: while plain frames up to 1,522 bytes come thick, a filter at
 * the packet socket writes them into a ring of its own, where the kernel takes its program). As
 * many queues as rte_eth_dev_configure() asks for, at most AFP_MAX_QUEUES; several receive queues
 * share the traffic by a symmetric flow hash.
 *
 * What a received mbuf says about offloads:
 *  - RTE_MBUF_F_RX_L4_CKSUM_GOOD: the kernel vouches for the L4 checksum.
 *  - RTE_MBUF_F_RX_L4_CKSUM_NONE: the sender left the checksum to be filled in. The field holds the
 *    pseudo-header sum (L4 length included), packet_type names TCP or UDP, l2_len + l3_len is where
 *    the sum starts. Only with RTE_ETH_RX_OFFLOAD_TCP_CKSUM or _UDP_CKSUM configured; without, the
 *    driver fills the checksum in.
 *  - RTE_MBUF_F_RX_LRO: one large frame, to be cut into tso_segsz payloads; l2_len, l3_len, l4_len
 *    are set. Only with RTE_ETH_RX_OFFLOAD_TCP_LRO configured; without, such frames are counted in
 *    ierrors and dropped, for an application that does not know them would lose them silently.
 *
 * On transmit the checksum field of an mbuf with RTE_MBUF_F_TX_*_CKSUM or _SEG goes to the kernel
 * as it is, and Linux wants the pseudo-header sum with the L4 length in it (that of the whole frame
 * for a large one). rte_eth_tx_prepare() writes exactly that. The IPv4 header checksum is the
 * sender's. The ten bytes before the data of an unshared mbuf are scratch to the driver, also where
 * the frame was not accepted.
 */

#include <stdint.h>

#define AFP_MAX_QUEUES 16
#define AFP_DRIVER "net_skiff_afp"

/*
 * The descriptor that becomes readable when frames wait in a receive queue of a started port;
 * level triggered, owned by the driver, valid until the queue is released. It does so after
 * rte_eth_dev_rx_intr_enable() and one more burst that found nothing; before, frames may wait of
 * which it does not tell. After it reported an error (EPOLLERR: the interface went down or away)
 * that call clears the condition, too. It fails with -EAGAIN where frames are left that found no
 * mbuf: do not sleep for long. Any thread. -ENODEV: not a port of this driver; -EINVAL: no such
 * queue.
 */
int afp_wait_fd(uint16_t port_id, uint16_t queue);
