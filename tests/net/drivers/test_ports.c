/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every port type that this machine can have: opens, takes traffic, sleeps on what it says, closes,
 * and leaves nothing behind. The grammar is tested in tests/unit/drivers/test_ports.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "hosts.h"
#include "ports.h"
#include "unit.h"

#define STATE "/run/skiff"

/* Nobody is in a burst while a driver's own work waits (memif's). */
static uint16_t rx(struct port *p, uint16_t q, struct rte_mbuf **m)
{
	port_turn();
	return port_turn_pending() ? 0 : rte_eth_rx_burst(p->port_id, q, m, 1);
}

static struct rte_mempool *pool, *xdp_pool;
static struct port_why why;

static int try_open(const char *line, struct port *p)
{
	static char copy[512];
	char *words[32], *save;
	struct port_spec spec;
	int n = 0, err;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	err = port_parse(n, words, &spec, &why);
	if (err < 0)
		fail_msg("%s: %s", line, why.text);
	err = port_check(&spec, &why);
	if (err == 0)
		err = port_open(&spec, STATE, p, &why);
	port_spec_free(&spec);
	return err;
}

static void start(struct port *p)
{
	/* DPDK 22.11's af_xdp never returns what lies in its fill ring, so it has its own. */
	struct rte_mempool *from = p->spec.type == port_type_find("af_xdp") ? xdp_pool : pool;
	struct rte_eth_conf conf = {0};
	struct port_queue_mark mark;

	conf.intr_conf.rxq = p->spec.type->wait == PORT_WAIT_RX_INTR;
	assert_int_equal(rte_eth_dev_configure(p->port_id, p->min_queues, p->min_queues, &conf), 0);
	for (uint16_t i = 0; i < p->min_queues; i++) {
		port_queue_before(p, &mark);
		assert_int_equal(rte_eth_rx_queue_setup(p->port_id, i, 512, 0, NULL, from), 0);
		port_queue_after(p, i, &mark);
		assert_int_equal(rte_eth_tx_queue_setup(p->port_id, i, 512, 0, NULL), 0);
	}
	assert_int_equal(rte_eth_dev_start(p->port_id), 0);
}

static void open_and_start(const char *line, struct port *p)
{
	if (try_open(line, p))
		fail_msg("%s: %s", line, why.text);
	start(p);
}

static void stop_and_close(struct port *p)
{
	rte_eth_dev_stop(p->port_id);
	port_close(p);
}

static struct rte_mbuf *make(unsigned len, unsigned seed)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, len);

	for (unsigned i = 0; i < len; i++)
		data[i] = seed + i * 7;
	memset(data, 0x02, 12);
	data[12] = 0x88;
	data[13] = 0xb5;
	return m;
}

static struct rte_mbuf *receive(struct port *p)
{
	struct rte_mbuf *m = NULL;
	uint16_t q = 0;

	wait_until(30, (q = (q + 1) % p->min_queues, rx(p, q, &m) == 1));
	assert_non_null(m);
	return m;
}

/* One frame of each of some lengths from one port to another, byte for byte. */
static void pass(struct port *from, struct port *to)
{
	static const unsigned lengths[] = {60, 61, 64, 127, 128, 1000, 1513, 1514};

	for (unsigned i = 0; i < RTE_DIM(lengths); i++) {
		struct rte_mbuf *want = make(lengths[i], i), *m = make(lengths[i], i), *got;

		/* A memif client lends its buffers when it polls, so it does from the start. */
		got = NULL;
		assert_true(wait_until(30, (rx(to, 0, &got), !port_turn_pending() &&
						  rte_eth_tx_burst(from->port_id, 0, &m, 1) == 1)));
		assert_null(got);
		got = receive(to);
		assert_int_equal(got->pkt_len, lengths[i]);
		assert_memory_equal(
			rte_pktmbuf_mtod(got, void *), rte_pktmbuf_mtod(want, void *), lengths[i]);
		rte_pktmbuf_free(got);
		rte_pktmbuf_free(want);
	}
}

static bool ready(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static int setup(void **state)
{
	*state = NULL;
	return 0;
}

static int all_home(void **state)
{
	return rte_mempool_in_use_count(pool) == 0 && rte_eth_dev_count_avail() == 0 ? 0 : -1;
}

static void null_port(void **state)
{
	struct port p;
	struct rte_mbuf *m;

	open_and_start("n null size 100", &p);
	m = receive(&p);
	assert_int_equal(m->pkt_len, 100);
	assert_int_equal(rte_eth_tx_burst(p.port_id, 0, &m, 1), 1);
	assert_int_equal(port_wait_fd(&p, 0), -ENOTSUP);
	assert_int_equal(p.limits.max_segments, 1);
	stop_and_close(&p);
	open_and_start("n null silent yes", &p);
	assert_int_equal(rte_eth_rx_burst(p.port_id, 0, &m, 1), 0);
	stop_and_close(&p);
}

static void ring_ports(void **state)
{
	struct port a, b, loop, more;
	struct rte_mbuf *m;

	open_and_start("a ring link x side a", &a);
	open_and_start("b ring link x side b", &b);
	pass(&a, &b);
	pass(&b, &a);
	assert_int_equal(try_open("c ring link x side a", &more), -EEXIST);
	open_and_start("l ring", &loop);
	pass(&loop, &loop);
	/* What lies in a ring when its ports go is freed. */
	m = make(60, 1);
	assert_int_equal(rte_eth_tx_burst(a.port_id, 0, &m, 1), 1);
	stop_and_close(&a);
	stop_and_close(&b);
	stop_and_close(&loop);
	open_and_start("a ring link x side a", &a);
	stop_and_close(&a);
}

static void pcap_port(void **state)
{
	struct port p;
	struct rte_mbuf *m;

	open_and_start("w pcap tx /run/out.pcap", &p);
	m = make(100, 9);
	assert_int_equal(rte_eth_tx_burst(p.port_id, 0, &m, 1), 1);
	stop_and_close(&p);
	open_and_start("r pcap rx /run/out.pcap", &p);
	m = receive(&p);
	assert_int_equal(m->pkt_len, 100);
	rte_pktmbuf_free(m);
	stop_and_close(&p);
}

static void virtio_and_vhost(void **state)
{
	struct port v, h;
	int fd;

	open_and_start("h vhost path /run/v.sock", &h);
	open_and_start("v virtio path /run/v.sock", &v);
	pass(&v, &h);
	pass(&h, &v);
	fd = port_wait_fd(&v, 0);
	assert_true(fd >= 0);
	assert_int_equal(rte_eth_dev_rx_intr_enable(v.port_id, 0), 0);
	assert_false(ready(fd, 0));
	struct rte_mbuf *m = make(60, 3);
	assert_int_equal(rte_eth_tx_burst(h.port_id, 0, &m, 1), 1);
	assert_true(ready(fd, 2000));
	rte_pktmbuf_free(receive(&v));
	stop_and_close(&v);
	stop_and_close(&h);
	assert_true(access("/run/v.sock", F_OK) < 0);
}

static void memif_ports(void **state)
{
	struct port s, c;

	open_and_start("s memif socket /run/m.sock role server", &s);
	open_and_start("c memif socket /run/m.sock role client", &c);
	assert_int_equal(s.limits.max_mtu, 1500);
	pass(&s, &c);
	pass(&c, &s);
	stop_and_close(&c);
	stop_and_close(&s);
}

static void tap_port(void **state)
{
	struct port t, k;

	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		skip(); /* this machine has no tun device */
	open_and_start("t tap iface tsk0", &t);
	sh("sysctl -qw net.ipv6.conf.tsk0.disable_ipv6=1; ip link set tsk0 up");
	open_and_start("k af_packet iface tsk0", &k);
	rte_eth_promiscuous_enable(k.port_id);
	pass(&t, &k);
	pass(&k, &t);
	stop_and_close(&k);
	stop_and_close(&t);
	assert_false(sh_ok("ip link show tsk0"));
}

static void af_xdp_port(void **state)
{
	struct port x;
	struct rte_mbuf *m;
	uint8_t frame[100] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x88, 0xb5}, got[128];
	int fd, peer;

	if (try_open("x af_xdp iface sk0", &x))
		fail_msg("%s", why.text);
	start(&x);
	fd = port_wait_fd(&x, 0);
	assert_true(fd >= 0);
	peer = peer_socket("pe0", false);
	assert_false(ready(fd, 0));
	assert_int_equal(send(peer, frame, 100, 0), 100);
	/* Which of the queues it is, is the interface's choice. */
	if (x.min_queues == 1)
		assert_true(ready(fd, 2000));
	m = receive(&x);
	assert_int_equal(m->pkt_len, 100);
	assert_int_equal(rte_eth_tx_burst(x.port_id, 0, &m, 1), 1);
	assert_true(ready(peer, 2000));
	assert_int_equal(recv(peer, got, sizeof(got), 0), 100);
	assert_memory_equal(got, frame, 100);
	close(peer);
	stop_and_close(&x);
	/* No program is left, and the interface can be had again. */
	assert_null(strstr(sh_text("ip link show sk0"), "xdp"));
}

static void failures_leave_nothing(void **state)
{
	struct port p;
	int before = open("/dev/null", O_RDONLY), after;

	close(before);
	assert_int_equal(try_open("w af_packet iface nosuch0", &p), -ENODEV);
	assert_true(try_open("p pci address ffff:00:00.0", &p) < 0);
	sh("ip addr add 192.0.2.1/24 dev sk0");
	assert_int_equal(try_open("w af_packet iface sk0", &p), -EADDRINUSE);
	assert_int_equal(why.word, 3);
	sh("ip addr del 192.0.2.1/24 dev sk0");
	assert_string_equal(sh_text("ls " STATE), "");
	after = open("/dev/null", O_RDONLY);
	close(after);
	assert_int_equal(after, before);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, all_home)

int main(void)
{
	char *args[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m",
		"256", "-l", "0", "--log-level", "error"};
	const struct CMUnitTest tests[] = {
		T(null_port),
		T(ring_ports),
		T(pcap_port),
		T(virtio_and_vhost),
		T(memif_ports),
		T(tap_port),
		T(af_xdp_port),
		T(failures_leave_nothing),
	};

	mkdir(STATE, 0755);
	sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	hosts_make();
	if (rte_eal_init(RTE_DIM(args), args) < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("pool", 8192, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	xdp_pool = rte_pktmbuf_pool_create("xdp", 8192, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (pool == NULL || xdp_pool == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
