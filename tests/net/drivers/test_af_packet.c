/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drivers/af_packet and its port type against the kernel's end of a veth pair: every frame byte for
 * byte both ways, in every shape; sleeping, links, removal, counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_thash.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "af_packet/af_packet.h"
#include "hosts.h"
#include "ports.h"
#include "unit.h"

#define STATE "/run/skiff"
#define NB_MBUF 4096
#define PATIENCE 30 /* seconds; only a fault waits so long */

static struct rte_mempool *pool, *clones;
static struct port port;
static struct port_why why;
static uint16_t id;
static int peer;
static unsigned nb_queues = 1;
static uint16_t nb_slots = 1024;
static uint64_t rx_offloads;
static bool short_ways = true; /* beside the packet socket: AF_XDP out, the filter's ring in */
static volatile unsigned lsc, rmv;

static int on_event(uint16_t port_id, enum rte_eth_event_type type, void *arg, void *ret)
{
	if (type == RTE_ETH_EVENT_INTR_LSC)
		lsc++;
	else
		rmv++;
	return 0;
}

static void start_port(void)
{
	struct rte_eth_conf conf = {.rxmode = {.offloads = rx_offloads},
		.txmode = {.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_TCP_TSO |
				       RTE_ETH_TX_OFFLOAD_TCP_CKSUM},
		.intr_conf = {.lsc = 1, .rxq = 1, .rmv = 1}};

	assert_int_equal(rte_eth_dev_configure(id, nb_queues, nb_queues, &conf), 0);
	for (unsigned i = 0; i < nb_queues; i++) {
		assert_int_equal(rte_eth_rx_queue_setup(id, i, nb_slots, 0, NULL, pool), 0);
		assert_int_equal(rte_eth_tx_queue_setup(id, i, 0, 0, NULL), 0);
	}
	assert_int_equal(rte_eth_dev_start(id), 0);
	assert_int_equal(rte_eth_promiscuous_enable(id), 0);
}

static void open_port(void)
{
	char *words[] = {"wan", "af_packet", "iface", "sk0", "xdp", short_ways ? "yes" : "no",
		"bpf", short_ways ? "yes" : "no"};
	struct port_spec spec;

	assert_int_equal(port_parse(RTE_DIM(words), words, &spec, &why), 0);
	if (port_check(&spec, &why) || port_open(&spec, STATE, &port, &why))
		fail_msg("%s", why.text);
	id = port.port_id;
	rte_eth_dev_callback_register(id, RTE_ETH_EVENT_INTR_LSC, on_event, NULL);
	rte_eth_dev_callback_register(id, RTE_ETH_EVENT_INTR_RMV, on_event, NULL);
	start_port();
}

static int setup(void **state)
{
	peer = peer_socket("pe0", false);
	open_port();
	return 0;
}

static int setup_packet(void **state)
{
	short_ways = false;
	return setup(state);
}

/* Whatever the test did, every mbuf must be home when the port is closed. */
static int teardown(void **state)
{
	rte_eth_dev_stop(id);
	port_close(&port);
	close(peer);
	nb_queues = 1;
	nb_slots = 1024;
	rx_offloads = 0;
	short_ways = true;
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	assert_int_equal(rte_mempool_in_use_count(clones), 0);
	return 0;
}

static void fill(uint8_t *frame, unsigned len, unsigned seed)
{
	for (unsigned i = 0; i < len; i++)
		frame[i] = (seed * 2654435761u + i * 40503u) >> 8;
	memset(frame, 0x02, 12);
	frame[12] = 0x88; /* an experimental type: nobody answers, nothing parses it */
	frame[13] = 0xb5;
}

static struct rte_mbuf *receive(uint16_t queue)
{
	struct rte_mbuf *m = NULL;

	wait_until(PATIENCE, rte_eth_rx_burst(id, queue, &m, 1) == 1);
	assert_non_null(m);
	return m;
}

static void assert_frame(struct rte_mbuf *m, const uint8_t *want, unsigned len)
{
	static uint8_t flat[70000];

	assert_int_equal(m->pkt_len, len);
	assert_memory_equal(rte_pktmbuf_read(m, 0, len, flat), want, len);
	rte_mbuf_sanity_check(m, 1);
	rte_pktmbuf_free(m);
}

/* Sends one mbuf and compares what the peer gets. */
static void send_and_compare(struct rte_mbuf *m, const uint8_t *want, unsigned len)
{
	static uint8_t got[70000];
	struct pollfd p = {.fd = peer, .events = POLLIN};

	assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1);
	assert_int_equal(poll(&p, 1, PATIENCE * 1000), 1);
	assert_int_equal(recv(peer, got, sizeof(got), 0), len);
	assert_memory_equal(got, want, len);
}

static struct rte_mbuf *make(const uint8_t *frame, unsigned len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	memcpy(rte_pktmbuf_append(m, len), frame, len);
	return m;
}

/* Cut at the given places into a chain. */
static struct rte_mbuf *make_chain(const uint8_t *frame, unsigned len, unsigned piece)
{
	struct rte_mbuf *head = make(frame, RTE_MIN(len, piece));

	for (unsigned at = piece; at < len; at += piece)
		rte_pktmbuf_chain(head, make(frame + at, RTE_MIN(len - at, piece)));
	return head;
}

static void every_length_arrives(void **state)
{
	uint8_t frame[1514];

	for (unsigned len = 60; len <= 1514; len++) {
		fill(frame, len, len);
		assert_int_equal(send(peer, frame, len, 0), len);
		assert_frame(receive(0), frame, len);
	}
}

static void every_length_leaves(void **state)
{
	uint8_t frame[1514];

	for (unsigned len = 60; len <= 1514; len++) {
		fill(frame, len, len);
		send_and_compare(make(frame, len), frame, len);
	}
}

static void no_free(void *addr, void *opaque)
{
	(*(unsigned *)opaque)++;
}

static void every_shape_leaves(void **state)
{
	static uint8_t outside[2048];
	static struct rte_mbuf_ext_shared_info shared;
	struct rte_mbuf *m, *c, *x;
	uint8_t frame[1514];
	unsigned freed = 0;

	fill(frame, sizeof(frame), 1);
	for (unsigned piece = 14; piece < 1514; piece += 97)
		send_and_compare(make_chain(frame, 1514, piece), frame, 1514);

	/* A clone, while the original stays ours; of one segment and of several. */
	for (unsigned piece = 1514; piece > 300; piece /= 2) {
		m = make_chain(frame, 1514, piece);
		c = rte_pktmbuf_clone(m, clones);
		send_and_compare(c, frame, 1514);
		send_and_compare(m, frame, 1514);
	}
	/* A header of its own before shared data, and the same mbuf sent while another holds it. */
	m = make(frame + 14, 1500);
	c = make(frame, 14);
	rte_pktmbuf_chain(c, rte_pktmbuf_clone(m, clones));
	send_and_compare(c, frame, 1514);
	rte_pktmbuf_free(m);
	m = make(frame, 1514);
	rte_mbuf_refcnt_update(m, 1);
	send_and_compare(m, frame, 1514);
	send_and_compare(m, frame, 1514);

	/* Memory that is not DPDK's. */
	memcpy(outside, frame, 1514);
	shared.free_cb = no_free;
	shared.fcb_opaque = &freed;
	rte_mbuf_ext_refcnt_set(&shared, 1);
	x = rte_pktmbuf_alloc(clones);
	rte_pktmbuf_attach_extbuf(x, outside, RTE_BAD_IOVA, sizeof(outside), &shared);
	x->data_len = x->pkt_len = 1514;
	send_and_compare(x, frame, 1514);
	assert_int_equal(freed, 1);
}

static void bursts_keep_order(void **state)
{
	struct rte_mbuf *m[128];
	uint8_t frame[60], got[64];

	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 128; i++) {
			fill(frame, 60, round * 128 + i);
			m[i] = make(frame, 60);
		}
		assert_int_equal(rte_eth_tx_burst(id, 0, m, 128), 128);
		for (unsigned i = 0; i < 128; i++) {
			fill(frame, 60, round * 128 + i);
			assert_int_equal(recv(peer, got, sizeof(got), 0), 60);
			assert_memory_equal(got, frame, 60);
		}
	}
}

/* What is never taken is freed and counted; what comes after it is sent. */
static void bad_frames_cost_only_themselves(void **state)
{
	struct rte_eth_stats s;
	struct rte_mbuf *m[3];
	uint8_t frame[4000], got[64];

	fill(frame, sizeof(frame), 3);
	rte_eth_stats_reset(id);
	m[0] = make(frame, 60);
	m[1] = make_chain(frame, 4000, 1000); /* beyond the MTU */
	m[2] = make(frame, 60);
	assert_int_equal(rte_eth_tx_burst(id, 0, m, 3), 3);
	assert_int_equal(recv(peer, got, sizeof(got), 0), 60);
	assert_int_equal(recv(peer, got, sizeof(got), 0), 60);
	rte_eth_stats_get(id, &s);
	assert_int_equal(s.opackets, 2);
	assert_int_equal(s.oerrors, 1);
	m[0] = make_chain(frame, 1514, 10); /* more segments than it takes */
	assert_int_equal(rte_eth_tx_burst(id, 0, m, 1), 1);
	rte_eth_stats_get(id, &s);
	assert_int_equal(s.oerrors, 2);
}

/* Sent until the socket has no room: what is not accepted is still the caller's. */
static void a_full_socket_gives_back(void **state)
{
	struct rte_mbuf *m[64];
	uint8_t frame[1514];
	struct rte_eth_stats s;
	unsigned sent = 0, round;

	/* A qdisc that holds frames for long, and our frames through it. */
	if (!sh_ok("tc qdisc replace dev sk0 root tbf rate 100kbit burst 2000 limit 100000000"))
		skip();
	rte_eth_dev_stop(id);
	port_close(&port);
	char *words[] = {"wan", "af_packet", "iface", "sk0", "qdisc", "yes"};
	struct port_spec spec;
	assert_int_equal(port_parse(6, words, &spec, &why), 0);
	assert_int_equal(port_open(&spec, STATE, &port, &why), 0);
	id = port.port_id;
	start_port();
	fill(frame, sizeof(frame), 4);
	for (round = 0; round < 1000; round++) {
		uint16_t n;
		for (unsigned i = 0; i < 64; i++)
			m[i] = make(frame, 1514);
		n = rte_eth_tx_burst(id, 0, m, 64);
		sent += n;
		rte_pktmbuf_free_bulk(m + n, 64 - n);
		if (n < 64)
			break;
	}
	assert_true(round < 1000);
	rte_eth_stats_get(id, &s);
	assert_int_equal(s.opackets, sent);
	assert_int_equal(s.oerrors, 0);
	sh("tc qdisc del dev sk0 root");
}

static void counts_what_it_missed(void **state)
{
	struct rte_eth_stats s;
	struct rte_mbuf *m[64];
	uint8_t frame[60];
	unsigned got = 0, n;

	nb_slots = 64;
	rte_eth_dev_stop(id);
	start_port();
	rte_eth_stats_reset(id);
	fill(frame, 60, 5);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(send(peer, frame, 60, 0), 60);
	while ((n = rte_eth_rx_burst(id, 0, m, 64)) > 0) {
		rte_pktmbuf_free_bulk(m, n);
		got += n;
	}
	rte_eth_stats_get(id, &s);
	assert_int_equal(got, 64);
	assert_int_equal(s.ipackets, 64);
	assert_int_equal(s.imissed, 1000 - 64);
}

/* With an empty pool nothing is lost that the ring still holds. */
static void waits_for_mbufs(void **state)
{
	static struct rte_mbuf *all[NB_MBUF];
	struct rte_eth_stats s;
	struct rte_mbuf *m;
	uint8_t frame[60];
	unsigned n = 0;

	while (n < NB_MBUF && (all[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	fill(frame, 60, 6);
	/* The driver may have some in hand. */
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(send(peer, frame, 60, 0), 60);
	while (rte_eth_rx_burst(id, 0, &m, 1) == 1)
		all[n++] = m;
	rte_eth_stats_get(id, &s);
	assert_true(s.rx_nombuf > 0);
	assert_int_equal(s.imissed, 0);
	rte_pktmbuf_free_bulk(all, n);
	for (uint64_t i = s.ipackets; i < 200; i++)
		assert_frame(receive(0), frame, 60);
}

static bool ready(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static void wakes_who_sleeps(void **state)
{
	int fd = port_wait_fd(&port, 0);
	uint8_t frame[60];

	assert_true(fd >= 0);
	fill(frame, 60, 7);
	for (unsigned i = 0; i < 50; i++) {
		assert_false(ready(fd, 0));
		assert_int_equal(send(peer, frame, 60, 0), 60);
		assert_true(ready(fd, PATIENCE * 1000));
		assert_frame(receive(0), frame, 60);
	}
	assert_int_equal(port_wait_fd(&port, 1), -ENOTSUP);
	/* DPDK's own way to the same descriptor. */
	assert_int_equal(rte_eth_dev_rx_intr_ctl_q_get_fd(id, 0), fd);
}

static void tells_of_the_link(void **state)
{
	struct rte_eth_link link;
	struct rte_mbuf *m;
	uint8_t frame[60];
	int fd = port_wait_fd(&port, 0);

	rte_eth_link_get_nowait(id, &link);
	assert_int_equal(link.link_status, RTE_ETH_LINK_UP);
	lsc = 0;
	sh("ip -n peer link set pe0 down");
	/* An event may be late news of how the port came up. */
	assert_true(wait_until(PATIENCE, (rte_eth_link_get_nowait(id, &link), !link.link_status)));
	assert_true(wait_until(PATIENCE, lsc > 0));
	sh("ip link set sk0 down");
	fill(frame, 60, 8);
	m = make(frame, 60);
	assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1); /* lost and counted, not kept */
	/* The error wakes a sleeper once, not for ever. */
	rte_eth_dev_rx_intr_enable(id, 0);
	assert_false(ready(fd, 0));
	sh("ip link set sk0 up; ip -n peer link set pe0 up");
	assert_true(wait_until(PATIENCE, (rte_eth_link_get_nowait(id, &link), link.link_status)));
	recv(peer, frame, sizeof(frame), MSG_DONTWAIT); /* takes the peer's own error */
	fill(frame, 60, 9);
	assert_int_equal(send(peer, frame, 60, 0), 60);
	assert_frame(receive(0), frame, 60);
	send_and_compare(make(frame, 60), frame, 60);
}

/*
 * The kernel's operational state may be late, or say something else: here DORMANT, which is IFF_UP
 * without IFF_RUNNING for as long as the test likes. The carrier is what counts.
 */
static void carrier_counts_not_the_operational_state(void **state)
{
	struct rte_eth_link link;

	sh("ip link set sk0 down; ip link set sk0 mode dormant; ip link set sk0 up");
	assert_true(wait_until(PATIENCE, system("ip link show sk0 | grep -q 'state DORMANT'") == 0));
	assert_true(wait_until(PATIENCE, (rte_eth_link_get_nowait(id, &link), link.link_status)));
	sh("ip -n peer link set pe0 down");
	assert_true(wait_until(PATIENCE, (rte_eth_link_get_nowait(id, &link), !link.link_status)));
	sh("ip -n peer link set pe0 up; ip link set sk0 mode default");
	assert_true(wait_until(PATIENCE, (rte_eth_link_get_nowait(id, &link), link.link_status)));
}

static uint64_t xstat(const char *name)
{
	uint64_t value = 0, which;

	assert_int_equal(rte_eth_xstats_get_id_by_name(id, name, &which), 0);
	assert_int_equal(rte_eth_xstats_get_by_id(id, &which, &value, 1), 1);
	return value;
}

/* A frame whose checksum the kernel is to fill in: the packet socket's. */
static struct rte_mbuf *make_offloaded(uint8_t *frame, unsigned len)
{
	struct rte_mbuf *m;

	frame[12] = 0x08;
	frame[13] = 0x00;
	memset(frame + 14, 0, 40);
	frame[14] = 0x45;
	frame[17] = len - 14;
	frame[22] = 64;
	frame[23] = IPPROTO_TCP;
	frame[46] = 0x50;
	m = make(frame, len);
	m->l2_len = 14;
	m->l3_len = 20;
	m->l4_len = 20;
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM;
	return m;
}

/* Two sockets share the sending: what leaves by one does not overtake what leaves by the other. */
static void two_ways_out_keep_order(void **state)
{
	struct rte_mbuf *m[64];
	uint8_t frame[80], got[80];
	struct rte_eth_stats s;

	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 64; i++) {
			fill(frame, sizeof(frame), i);
			m[i] = rand_r(&(unsigned){round * 64 + i}) % 3 ? make(frame, sizeof(frame))
				: make_offloaded(frame, sizeof(frame));
			*rte_pktmbuf_mtod_offset(m[i], uint32_t *, 60) = round * 64 + i;
		}
		assert_int_equal(rte_eth_tx_prepare(id, 0, m, 64), 64);
		assert_int_equal(rte_eth_tx_burst(id, 0, m, 64), 64);
		for (uint32_t i = 0; i < 64; i++) {
			assert_int_equal(recv(peer, got, sizeof(got), 0), sizeof(got));
			i += round * 64;
			assert_memory_equal(got + 60, &i, 4);
			i -= round * 64;
		}
	}
	rte_eth_stats_get(id, &s);
	assert_int_equal(s.opackets, 20 * 64);
	assert_int_equal(s.obytes, 20 * 64 * sizeof(frame));
	/* Where the kernel has no AF_XDP all goes by the packet socket; else not all, and not none. */
	if (xstat("tx_through_xdp"))
		assert_in_range(xstat("tx_through_xdp"), 1, 20 * 64 - 100);
}

/* What an interface without carrier does not take is given back or counted, and never comes late. */
static void without_carrier_nothing_is_kept(void **state)
{
	struct rte_mbuf *m[64];
	struct rte_eth_link link;
	struct rte_eth_stats s;
	uint8_t frame[60], got[60];
	uint64_t settled = 0;
	unsigned n;

	sh("ip -n peer link set pe0 down");
	assert_true(wait_until(PATIENCE, (rte_eth_link_get_nowait(id, &link), !link.link_status)));
	rte_eth_stats_reset(id);
	fill(frame, sizeof(frame), 11);
	for (unsigned round = 0; round < 500; round++) {
		for (unsigned i = 0; i < 64; i++)
			m[i] = make(frame, sizeof(frame));
		n = rte_eth_tx_burst(id, 0, m, 64);
		rte_pktmbuf_free_bulk(m + n, 64 - n);
		settled += n;
	}
	rte_eth_stats_get(id, &s);
	assert_int_equal(s.opackets, 0);
	assert_int_equal(s.oerrors, settled);
	sh("ip -n peer link set pe0 up");
	assert_true(wait_until(PATIENCE, (rte_eth_link_get_nowait(id, &link), link.link_status)));
	recv(peer, got, sizeof(got), MSG_DONTWAIT); /* takes the peer's own error */
	for (uint32_t round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 64; i++) {
			m[i] = make(frame, sizeof(frame));
			*rte_pktmbuf_mtod_offset(m[i], uint32_t *, 56) = round * 64 + i;
		}
		assert_int_equal(rte_eth_tx_burst(id, 0, m, 64), 64);
		for (uint32_t i = round * 64; i < (round + 1) * 64; i++) {
			assert_int_equal(recv(peer, got, sizeof(got), 0), sizeof(got));
			assert_memory_equal(got + 56, &i, 4);
		}
	}
	/* It went the long way for a while; not for ever. */
	n = xstat("tx_through_xdp");
	assert_true(n == 0 || n > 1000);
}

static void survives_removal_under_traffic(void **state)
{
	struct rte_mbuf *m[32];
	uint8_t frame[60];
	double end;
	unsigned n;

	rmv = 0;
	fill(frame, 60, 10);
	sh("(sleep 0.2; ip link del sk0) &");
	end = clock_s() + 30;
	do {
		for (unsigned i = 0; i < 32; i++)
			m[i] = make(frame, 60);
		n = rte_eth_tx_burst(id, 0, m, 32);
		rte_pktmbuf_free_bulk(m + n, 32 - n);
		send(peer, frame, 60, MSG_DONTWAIT);
		n = rte_eth_rx_burst(id, 0, m, 32);
		rte_pktmbuf_free_bulk(m, n);
	} while (!rmv && clock_s() < end);
	assert_true(rmv > 0);
	for (unsigned i = 0; i < 32; i++)
		m[i] = make(frame, 60);
	assert_int_equal(rte_eth_tx_burst(id, 0, m, 32), 32);
	while ((n = rte_eth_rx_burst(id, 0, m, 32)) > 0)
		rte_pktmbuf_free_bulk(m, n);
	rte_eth_dev_rx_intr_enable(id, 0);
	assert_false(ready(port_wait_fd(&port, 0), 0));

	/* One of the same name comes: after stop and start the port is its. */
	hosts_link();
	close(peer);
	peer = peer_socket("pe0", false);
	assert_int_equal(rte_eth_dev_stop(id), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	assert_int_equal(send(peer, frame, 60, 0), 60);
	assert_frame(receive(0), frame, 60);
	send_and_compare(make(frame, 60), frame, 60);
}

static void nothing_comes_before_the_start(void **state)
{
	struct rte_mbuf *m;
	uint8_t frame[60], large[4000] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x88, 0xb5};

	/* Neither what waited when the port was stopped, of both ways a frame can wait, ... */
	fill(frame, 60, 11);
	sh("ip -n peer link set pe0 mtu 4000; ip link set sk0 mtu 4000");
	assert_int_equal(send(peer, frame, 60, 0), 60);
	assert_int_equal(send(peer, large, sizeof(large), 0), sizeof(large));
	rte_eth_dev_stop(id);
	/* ... nor what came meanwhile. */
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(send(peer, frame, 60, 0), 60);
	assert_int_equal(rte_eth_dev_start(id), 0);
	assert_int_equal(rte_eth_rx_burst(id, 0, &m, 1), 0);
	fill(frame, 60, 12);
	assert_int_equal(send(peer, frame, 60, 0), 60);
	assert_frame(receive(0), frame, 60);
	/* The two ways are in step again. */
	large[100] = 1;
	assert_int_equal(send(peer, large, sizeof(large), 0), sizeof(large));
	assert_frame(receive(0), large, sizeof(large));
	sh("ip link set sk0 mtu 1500; ip -n peer link set pe0 mtu 1500");
}

static void keeps_vlan_tags(void **state)
{
	struct rte_mbuf *m;
	uint8_t frame[104], plain[100], control[128] __attribute__((aligned(8)));
	struct iovec iov = {frame, sizeof(frame)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	const struct tpacket_auxdata *aux;
	int one = 1;

	fill(plain, 100, 13);
	memcpy(frame, plain, 12);
	memcpy(frame + 12, (uint8_t[]){0x81, 0x00, 0x60, 0x7b}, 4);
	memcpy(frame + 16, plain + 12, 88);
	assert_int_equal(send(peer, frame, 104, 0), 104);
	assert_frame(receive(0), frame, 104);

	rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	rte_eth_dev_stop(id);
	start_port();
	assert_int_equal(send(peer, frame, 104, 0), 104);
	m = receive(0);
	assert_true(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED);
	assert_int_equal(m->vlan_tci, 0x607b);
	assert_frame(m, plain, 100);
	/* And the other way: the tag from vlan_tci. The peer's kernel takes it out again. */
	m = make(plain, 100);
	m->vlan_tci = 0x607b;
	m->ol_flags |= RTE_MBUF_F_TX_VLAN;
	assert_int_equal(setsockopt(peer, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)), 0);
	assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1);
	assert_int_equal(recvmsg(peer, &msg, 0), 100);
	assert_memory_equal(frame, plain, 100);
	aux = (const void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	assert_true(aux->tp_status & TP_STATUS_VLAN_VALID);
	assert_int_equal(aux->tp_vlan_tci, 0x607b);
	assert_int_equal(aux->tp_vlan_tpid, 0x8100);
}

#define GSO_LEN 60000
#define GSO_SEG 1448

/* A TCP frame of GSO_LEN bytes with its virtio header in front, as a kernel with TSO makes it. */
static unsigned gso_frame(uint8_t *out)
{
	struct virtio_net_hdr h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = 54,
		.gso_size = GSO_SEG,
		.csum_start = 34,
		.csum_offset = 16};
	uint8_t *frame = out + sizeof(h);
	struct rte_ipv4_hdr *ip = (void *)(frame + 14);
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);

	fill(frame, GSO_LEN, 14);
	memset(frame + 14, 0, 40);
	frame[12] = 0x08;
	frame[13] = 0x00;
	memcpy(out, &h, sizeof(h));
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(GSO_LEN - 14);
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_TCP;
	ip->src_addr = rte_cpu_to_be_32(0xc6120001);
	ip->dst_addr = rte_cpu_to_be_32(0xc6120002);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->data_off = 5 << 4;
	tcp->tcp_flags = RTE_TCP_ACK_FLAG;
	tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
	return sizeof(h) + GSO_LEN;
}

static void large_frames_come_and_go_whole(void **state)
{
	static uint8_t frame[70000], got[70000];
	struct virtio_net_hdr *h = (void *)got;
	unsigned len = gso_frame(frame);
	struct rte_mbuf *m;
	int vnet = peer_socket("pe0", true);

	rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_TCP_CKSUM |
		      RTE_ETH_RX_OFFLOAD_SCATTER;
	rte_eth_dev_stop(id);
	start_port();
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(send(vnet, frame, len, 0), len);
		m = receive(0);
		assert_true(m->ol_flags & RTE_MBUF_F_RX_LRO);
		assert_int_equal(
			m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
		assert_int_equal(m->tso_segsz, GSO_SEG);
		assert_int_equal(m->l2_len, 14);
		assert_int_equal(m->l3_len, 20);
		assert_int_equal(m->l4_len, 20);
		assert_int_equal(m->pkt_len, GSO_LEN);
		/* What came is sent back as it is, and arrives as it left. */
		m->ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
		assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1);
		assert_true(ready(vnet, PATIENCE * 1000));
		assert_int_equal(recv(vnet, got, sizeof(got), 0), len);
		assert_int_equal(h->gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
		assert_int_equal(h->gso_size, GSO_SEG);
		assert_memory_equal(got + sizeof(*h), frame + sizeof(*h), GSO_LEN);
	}
	close(vnet);
}

/* Small and large frames in turn keep their order, though they take two ways through the kernel. */
static void large_and_small_keep_order(void **state)
{
	static uint8_t frame[70000], small[12 + 60];
	unsigned len = gso_frame(frame);
	int vnet = peer_socket("pe0", true);

	rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_SCATTER;
	rte_eth_dev_stop(id);
	start_port();
	memset(small, 0, sizeof(struct virtio_net_hdr));
	for (unsigned i = 0; i < 40; i++) {
		fill(small + sizeof(struct virtio_net_hdr), 60, i);
		if (i % 3 == 0)
			assert_int_equal(send(vnet, frame, len, 0), len);
		else
			assert_int_equal(send(vnet, small, 10 + 60, 0), 70);
	}
	for (unsigned i = 0; i < 40; i++) {
		fill(small, 60, i);
		if (i % 3 == 0)
			assert_frame(receive(0), frame + 10, GSO_LEN);
		else
			assert_frame(receive(0), small, 60);
	}
	close(vnet);
}

/* Who did not ask for large frames does not get them, and finds them counted. */
static void large_frames_are_not_forced_on_anybody(void **state)
{
	static uint8_t frame[70000];
	unsigned len = gso_frame(frame);
	int vnet = peer_socket("pe0", true);
	struct rte_eth_stats s;
	struct rte_mbuf *m;

	rte_eth_stats_reset(id);
	assert_int_equal(send(vnet, frame, len, 0), len);
	assert_int_equal(rte_eth_rx_burst(id, 0, &m, 1), 0);
	rte_eth_stats_get(id, &s);
	assert_int_equal(s.ierrors, 1);
	close(vnet);
}

static void udp_frame(uint8_t *frame, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	fill(frame, 60, 15);
	memset(frame + 14, 0, 28);
	memcpy(frame + 12, (uint8_t[]){0x08, 0x00, 0x45, 0, 0, 46}, 6);
	frame[23] = IPPROTO_UDP;
	memcpy(frame + 26, &src, 4);
	memcpy(frame + 30, &dst, 4);
	memcpy(frame + 34, &sport, 2);
	memcpy(frame + 36, &dport, 2);
}

/* The queue a frame comes out of. */
static unsigned queue_of(const uint8_t *frame)
{
	struct rte_mbuf *m = NULL;
	unsigned q = 0;

	assert_int_equal(send(peer, frame, 60, 0), 60);
	assert_true(wait_until(PATIENCE, (q = (q + 1) % nb_queues, rte_eth_rx_burst(id, q, &m, 1) == 1)));
	rte_pktmbuf_free(m);
	return q;
}

/* As DPDK computes the hash of a NIC; words as they lie in memory, ports 0: left out. */
static unsigned queue_by_rss(uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	static uint8_t key[40];
	uint32_t tuple[3] = {rte_be_to_cpu_32(src), rte_be_to_cpu_32(dst),
		(uint32_t)rte_be_to_cpu_16(sport) << 16 | rte_be_to_cpu_16(dport)};

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = i % 2 ? 0x5a : 0x6d;
	return rte_softrss(tuple, 3, key) % 128 % nb_queues;
}

static void queues_share_by_flow(void **state)
{
	unsigned used[4] = {0};
	uint8_t there[60], back[60];

	nb_queues = 4;
	rte_eth_dev_stop(id);
	start_port();
	for (unsigned i = 0; i < 200; i++) {
		unsigned q;
		udp_frame(there, 0x01000000 + i * 77, 0x02000000 + i * 3, 1000 + i, 53);
		udp_frame(back, 0x02000000 + i * 3, 0x01000000 + i * 77, 53, 1000 + i);
		q = queue_of(there);
		assert_int_equal(q, queue_by_rss(0x01000000 + i * 77, 0x02000000 + i * 3, 1000 + i, 53));
		used[q]++;
		assert_int_equal(queue_of(there), q);
		assert_int_equal(queue_of(back), q);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(used[i], 25, 75);
	/* Fragments of one datagram meet: the first has ports, the others have data there. */
	for (unsigned i = 0; i < 20; i++) {
		unsigned q;
		udp_frame(there, 0x0a000001 + i * 12345, 0x0a000002, 1, 2);
		there[20] = 0x20;
		q = queue_of(there);
		assert_int_equal(q, queue_by_rss(0x0a000001 + i * 12345, 0x0a000002, 0, 0));
		udp_frame(there, 0x0a000001 + i * 12345, 0x0a000002, 777 * i, 888);
		there[21] = 0x10;
		assert_int_equal(queue_of(there), q);
	}
	/* Frames too short for any of it still arrive. */
	memset(there + 12, 0, 48);
	queue_of(there);
	udp_frame(there, 1, 2, 3, 4);
	there[14] = 0x4f;
	queue_of(there);
}

static void address_and_mtu(void **state)
{
	struct rte_ether_addr mac = {{0x02, 0, 0, 0, 0, 0x77}}, now;
	uint8_t frame[4000];
	uint16_t mtu;

	assert_int_equal(rte_eth_dev_default_mac_addr_set(id, &mac), 0);
	rte_eth_macaddr_get(id, &now);
	assert_memory_equal(&now, &mac, 6);
	assert_non_null(strstr(sh_text("ip link show sk0"), "02:00:00:00:00:77"));
	sh("ip -n peer link set pe0 mtu 9000");
	assert_int_equal(rte_eth_dev_set_mtu(id, 9000), 0);
	rte_eth_dev_get_mtu(id, &mtu);
	assert_int_equal(mtu, 9000);
	/* Larger than the slots, which were made for the old MTU. */
	fill(frame, sizeof(frame), 16);
	assert_int_equal(send(peer, frame, sizeof(frame), 0), sizeof(frame));
	assert_frame(receive(0), frame, sizeof(frame));
	send_and_compare(make_chain(frame, sizeof(frame), 2000), frame, sizeof(frame));
	assert_int_equal(rte_eth_dev_set_mtu(id, 1500), 0);
}

static void bad_devargs_are_refused(void **state)
{
	assert_true(rte_eal_hotplug_add("vdev", "net_skiff_afp9", "") < 0);
	assert_true(rte_eal_hotplug_add("vdev", "net_skiff_afp9", "iface=nosuch0") < 0);
	assert_true(rte_eal_hotplug_add("vdev", "net_skiff_afp9", "iface=lo") < 0);
	assert_true(rte_eal_hotplug_add("vdev", "net_skiff_afp9", "iface=sk0,colour=red") < 0);
	assert_true(rte_eal_hotplug_add("vdev", "net_skiff_afp9", "iface=sk0,slot=1") < 0);
	assert_int_equal(afp_wait_fd(31, 0), -ENODEV);
}

static void opening_and_closing_leaks_nothing(void **state)
{
	int before = open("/dev/null", 0), after;

	close(before);
	for (unsigned i = 0; i < 5; i++) {
		rte_eth_dev_stop(id);
		port_close(&port);
		open_port();
	}
	after = open("/dev/null", 0);
	close(after);
	assert_int_equal(after, before);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
/* The same with the packet socket alone. */
#define T_PACKET(name) {#name " by the packet socket", name, setup_packet, teardown, NULL}

int main(void)
{
	char *args[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m",
		"128", "-l", "0", "--log-level", "pmd.net.skiff_afp:critical"};
	const struct CMUnitTest tests[] = {
		T(every_length_arrives),
		T(every_length_leaves),
		T(every_shape_leaves),
		T(bursts_keep_order),
		T(bad_frames_cost_only_themselves),
		T(a_full_socket_gives_back),
		T(counts_what_it_missed),
		T(waits_for_mbufs),
		T(wakes_who_sleeps),
		T(tells_of_the_link), T(carrier_counts_not_the_operational_state),
		T(nothing_comes_before_the_start),
		T(keeps_vlan_tags),
		T(large_frames_come_and_go_whole),
		T(large_and_small_keep_order),
		T(large_frames_are_not_forced_on_anybody),
		T(queues_share_by_flow),
		T(address_and_mtu),
		T(bad_devargs_are_refused),
		T(opening_and_closing_leaks_nothing),
		T(two_ways_out_keep_order),
		T(without_carrier_nothing_is_kept),
		T(survives_removal_under_traffic),
		T_PACKET(every_length_arrives),
		T_PACKET(counts_what_it_missed),
		T_PACKET(waits_for_mbufs),
		T_PACKET(wakes_who_sleeps),
		T_PACKET(nothing_comes_before_the_start),
		T_PACKET(keeps_vlan_tags),
		T_PACKET(large_frames_come_and_go_whole),
		T_PACKET(large_and_small_keep_order),
		T_PACKET(queues_share_by_flow),
		T_PACKET(every_length_leaves),
		T_PACKET(every_shape_leaves),
		T_PACKET(bursts_keep_order),
		T_PACKET(bad_frames_cost_only_themselves),
		T_PACKET(two_ways_out_keep_order),
		T_PACKET(without_carrier_nothing_is_kept),
		T_PACKET(survives_removal_under_traffic),
	};

	mkdir(STATE, 0755);
	/* What the kernel sends before its interface is taken would be in the way. */
	sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	hosts_make();
	if (rte_eal_init(RTE_DIM(args), args) < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("pool", NB_MBUF, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	clones = rte_pktmbuf_pool_create("clones", 1024, 0, 0, 0, 0);
	if (pool == NULL || clones == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
