/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rig: EAL, pools, the peer and the port under test, in the order that the peer wants, and the
 * way back, where every mbuf must be home. Called by main.c around each case.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include "conformance.h"
#include "core/skb_alloc.h"

#define STATE "/run/skiff"

void rig_eal(const char *program)
{
	char prefix[64], *argv[] = {(char *)(uintptr_t)program, "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "256", "--lcores", "0", "--log-level", "*:critical", prefix,
		NULL};

	snprintf(prefix, sizeof(prefix), "--file-prefix=skiff-conf-%d", getpid());
	if (getenv("CONFORMANCE_LOG"))
		argv[10] = getenv("CONFORMANCE_LOG");
	if (rte_eal_init(12, argv) < 0) {
		fprintf(stderr, "EAL does not start\n");
		exit(1);
	}
	signal(SIGPIPE, SIG_IGN); /* as skiffd does: virtio writes to peers that went */
	if (port_device_init() < 0)
		exit(1);
}

static struct rte_mempool *make_pool(const char *what, unsigned n, uint16_t room)
{
	static unsigned serial;
	char name[32];
	struct rte_mempool *p;

	snprintf(name, sizeof(name), "%s%u", what, serial++);
	p = skb_pool_create(name, n, 0, room, SOCKET_ID_ANY);
	assert_non_null(p);
	return p;
}

void rig_init(struct put *t, const struct put_type *type)
{
	memset(t, 0, sizeof(*t));
	t->type = type;
	t->words = type->words;
	t->peer_words = type->peer;
	t->sock = -1;
	inbox_init(&t->to_skiff);
	inbox_init(&t->from_port);
	inbox_init(&t->staged);
}

static int parse(const char *line, struct port_spec *spec, struct port_why *why)
{
	char copy[512], *words[32], *save;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w && n < 32; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	return port_parse(n, words, spec, why);
}

int rig_port(const char *words, struct port *p, struct rte_mempool *pool, struct port_why *why)
{
	struct port_spec spec;
	int err = parse(words, &spec, why);

	if (err == 0)
		err = port_check(&spec, why);
	if (err == 0)
		err = port_open(&spec, STATE, p, why);
	port_spec_free(&spec);
	if (err == 0 && pool)
		rig_start(p, pool);
	return err;
}

struct raw {
	struct port *p;
	struct rte_mempool *pool;
};

/* Asserts nothing: it may run in DPDK's interrupt thread. */
static int set_up(void *arg)
{
	const struct raw *r = arg;
	struct port *p = r->p;
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	struct port_queue_mark mark;
	int rc = rte_eth_dev_info_get(p->port_id, &info);

	if (rc)
		return rc;
	conf.intr_conf.rxq = p->spec.type->wait == PORT_WAIT_RX_INTR;
	conf.intr_conf.lsc = p->link_intr;
	conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	rc = rte_eth_dev_configure(p->port_id, p->min_queues, p->min_queues, &conf);
	for (uint16_t i = 0; i < p->min_queues && rc == 0; i++) {
		port_queue_before(p, &mark);
		rc = rte_eth_rx_queue_setup(p->port_id, i, 512, 0, NULL, r->pool);
		port_queue_after(p, i, &mark);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(p->port_id, i, 512, 0, NULL);
	}
	return rc;
}

static int start(void *arg)
{
	const struct port *p = arg;

	return rte_eth_dev_start(p->port_id);
}

static int stop(void *arg)
{
	const struct port *p = arg;

	return rte_eth_dev_stop(p->port_id);
}

void rig_start(struct port *p, struct rte_mempool *pool)
{
	struct raw r = {p, pool};

	assert_int_equal(port_call(p, set_up, &r), 0);
	rig_dev_start(p);
}

void rig_dev_start(struct port *p)
{
	assert_int_equal(port_call(p, start, p), 0);
}

void rig_dev_stop(struct port *p)
{
	assert_int_equal(port_call(p, stop, p), 0);
}

void rig_port_close(struct port *p)
{
	rig_dev_stop(p);
	port_close(p);
}

bool rig_turn(void)
{
	port_turn();
	return !port_turn_pending();
}

static bool link_up(uint16_t port_id)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(port_id, &link) == 0 &&
		link.link_status == RTE_ETH_LINK_UP;
}

/* Handshakes are over. */
static void joined(struct put *t)
{
	if (t->type->ops->send == NULL) /* nobody is there yet */
		return;
	assert_true(patiently(PATIENCE, link_up(t->port.port_id)));
	if (t->peer_open)
		assert_true(patiently(PATIENCE, link_up(t->peer.port_id)));
}

void rig_open(struct put *t, bool raw)
{
	assert_false(t->open);
	t->pool = make_pool("put", PUT_MBUFS, SKB_DATA_ROOM);
	t->clones = make_pool("putc", 1024, 0);
	t->peer_pool = make_pool("peer", PUT_MBUFS, SKB_DATA_ROOM);
	t->peer_clones = make_pool("peerc", 64, 0);
	if (t->type->ops->before)
		t->type->ops->before(t);
	if (rig_port(t->words, &t->port, raw ? t->pool : NULL, &t->why))
		fail_msg("%s: %s", t->words, t->why.text);
	t->open = true;
	t->opened = 1;
	t->raw = raw;
	t->queues = t->port.min_queues;
	if (!raw)
		skiff_open(t);
	if (t->type->ops->after)
		t->type->ops->after(t);
	joined(t);
}

void rig_reopen(struct put *t)
{
	rig_port_close(&t->port);
	if (rig_port(t->words, &t->port, t->pool, &t->why))
		fail_msg("%s, again: %s", t->words, t->why.text);
	t->opened++;
}

void rig_restart(struct put *t, void (*between)(struct put *t))
{
	if (t->raw)
		rig_dev_stop(&t->port);
	else
		skiff_down(t);
	if (between)
		between(t);
	if (t->raw)
		rig_dev_start(&t->port);
	else
		skiff_up(t);
	joined(t);
}

void rig_close(struct put *t)
{
	if (t->type->ops->leave)
		t->type->ops->leave(t);
	if (t->raw)
		rig_dev_stop(&t->port);
	else
		skiff_close(t);
	port_close(&t->port);
	t->open = false;
	if (t->type->ops->gone)
		t->type->ops->gone(t);
	inbox_empty(&t->to_skiff);
	inbox_empty(&t->from_port);
	inbox_empty(&t->staged);
	unsigned out = rte_mempool_in_use_count(t->pool);

	if (out > t->opened * t->type->keeps_mbufs)
		fail_msg("%u mbufs of the port's pool are not home", out);
	assert_int_equal(rte_mempool_in_use_count(t->clones), 0);
	assert_int_equal(rte_mempool_in_use_count(t->peer_pool), 0);
	assert_int_equal(rte_mempool_in_use_count(t->peer_clones), 0);
	skb_pool_free(t->pool);
	skb_pool_free(t->clones);
	skb_pool_free(t->peer_pool);
	skb_pool_free(t->peer_clones);
}
