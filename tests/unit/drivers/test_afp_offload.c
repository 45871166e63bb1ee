/* SPDX-License-Identifier: BSD-3-Clause */
/* drivers/af_packet/afp_offload.c: the virtio header in mbuf's words and back, on a static mbuf. */
#include <errno.h>
#include <string.h>

#include "af_packet/afp.h"
#include "unit.h"

#include <rte_ip.h>
#include <rte_mbuf_ptype.h>
#include <rte_tcp.h>

static uint8_t buf[4096];
static struct rte_mbuf m;
static struct virtio_net_hdr h;
static const struct afp_rx_want all = {.cksum = true, .lro = true, .vlan_strip = true};

/* An Ethernet, IPv4 and TCP frame of `payload` bytes; the checksum field holds the pseudo sum. */
static struct rte_tcp_hdr *tcp_frame(unsigned payload)
{
	struct rte_ether_hdr *e = (void *)(buf + 128);
	struct rte_ipv4_hdr *ip = (void *)(e + 1);
	struct rte_tcp_hdr *t = (void *)(ip + 1);

	memset(buf, 0, sizeof(buf));
	memset(&m, 0, sizeof(m));
	m.buf_addr = buf;
	m.buf_len = sizeof(buf);
	m.data_off = 128;
	m.nb_segs = 1;
	rte_mbuf_refcnt_set(&m, 1);
	m.data_len = m.pkt_len = 54 + payload;
	e->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(40 + payload);
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_TCP;
	ip->src_addr = 0x01020304;
	ip->dst_addr = 0x05060708;
	t->data_off = 5 << 4;
	for (unsigned i = 0; i < payload; i++)
		buf[128 + 54 + i] = i * 7;
	t->cksum = rte_ipv4_phdr_cksum(ip, 0);
	h = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16};
	return t;
}

static bool sum_is_right(void)
{
	struct rte_ipv4_hdr *ip = (void *)(buf + 128 + m.l2_len);

	if (m.l2_len == 0)
		ip = (void *)(buf + 128 + 14);
	return rte_ipv4_udptcp_cksum_verify(ip, ip + 1) == 0;
}

static void passes_a_partial_sum_on(void **state)
{
	tcp_frame(101);
	assert_int_equal(afp_rx_offload(&h, &m, all), 0);
	assert_int_equal(m.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
	assert_int_equal(m.l2_len, 14);
	assert_int_equal(m.l3_len, 20);
	assert_int_equal(m.packet_type & RTE_PTYPE_L4_MASK, RTE_PTYPE_L4_TCP);
	assert_false(sum_is_right());
}

static void fills_the_sum_in_for_who_does_not_know(void **state)
{
	for (unsigned payload = 0; payload < 64; payload++) {
		tcp_frame(payload);
		assert_int_equal(afp_rx_offload(&h, &m, (struct afp_rx_want){0}), 0);
		assert_int_equal(
			m.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
		assert_true(sum_is_right());
	}
}

/* A sum at a place that neither TCP nor UDP has it is filled in for everybody. */
static void fills_in_a_sum_elsewhere(void **state)
{
	tcp_frame(64);
	h.csum_start = 54;
	h.csum_offset = 0;
	memset(buf + 128 + 54, 0, 2);
	assert_int_equal(afp_rx_offload(&h, &m, all), 0);
	assert_int_equal(m.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	assert_int_equal(rte_raw_cksum(buf + 128 + 54, 64), 0xffff);
}

static void refuses_a_sum_beyond_the_frame(void **state)
{
	tcp_frame(4);
	h.csum_start = 57;
	h.csum_offset = 0;
	assert_int_equal(afp_rx_offload(&h, &m, all), -EINVAL);
	h.csum_start = 60000;
	assert_int_equal(afp_rx_offload(&h, &m, all), -EINVAL);
}

static void tells_of_large_frames(void **state)
{
	tcp_frame(3000);
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h.gso_size = 1448;
	assert_int_equal(afp_rx_offload(&h, &m, all), 0);
	assert_true(m.ol_flags & RTE_MBUF_F_RX_LRO);
	assert_int_equal(m.tso_segsz, 1448);
	assert_int_equal(m.l4_len, 20);
	/* One who does not know them must not get them. */
	assert_int_equal(afp_rx_offload(&h, &m, (struct afp_rx_want){.cksum = true}), -EOPNOTSUPP);
	h.gso_type = VIRTIO_NET_HDR_GSO_UDP; /* fragments: DPDK has no word for it */
	assert_int_equal(afp_rx_offload(&h, &m, all), -EOPNOTSUPP);
}

static void a_large_frame_comes_back_as_it_was(void **state)
{
	struct virtio_net_hdr back = {0};

	tcp_frame(3000);
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h.gso_size = 1448;
	h.hdr_len = 54;
	assert_int_equal(afp_rx_offload(&h, &m, all), 0);
	m.ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4;
	assert_int_equal(afp_tx_offload(&m, &back), 0);
	assert_memory_equal(&back, &h, sizeof(h));
	/* With nothing to cut it is an ordinary frame. */
	m.tso_segsz = 3000;
	memset(&back, 0, sizeof(back));
	assert_int_equal(afp_tx_offload(&m, &back), 0);
	assert_int_equal(back.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(back.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
}

static void refuses_offloads_without_lengths(void **state)
{
	struct virtio_net_hdr back = {0};

	tcp_frame(100);
	m.ol_flags = RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
	assert_int_equal(afp_tx_offload(&m, &back), -EINVAL);
	m.l2_len = 14;
	m.l3_len = 20;
	m.ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4;
	assert_int_equal(afp_tx_offload(&m, &back), -EINVAL);
}

/* DPDK's users leave the field to rte_eth_tx_prepare(); what it writes is what Linux needs. */
static void prepares_the_pseudo_sum(void **state)
{
	struct rte_tcp_hdr *t = tcp_frame(100);
	uint16_t want = t->cksum;

	t->cksum = 0;
	m.l2_len = 14;
	m.l3_len = 20;
	m.l4_len = 20;
	m.tso_segsz = 50;
	m.ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4;
	assert_int_equal(afp_tx_finish_cksum(&m), 0);
	assert_int_equal(t->cksum, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_a_partial_sum_on),
		cmocka_unit_test(fills_the_sum_in_for_who_does_not_know),
		cmocka_unit_test(fills_in_a_sum_elsewhere),
		cmocka_unit_test(refuses_a_sum_beyond_the_frame),
		cmocka_unit_test(tells_of_large_frames),
		cmocka_unit_test(a_large_frame_comes_back_as_it_was),
		cmocka_unit_test(refuses_offloads_without_lengths),
		cmocka_unit_test(prepares_the_pseudo_sum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
