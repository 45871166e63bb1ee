/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds the data plane: each layer's tables, then each worker's state, in the order of the
 * layers, undone in reverse. Called by main.c once EAL runs.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>

#include "core/dp.h"
#include "core/loop.h"
#include "core/skb_alloc.h"
#include "core/trace.h"
#include "cp.h"
#include "ctl/ctl.h"
#include "daemon.h"
#include "dev/netdev.h"
#include "dev/netdev_update.h"
#include "fib/nexthop_update.h"
#include "fib/rules.h"
#include "ip4/ip4.h"
#include "ip4/ip4_admit.h"
#include "ip4/ip4_lane.h"
#include "ip4/protocols.h"
#include "log.h"
#include "neigh/neigh_update.h"
#include "sched/sched.h"

#define POOL_CACHE 256u
#define CLONES_PER_MBUF 4u /* one clone buffer for so many packet buffers */

struct dp_layer {
	const char *name;
	int (*init)(struct dp *dp);
	void (*fini)(struct dp *dp);
};

static const struct dp_layer dp_layers[] = {
	{"interfaces", netdev_table_init, netdev_table_fini},
	{"queueing disciplines", sched_init, sched_fini},
	{"neighbours", neigh_table_init, neigh_table_fini},
	{"next hops", fib_nh_table_init, fib_nh_table_fini},
	{"protocols", inet_protos_init, inet_protos_fini},
};

struct worker_layer {
	const char *name;
	int (*init)(struct worker *w);
	void (*fini)(struct worker *w);
};

static const struct worker_layer worker_layers[] = {
	{"control rings", ctl_worker_init, ctl_worker_fini},
	{"interfaces", dev_worker_init, dev_worker_fini},
	{"neighbours", neigh_worker_init, neigh_worker_fini},
	{"IPv4", ip4_worker_init, ip4_worker_fini},
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* On the worker: to the control thread, which prints and frees it. */
static bool trace_sink(struct worker *w, struct trace_record *r)
{
	const struct ctl_msg m = {.type = CTL_TRACE, .ptr = r};

	return ctl_event(w, &m);
}

static int pools_init(struct skiffd *d)
{
	uint32_t n = d->settings.mbufs;

	d->pool = skb_pool_create("packets", n, POOL_CACHE, SKB_DATA_ROOM, SOCKET_ID_ANY);
	if (d->pool != NULL)
		d->clone_pool = skb_pool_create("clones", n / CLONES_PER_MBUF, POOL_CACHE, 0,
			SOCKET_ID_ANY);
	if (d->clone_pool != NULL)
		return 0;
	log_error("no memory for %u packet buffers (%s); write a smaller `system mbufs`", n,
		rte_strerror(rte_errno));
	return -ENOMEM;
}

static int dp_start(struct skiffd *d)
{
	size_t size = rte_rcu_qsbr_get_memsize(SETTINGS_WORKERS_MAX);
	unsigned int i;
	int err;

	d->qsbr = rte_zmalloc("qsbr", size, RTE_CACHE_LINE_SIZE);
	d->dp = calloc(1, sizeof(*d->dp));
	if (d->qsbr == NULL || d->dp == NULL)
		return -ENOMEM;
	rte_rcu_qsbr_init(d->qsbr, SETTINGS_WORKERS_MAX);
	err = dp_init(d->dp, d->qsbr);
	for (i = 0; err == 0 && i < N(dp_layers); i++) {
		err = dp_layers[i].init(d->dp);
		if (err < 0)
			log_error("the tables of %s cannot be made (%s); raise the limits "
				"(ulimit -v, -n) or write a smaller `system mbufs`",
				dp_layers[i].name, strerror(-err));
	}
	if (err < 0)
		return err;
	d->dp->trace_sink = trace_sink;
	d->dp->lane = ip4_lane;
	d->dp->admit = ip4_admit;
	atomic_store(&d->dp->conf.ip_forward, 1); /* a router, as the model's defaults say */
	atomic_store(&d->dp->conf.busy, d->settings.busy);
	atomic_store(&d->dp->conf.spread, d->settings.spread);
	return 0;
}

static int worker_new(struct skiffd *d, uint32_t i)
{
	struct worker_opts o = {.id = (uint16_t)i, .lcore = (uint16_t)(i + 1), .qsbr_id = (uint16_t)i,
		.node = (uint16_t)rte_lcore_to_socket_id(i + 1), .pool = d->pool,
		.clone_pool = d->clone_pool, .qsbr = d->qsbr, .tsc_hz = rte_get_tsc_hz()};
	struct worker *w = rte_zmalloc_socket("worker", sizeof(*w), 64, (int)o.node);
	int err;

	if (w == NULL)
		w = rte_zmalloc("worker", sizeof(*w), 64);
	if (w == NULL)
		return -ENOMEM;
	err = worker_init(w, d->dp, &o);
	if (err < 0) {
		rte_free(w);
		return err;
	}
	d->workers[d->n_workers++] = w;
	for (unsigned int l = 0; l < N(worker_layers) && err == 0; l++) {
		err = worker_layers[l].init(w);
		if (err < 0)
			log_error("worker %u: its %s cannot be made (%s); raise the limits "
				"(ulimit -v, -n) or write fewer `system workers`", i,
				worker_layers[l].name, strerror(-err));
	}
	return err;
}

int engine_init(struct skiffd *d)
{
	int err = pools_init(d);

	if (err == 0)
		err = dp_start(d);
	for (uint32_t i = 0; err == 0 && i < d->settings.workers; i++) {
		rte_rcu_qsbr_thread_register(d->qsbr, i);
		err = worker_new(d, i);
	}
	if (err == 0)
		for (uint32_t i = 0; i < d->n_workers; i++)
			atomic_store(&d->dp->workers[i], d->workers[i]);
	return err;
}

void engine_fini(struct skiffd *d)
{
	for (uint32_t i = d->n_workers; i-- > 0;) {
		for (unsigned int l = N(worker_layers); l-- > 0;)
			worker_layers[l].fini(d->workers[i]);
		worker_fini(d->workers[i]);
	}
	if (d->dp != NULL) {
		dp_synchronize(d->dp);
		for (unsigned int l = N(dp_layers); l-- > 0;)
			dp_layers[l].fini(d->dp);
		dp_fini(d->dp);
		free(d->dp);
	}
	for (uint32_t i = 0; i < d->n_workers; i++)
		rte_free(d->workers[i]);
	d->n_workers = 0;
	d->dp = NULL;
	rte_free(d->qsbr);
	skb_pool_free(d->clone_pool);
	skb_pool_free(d->pool);
}

static void model_log(void *ctx, const char *line)
{
	log_warn("%s", line);
}

int engine_model_init(struct skiffd *d)
{
	d->cp = d->check ? cp_new(NULL, NULL) : cp_new(&cp_backend_dp, d->dp);
	if (d->cp == NULL) {
		log_error("no memory for the model of interfaces and routes; raise the limit (ulimit -v) "
			"or free some");
		return -ENOMEM;
	}
	d->cp->ns = d->ns;
	d->cp->log = model_log;
	cp_tick(d->cp, daemon_now_ms());
	return 0;
}

void engine_model_fini(struct skiffd *d)
{
	if (d->cp != NULL)
		cp_free(d->cp);
	d->cp = NULL;
}
