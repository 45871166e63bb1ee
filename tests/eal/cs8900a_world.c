/* SPDX-License-Identifier: BSD-3-Clause */
/* The world of cs8900a_world.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include "cs8900a_world.h"
#include "unit.h"

#define POLL (20 * US)

struct rte_mempool *cards_pool;

void cards_eal(const char *program)
{
	char prefix[64], *argv[] = {(char *)(uintptr_t)program, "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "64", "--lcores", "0,1@0", "--log-level", "4", prefix, NULL};

	struct card first;

	snprintf(prefix, sizeof(prefix), "--file-prefix=skiff-test-%d", getpid());
	if (rte_eal_init(12, argv) < 0) {
		fprintf(stderr, "EAL does not start\n");
		exit(1);
	}
	cards_pool = rte_pktmbuf_pool_create("cards", 2047, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	assert_non_null(cards_pool);
	/* What DPDK makes once, it makes now: before anybody counts. */
	assert_int_equal(card_try(&first, "first", "bus=model,clock=virtual"), 0);
	card_down(&first);
}

int card_try(struct card *c, const char *name, const char *args)
{
	int err;

	memset(c, 0, sizeof(*c));
	snprintf(c->name, sizeof(c->name), "net_cs8900a_%s", name);
	err = rte_eal_hotplug_add("vdev", c->name, args);
	if (err)
		return err;
	assert_int_equal(rte_eth_dev_get_port_by_name(c->name, &c->port), 0);
	c->model = cs8900a_model_of(c->port);
	return 0;
}

void card_start(struct card *c, unsigned tx_desc, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = {.rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
		.txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS};

	assert_int_equal(rte_eth_dev_configure(c->port, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(c->port, 0, 64, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(c->port, 0, (uint16_t)tx_desc, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(c->port), 0);
}

void card_up(struct card *c, const char *name, const char *args, unsigned tx_desc,
	struct rte_mempool *pool)
{
	if (card_try(c, name, args))
		fail_msg("%s: %s", args, cs8900a_why());
	card_start(c, tx_desc, pool);
}

void card_down(struct card *c)
{
	if (rte_eth_dev_is_valid_port(c->port)) {
		rte_eth_dev_stop(c->port);
		rte_eth_dev_close(c->port);
	}
	assert_int_equal(rte_eal_hotplug_remove("vdev", c->name), 0);
}

void cards_up(struct card *a, struct card *b, const char *args)
{
	static unsigned serial;
	char text[256];

	snprintf(text, sizeof(text), "bus=model,clock=virtual,wire=pair:w%u%s%s", serial++,
		*args ? "," : "", args);
	card_up(a, "a", text, 64, cards_pool);
	card_up(b, "b", text, 64, cards_pool);
}

void card_fault(struct card *c, const char *action)
{
	char why[128] = "";

	if (cs8900a_model_fault(c->model, action, why, sizeof(why)))
		fail_msg("%s: %s", action, why);
}

uint64_t card_xstat(const struct card *c, const char *name)
{
	uint64_t id, value;

	if (rte_eth_xstats_get_id_by_name(c->port, name, &id))
		fail_msg("no xstat %s", name);
	assert_int_equal(rte_eth_xstats_get_by_id(c->port, &id, &value, 1), 1);
	return value;
}

struct rte_eth_stats card_stats(const struct card *c)
{
	struct rte_eth_stats s;

	assert_int_equal(rte_eth_stats_get(c->port, &s), 0);
	return s;
}

struct leak_mark leak_mark(void)
{
	struct leak_mark m = {.ports = rte_eth_dev_count_avail(),
		.buffers = rte_mempool_in_use_count(cards_pool)};
	struct rte_malloc_socket_stats heap;
	DIR *d = opendir("/proc/self/fd");

	while (d && readdir(d))
		m.fds++;
	closedir(d);
	assert_int_equal(rte_malloc_get_socket_stats(0, &heap), 0);
	m.blocks = heap.alloc_count;
	return m;
}

void leak_check(const struct leak_mark *before)
{
	struct leak_mark now = leak_mark();

	assert_int_equal(now.ports, before->ports);
	assert_int_equal(now.buffers, before->buffers);
	assert_int_equal(now.fds, before->fds);
	assert_int_equal(now.blocks, before->blocks);
}

static struct leak_mark at_setup;

int leak_setup(void **state)
{
	at_setup = leak_mark();
	return 0;
}

int leak_teardown(void **state)
{
	leak_check(&at_setup);
	return 0;
}

void frame_fill(uint8_t *data, const struct card *from, const struct card *to, unsigned len,
	unsigned seed)
{
	uint8_t head[14];
	struct rte_ether_addr mac;

	rte_eth_macaddr_get(to->port, &mac);
	memcpy(head, mac.addr_bytes, 6);
	rte_eth_macaddr_get(from->port, &mac);
	memcpy(head + 6, mac.addr_bytes, 6);
	head[12] = 0x88;
	head[13] = 0xb5;
	for (unsigned i = 0; i < len; i++)
		data[i] = i < 14 ? head[i] : (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

struct rte_mbuf *frame_make(const struct card *from, const struct card *to, unsigned len,
	unsigned seed)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(cards_pool);

	assert_non_null(m);
	frame_fill((uint8_t *)rte_pktmbuf_append(m, (uint16_t)len), from, to, len, seed);
	return m;
}

void frame_expect(struct rte_mbuf *m, const struct card *from, const struct card *to, unsigned len,
	unsigned seed)
{
	static uint8_t want[2048], got[2048];
	unsigned wire = len < 60 ? 60 : len;

	memset(want, 0, sizeof(want));
	frame_fill(want, from, to, len, seed);
	if (m == NULL)
		fail_msg("a frame of %u bytes did not arrive", len);
	assert_int_equal(m->pkt_len, wire);
	assert_int_equal(m->port, to->port);
	assert_int_equal(rte_mbuf_check(m, 1, NULL), 0);
	const uint8_t *data = rte_pktmbuf_read(m, 0, wire, got);
	if (memcmp(data, want, wire))
		fail_msg("a frame of %u bytes is not as it was sent", len);
	rte_pktmbuf_free(m);
}

struct rte_mbuf *card_receive(struct card *c, struct card *other, uint64_t ns)
{
	struct rte_mbuf *m = NULL, *lost;

	for (uint64_t t = 0; t < ns; t += POLL) {
		if (rte_eth_rx_burst(c->port, 0, &m, 1))
			return m;
		if (other && rte_eth_rx_burst(other->port, 0, &lost, 1))
			fail_msg("%s received something", other->name);
		cs8900a_clock_advance(POLL);
	}
	return NULL;
}

void card_send(struct card *from, struct card *to, struct rte_mbuf *m)
{
	struct rte_mbuf *lost;

	for (unsigned i = 0; i < 10000; i++) {
		if (rte_eth_tx_burst(from->port, 0, &m, 1))
			return;
		if (to && rte_eth_rx_burst(to->port, 0, &lost, 1))
			fail_msg("%s received something", to->name);
		cs8900a_clock_advance(POLL);
	}
	fail_msg("%s takes no frame", from->name);
}

unsigned cards_idle(struct card *a, struct card *b, uint64_t ns)
{
	struct rte_mbuf *m[8];
	unsigned got = 0;

	for (uint64_t t = 0; t < ns; t += POLL) {
		for (struct card *c = a; c; c = c == a ? b : NULL) {
			uint16_t n = rte_eth_rx_burst(c->port, 0, m, 8);

			rte_pktmbuf_free_bulk(m, n);
			got += n;
		}
		cs8900a_clock_advance(POLL);
	}
	return got;
}
