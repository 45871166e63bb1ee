/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The filter's ring of drivers/af_packet beside its packet socket: every frame comes once, byte
 * for byte and in the order of its sender, whichever way it takes and whenever the ways change;
 * the ring when it is full, when another CPU receives, when its first frame is lost, when there
 * are no mbufs.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/virtio_net.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "af_packet/af_packet.h"
#include "af_packet/afp_bpf.h"
#include "hosts.h"
#include "ports.h"
#include "unit.h"

#define STATE "/run/skiff"
#define NB_MBUF 16383
#define PATIENCE 30 /* seconds; only a fault waits so long */
#define VNET sizeof(struct virtio_net_hdr)
#define LARGE 20000
#define ROOM (VNET + LARGE)
#define NB_FLOWS 2
#define BURST 64

enum kind { PLAIN, TAGGED, PARTIAL, SUPER };

static struct rte_mempool *pool;
static struct port port;
static struct port_why why;
static uint16_t id;
static int peer;
static uint16_t nb_slots = 2048;
static bool with_bpf = true;
/* By flow: the next number to send, and to receive. */
static uint32_t sent[NB_FLOWS];
static _Atomic uint32_t received[NB_FLOWS];

static void start_port(void)
{
	struct rte_eth_conf conf = {.rxmode = {.offloads = RTE_ETH_RX_OFFLOAD_TCP_CKSUM |
						       RTE_ETH_RX_OFFLOAD_TCP_LRO |
						       RTE_ETH_RX_OFFLOAD_SCATTER},
		.intr_conf = {.rxq = 1}};

	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(id, 0, nb_slots, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(id, 0, 0, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	assert_int_equal(rte_eth_promiscuous_enable(id), 0);
}

static int setup(void **state)
{
	char *words[] = {"wan", "af_packet", "iface", "sk0", "bpf", with_bpf ? "yes" : "no"};
	struct port_spec spec;

	(void)state;
	peer = peer_socket("pe0", true);
	assert_int_equal(port_parse(RTE_DIM(words), words, &spec, &why), 0);
	if (port_check(&spec, &why) || port_open(&spec, STATE, &port, &why))
		fail_msg("%s", why.text);
	id = port.port_id;
	memset(sent, 0, sizeof(sent));
	memset((void *)received, 0, sizeof(received));
	start_port();
	return 0;
}

static int setup_without(void **state)
{
	with_bpf = false;
	return setup(state);
}

static int setup_short(void **state)
{
	nb_slots = 64;
	return setup(state);
}

/* A kernel that says nothing of itself: afp_btf.c finds an empty file. */
static int setup_mute(void **state)
{
	sh("mount --bind /dev/null /sys/kernel/btf/vmlinux");
	return setup(state);
}

static int teardown(void **state)
{
	(void)state;
	rte_eth_dev_stop(id);
	port_close(&port);
	close(peer);
	with_bpf = true;
	nb_slots = 2048;
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return 0;
}

static int teardown_mute(void **state)
{
	sh("umount /sys/kernel/btf/vmlinux");
	return teardown(state);
}

static uint64_t count(const char *name)
{
	uint64_t which, value = 0;

	assert_int_equal(rte_eth_xstats_get_id_by_name(id, name, &which), 0);
	assert_int_equal(rte_eth_xstats_get_by_id(id, &which, &value, 1), 1);
	return value;
}

static uint64_t by_ring(void)
{
	return count("rx_through_bpf");
}

static uint64_t missed(void)
{
	struct rte_eth_stats s;

	assert_int_equal(rte_eth_stats_get(id, &s), 0);
	assert_int_equal(s.ierrors, 0);
	return s.imissed;
}

static void tcp_head(uint8_t *frame, unsigned len, uint32_t number, unsigned flow)
{
	struct rte_ipv4_hdr *ip = (void *)(frame + 14);
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);

	frame[12] = 0x08;
	frame[13] = 0x00;
	memset(ip, 0, sizeof(*ip) + sizeof(*tcp));
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(len - 14);
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_TCP;
	ip->src_addr = rte_cpu_to_be_32(0xc6120001);
	ip->dst_addr = rte_cpu_to_be_32(0xc6120002);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->src_port = rte_cpu_to_be_16(flow);
	tcp->sent_seq = rte_cpu_to_be_32(number);
	tcp->data_off = 5 << 4;
	tcp->tcp_flags = RTE_TCP_ACK_FLAG;
}

static unsigned length_of(enum kind kind, uint32_t number)
{
	uint32_t r = (number * 2654435761u) >> 8;

	if (kind == SUPER)
		return LARGE;
	return r % 3 == 0 ? 60 + r % 1455 : 60 + r % 8;
}

/* The frame of that number behind its virtio header; returns its length without the latter. */
static unsigned make(uint8_t *out, enum kind kind, uint32_t number, unsigned flow, unsigned len)
{
	struct virtio_net_hdr h = {0};
	uint8_t *frame = out + VNET;
	uint32_t mark[2] = {number, flow};

	for (unsigned i = 0; i < len; i++)
		frame[i] = (number * 2654435761u + i * 40503u) >> 8;
	memset(frame, 0x02, 12);
	frame[12] = 0x88; /* an experimental type: nobody answers, nothing parses it */
	frame[13] = 0xb5;
	if (kind == TAGGED) {
		memcpy(frame + 12, (uint8_t[]){0x81, 0x00, 0x60, 0x7b, 0x88, 0xb5}, 6);
		memcpy(frame + 18, mark, sizeof(mark));
	} else if (kind == PLAIN) {
		memcpy(frame + 14, mark, sizeof(mark));
	} else {
		tcp_head(frame, len, number, flow);
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = 34;
		h.csum_offset = 16;
	}
	if (kind == SUPER) {
		h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		h.hdr_len = 54;
		h.gso_size = 1448;
	}
	memcpy(out, &h, sizeof(h));
	return len;
}

static void send_of(enum kind kind, unsigned flow, unsigned len)
{
	uint8_t frame[ROOM];
	ssize_t n = VNET + make(frame, kind, sent[flow]++, flow, len);

	assert_int_equal(send(peer, frame, n, 0), n);
}

static void send_one(enum kind kind, unsigned flow)
{
	send_of(kind, flow, length_of(kind, sent[flow]));
}

static void send_plain(unsigned n)
{
	while (n-- > 0)
		send_of(PLAIN, 0, 60);
}

static void read_mark(const uint8_t *f, enum kind *kind, uint32_t *number, uint32_t *flow)
{
	unsigned type = f[12] << 8 | f[13];

	if (type == 0x0800) {
		const struct rte_tcp_hdr *tcp = (const void *)(f + 34);

		*kind = PARTIAL;
		*number = rte_be_to_cpu_32(tcp->sent_seq);
		*flow = rte_be_to_cpu_16(tcp->src_port);
		return;
	}
	*kind = type == 0x8100 ? TAGGED : PLAIN;
	memcpy(number, f + (type == 0x8100 ? 18 : 14), 4);
	memcpy(flow, f + (type == 0x8100 ? 22 : 18), 4);
}

/* It is what was sent under its number; whose turn it is, too, but where `gaps` are said to be. */
static void check(struct rte_mbuf *m, bool gaps)
{
	static uint8_t want[ROOM], flat[ROOM];
	const uint8_t *got = rte_pktmbuf_read(m, 0, m->pkt_len, flat);
	uint32_t number, flow;
	enum kind kind;

	assert_non_null(got);
	read_mark(got, &kind, &number, &flow);
	assert_true(flow < NB_FLOWS);
	if (gaps)
		assert_true(number >= received[flow] && number - received[flow] < 100000);
	else
		assert_int_equal(number, received[flow]);
	received[flow] = number + 1;
	if (kind == PARTIAL && (m->ol_flags & RTE_MBUF_F_RX_LRO))
		kind = SUPER;
	else if (kind == PARTIAL)
		assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK,
			RTE_MBUF_F_RX_L4_CKSUM_NONE);
	assert_int_equal(make(want, kind, number, flow, m->pkt_len), m->pkt_len);
	if (kind >= PARTIAL) /* the kernel's half of the checksum */
		memcpy(want + VNET + 50, got + 50, 2);
	assert_memory_equal(got, want + VNET, m->pkt_len);
	assert_int_equal(m->port, id);
	rte_mbuf_sanity_check(m, 1);
	rte_pktmbuf_free(m);
}

static unsigned burst(bool gaps)
{
	struct rte_mbuf *m[BURST];
	unsigned n = rte_eth_rx_burst(id, 0, m, BURST);

	for (unsigned i = 0; i < n; i++)
		check(m[i], gaps);
	return n;
}

static unsigned drain(bool gaps)
{
	unsigned total = 0, n;

	while ((n = burst(gaps)) > 0)
		total += n;
	return total;
}

static void all_arrived(void)
{
	for (unsigned i = 0; i < NB_FLOWS; i++)
		assert_int_equal(received[i], sent[i]);
	assert_int_equal(missed(), 0);
}

/* As a worker before it sleeps. */
static void rest(void)
{
	assert_int_equal(rte_eth_dev_rx_intr_enable(id, 0), 0);
}

static void want_ring(void)
{
	rest();
	send_plain(32);
	assert_true(drain(false) >= 32);
	send_plain(1); /* by the socket; opens it */
	assert_int_equal(drain(false), 1);
}

static bool can_ring(void)
{
	uint64_t before = by_ring();

	want_ring();
	send_plain(2);
	assert_int_equal(drain(false), 2);
	return by_ring() == before + 2;
}

/* Where a program may be loaded that calls the kernel's functions, there is no excuse. */
static bool kernel_can(void)
{
	return sh_ok("uname -r | awk -F. '{exit !($1 > 6 || ($1 == 6 && $2 >= 6))}' && "
		     "test \"$(cat /proc/sys/net/core/bpf_jit_enable)\" != 0 -a "
		     "-s /sys/kernel/btf/vmlinux -a ! -e /sys/kernel/realtime && "
		     "grep -q '^ *0 *0 *4294967295' /proc/self/uid_map");
}

/* False: there is none to test. */
static bool need_ring(void)
{
	bool can = can_ring();

	if (!can && kernel_can())
		fail_msg("the frames do not come by the ring");
	return can;
}

static void every_length(void **state)
{
	uint64_t before;

	(void)state;
	if (!need_ring())
		skip();
	before = by_ring();
	for (unsigned len = 60; len <= 1514; len++) {
		send_of(PLAIN, 0, len);
		assert_int_equal(drain(false), 1);
	}
	all_arrived();
	assert_int_equal(by_ring() - before, 1514 - 60 + 1);
	/* A burst at a time, as far as the ring goes and round it. */
	before = by_ring();
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 100; i++)
			send_one(PLAIN, 0);
		assert_int_equal(drain(false), 100);
	}
	all_arrived();
	assert_int_equal(by_ring() - before, 100 * 100);
}

/* Any kind after any other, with the reader's wishes changing between; nothing is lost for it. */
static void any_order(void **state)
{
	uint64_t before = by_ring();

	(void)state;
	srandom(7);
	for (unsigned round = 0; round < 4000; round++) {
		unsigned n = random() % 90, odd = random() % 4;

		for (unsigned i = 0; i < n; i++)
			send_one(odd == 0 && random() % 8 == 0 ? 1 + random() % 3 : PLAIN, 0);
		if (random() % 3 == 0)
			burst(false);
		else
			drain(false);
		if (random() % 16 == 0 && rte_eth_dev_rx_intr_enable(id, 0) < 0)
			assert_true(drain(false) > 0);
		if (sent[0] - received[0] > 1000)
			drain(false);
	}
	drain(false);
	all_arrived();
	if (with_bpf)
		assert_true(by_ring() - before > 20000);
	else
		assert_int_equal(by_ring(), 0);
}

/* A ring that nobody reads leaves the rest to the socket, whose losses are counted. */
static void full(void **state)
{
	(void)state;
	if (!need_ring())
		skip();
	for (unsigned round = 0; round < 3; round++) {
		uint32_t first = sent[0], last;
		uint64_t lost = missed(), ring = by_ring();
		unsigned got = 0;

		want_ring();
		got = sent[0] - first;
		send_plain(10000);
		got += drain(true);
		assert_int_equal(by_ring() - ring, RING_UNITS);
		assert_int_equal(got, RING_UNITS + nb_slots + 33);
		assert_int_equal(missed() - lost, 10000 - RING_UNITS - nb_slots);
		/* What is left is in one piece: the end is missing. */
		last = received[0];
		assert_int_equal(last, first + got);
		received[0] = sent[0];
	}
	assert_true(can_ring());
}

static void stop_and_start(void **state)
{
	(void)state;
	if (!need_ring())
		skip();
	for (unsigned round = 0; round < 20; round++) {
		want_ring();
		send_plain(round * 7);
		if (round % 2)
			send_one(PARTIAL, 0);
		send_plain(3);
		rte_eth_dev_stop(id);
		send_plain(5);
		start_port();
		assert_int_equal(drain(false), 0);
		received[0] = sent[0];
		assert_true(can_ring());
	}
}

/* With an empty pool nothing is lost that waits, and nobody sleeps on it. */
static void no_mbufs(void **state)
{
	static struct rte_mbuf *all[NB_MBUF], *kept[400], *m;
	unsigned n = 0, nb_kept = 0;

	(void)state;
	if (!need_ring())
		skip();
	while (n < NB_MBUF && (all[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	send_plain(200);
	while (rte_eth_rx_burst(id, 0, &m, 1) == 1) /* the driver has some in hand */
		kept[nb_kept++] = m;
	assert_true(nb_kept < 200);
	assert_int_equal(rte_eth_dev_rx_intr_enable(id, 0), -EAGAIN);
	send_plain(10);
	send_one(PARTIAL, 0);
	assert_int_equal(rte_eth_rx_burst(id, 0, &m, 1), 0);
	for (unsigned i = 0; i < nb_kept; i++)
		check(kept[i], false);
	rte_pktmbuf_free_bulk(all, n);
	drain(false);
	all_arrived();
	/* An epoch's first frame, which is mended anew. */
	want_ring();
	rest();
	send_plain(32);
	drain(false);
	n = 0;
	while (n < NB_MBUF && (all[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	nb_kept = 0;
	send_plain(100);
	while (rte_eth_rx_burst(id, 0, &m, 1) == 1)
		kept[nb_kept++] = m;
	for (unsigned i = 0; i < nb_kept; i++)
		check(kept[i], false);
	while (n < NB_MBUF && (all[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	drain(false);
	rte_pktmbuf_free_bulk(all, n);
	drain(false);
	all_arrived();
	rest();
}

static void run_on(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(pthread_setaffinity_np(pthread_self(), sizeof(set), &set), 0);
}

/* The CPUs that we may use; the same twice where there is only one. */
static unsigned cpu_of(unsigned flow)
{
	static cpu_set_t at_first;
	static bool known;
	unsigned cpu = 0, found = 0, last = 0;

	if (!known)
		sched_getaffinity(getpid(), sizeof(at_first), &at_first);
	known = true;
	for (; cpu < CPU_SETSIZE && found <= flow; cpu++)
		if (CPU_ISSET(cpu, &at_first)) {
			last = cpu;
			found++;
		}
	return last;
}

/* The ring goes where the frames are; those of the other CPU keep their order, too. */
static void another_cpu(void **state)
{
	uint64_t before;

	(void)state;
	if (cpu_of(0) == cpu_of(1))
		skip();
	run_on(cpu_of(0));
	if (!need_ring())
		skip();
	srandom(8);
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < 4; i++) {
			unsigned flow = random() % 2;

			run_on(cpu_of(flow));
			for (unsigned n = random() % 60; n > 0; n--)
				send_one(random() % 64 ? PLAIN : PARTIAL, flow);
		}
		random() % 3 ? drain(false) : burst(false);
		if (sent[0] + sent[1] - received[0] - received[1] > 1000)
			drain(false);
	}
	drain(false);
	all_arrived();
	for (unsigned flow = 0; flow < 2; flow++) {
		run_on(cpu_of(flow));
		for (unsigned i = 0; i < 64; i++) {
			for (unsigned k = 0; k < 32; k++)
				send_one(PLAIN, flow);
			drain(false);
		}
		before = by_ring();
		for (unsigned k = 0; k < 32; k++)
			send_one(PLAIN, flow);
		drain(false);
		assert_int_equal(by_ring() - before, 32);
	}
	run_on(cpu_of(0));
	all_arrived();
}

/* The frame that opens the ring finds the socket full: nobody waits for it. */
static void first_is_lost(void **state)
{
	(void)state;
	if (cpu_of(0) == cpu_of(1))
		skip();
	run_on(cpu_of(0));
	if (!need_ring())
		skip();
	for (unsigned round = 0; round < 20; round++) {
		uint64_t lost = missed(), ring = by_ring();

		rest(); /* so that another epoch begins */
		send_plain(32);
		drain(false);
		run_on(cpu_of(1));
		for (unsigned i = 0; i < nb_slots + round; i++)
			send_of(PLAIN, 1, 60);
		run_on(cpu_of(0));
		sent[0]++; /* its number is left out */
		{
			uint8_t frame[ROOM];
			ssize_t n = VNET + make(frame, PLAIN, sent[0] - 1, 0, 60);
			assert_int_equal(send(peer, frame, n, 0), n);
		}
		received[0]++;
		if (round % 2)
			send_plain(10);
		drain(false);
		assert_int_equal(missed() - lost, round + 1);
		received[1] = sent[1];
		assert_int_equal(received[0], sent[0]);
		assert_int_equal(by_ring() - ring, round % 2 ? 10 : 0);
	}
	assert_true(can_ring());
}

static _Atomic bool stop_sending;
static unsigned pause_every;

/* Flow 1 from the other CPU, not too far ahead of the reader; now and then it lets him sleep. */
static void *sender(void *arg)
{
	unsigned seed = 3, total = *(unsigned *)arg;

	run_on(cpu_of(1));
	for (unsigned i = 0; i < total && !stop_sending; i++) {
		unsigned r = rand_r(&seed);

		send_one(r % 512 == 0 ? PARTIAL + r / 512 % 2 : PLAIN, 1);
		while (sent[1] - received[1] > 1000 && !stop_sending)
			sched_yield();
		if (pause_every && r % pause_every == 0)
			rte_delay_us(r / pause_every % 300);
	}
	return NULL;
}

/* As core/sleep.c does it: armed, one more look, then the descriptor. */
static void sleep_until_frames(uint64_t *sleeps)
{
	struct pollfd p = {.fd = port_wait_fd(&port, 0), .events = POLLIN};

	bool may = rte_eth_dev_rx_intr_enable(id, 0) == 0;

	if (burst(false) > 0 || !may)
		return;
	++*sleeps;
	assert_int_equal(poll(&p, 1, PATIENCE * 1000), 1);
}

static void race(unsigned total, unsigned every)
{
	uint64_t before = by_ring(), sleeps = 0;
	pthread_t thread;

	pause_every = every;
	stop_sending = false;
	assert_int_equal(pthread_create(&thread, NULL, sender, &total), 0);
	while (received[1] < total)
		if (burst(false) == 0 && received[1] < total)
			sleep_until_frames(&sleeps);
	stop_sending = true;
	pthread_join(thread, NULL);
	all_arrived();
	assert_true(sleeps > 0);
	if (with_bpf)
		assert_true(by_ring() > before);
}

static void sender_and_sleeper(void **state)
{
	(void)state;
	if (cpu_of(0) == cpu_of(1))
		skip();
	run_on(cpu_of(0));
	race(60000, 64);
	sent[1] = 0;
	received[1] = 0;
	race(100000, 2000);
}

/* What the kernel says of the checksum comes with the frame by both ways. */
static void checksum_known_good(void **state)
{
	uint8_t frame[ROOM];
	struct rte_mbuf *m;
	unsigned known = 0;

	(void)state;
	/* veth: GRO looks at the checksums of a peer that does no TSO. */
	if (!sh_ok("ethtool -K sk0 gro on && ip netns exec peer ethtool -K pe0 tso off"))
		skip();
	if (!need_ring())
		skip();
	for (unsigned i = 0; i < 40; i++) {
		unsigned len = make(frame, PLAIN, i, 0, 200);
		struct rte_ipv4_hdr *ip = (void *)(frame + VNET + 14);
		struct rte_tcp_hdr *tcp = (void *)(ip + 1);

		if (i == 20)
			rest(); /* the second half by the socket */
		tcp_head(frame + VNET, len, i, 0);
		tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
		assert_int_equal(send(peer, frame, VNET + len, 0), VNET + len);
		m = NULL;
		assert_true(wait_until(PATIENCE, rte_eth_rx_burst(id, 0, &m, 1) == 1));
		assert_int_equal(m->pkt_len, len);
		known += (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		rte_pktmbuf_free(m);
		if (i == 19)
			assert_int_equal(known, 20);
	}
	assert_int_equal(known, 40);
	assert_true(by_ring() >= 20);
	sh("ethtool -K sk0 gro off && ip netns exec peer ethtool -K pe0 tso on");
}

/* Where there is no ring, all is as with the socket alone. */
static void without(void **state)
{
	(void)state;
	assert_false(can_ring());
	any_order(state);
	assert_int_equal(by_ring(), 0);
}

static void without_btf(void **state)
{
	with_bpf = false; /* any_order() is not to wait for it */
	without(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	char *args[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m",
		"256", "-l", "0", "--log-level", "pmd.net.skiff_afp:critical"};
	const struct CMUnitTest tests[] = {
		/* First: what the kernel says is read once. */
		{"without_btf", without_btf, setup_mute, teardown_mute, NULL},
		cmocka_unit_test_setup_teardown(without, setup_without, teardown),
		T(every_length),
		T(any_order),
		T(full),
		T(stop_and_start),
		T(no_mbufs),
		T(another_cpu),
		cmocka_unit_test_setup_teardown(first_is_lost, setup_short, teardown),
		T(sender_and_sleeper),
		T(checksum_known_good),
	};

	mkdir(STATE, 0755);
	cpu_of(0);
	sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	hosts_make();
	if (rte_eal_init(RTE_DIM(args), args) < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("pool", NB_MBUF, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (pool == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
