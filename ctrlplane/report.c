/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums the workers' counters and names them. */
#include "report.h"

#include <unistd.h>

#include <rte_cycles.h>
#include <rte_mempool.h>

#include "core/drop.h"
#include "core/ledger.h"
#include "cp.h"
#include "daemon.h"
#include "stages.h"

#define U64(v) ((json_int_t)(v))

/* NULL for a ratio of nothing: jansson's null. */
static json_t *ratio(uint64_t a, uint64_t b)
{
	return b == 0 ? json_null() : json_real((double)a / (double)b);
}

static json_t *percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? json_null() : json_real(100.0 * (double)part / (double)whole);
}

static bool counted(uint32_t worker, uint32_t i)
{
	return worker == REPORT_ALL || worker == i;
}

json_t *report_stages(const struct snapshot *s, uint32_t worker)
{
	json_t *rows = json_array();

	for (unsigned int st = 0; st < STAGE_COUNT; st++) {
		struct stage_stats sum = {0};

		for (uint32_t i = 0; i < s->n; i++) {
			const struct stage_stats *one = &s->worker[i].stage[st];

			if (!counted(worker, i))
				continue;
			sum.packets += one->packets;
			sum.calls += one->calls;
			sum.cycles += one->cycles;
			sum.sampled += one->sampled;
		}
		json_array_append_new(rows, json_pack("{s:s, s:I, s:I, s:o, s:o, s:s}",
			"stage", stage_name((enum stage)st), "packets", U64(sum.packets),
			"calls", U64(sum.calls), "packets_per_call", ratio(sum.packets, sum.calls),
			"cycles_per_packet", ratio(sum.cycles, sum.sampled),
			"what", stage_text((enum stage)st)));
	}
	return rows;
}

json_t *report_drops(const struct snapshot *s, uint32_t worker)
{
	json_t *rows = json_array();

	for (unsigned int r = 0; r < DROP_REASON_COUNT; r++) {
		uint64_t packets = 0;

		for (uint32_t i = 0; i < s->n; i++)
			if (counted(worker, i))
				packets += s->worker[i].ledger.l.dropped[r];
		json_array_append_new(rows, json_pack("{s:s, s:I, s:s}",
			"reason", drop_reason_name((enum drop_reason)r), "packets", U64(packets),
			"what", drop_reason_text((enum drop_reason)r)));
	}
	return rows;
}

json_t *report_ledger(const struct snapshot *s, uint32_t worker)
{
	struct ledger_sum sum = {0};

	for (uint32_t i = 0; i < s->n; i++)
		if (counted(worker, i))
			ledger_add(&sum, &s->worker[i].ledger);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"rx", U64(sum.l.rx), "alloc", U64(sum.l.alloc), "clone", U64(sum.l.clone),
		"ring_in", U64(sum.l.ring_in), "tx", U64(sum.l.tx),
		"delivered", U64(sum.l.delivered), "absorbed", U64(sum.l.absorbed),
		"dropped", U64(sum.dropped), "ring_out", U64(sum.l.ring_out),
		"held", U64(sum.held), "gap", U64(ledger_gap(&sum)));
}

static json_t *worker_row(const struct skiffd *d, uint32_t i, const struct worker_stats *was,
	const struct worker_snapshot *now)
{
	const struct worker_stats *s = &now->stats;
	uint64_t busy = s->busy_cycles - was->busy_cycles;
	uint64_t all = busy + s->idle_cycles - was->idle_cycles + s->sleep_cycles -
		was->sleep_cycles;
	uint64_t lane = s->lane_packets, met = lane + s->lane_left;

	return json_pack("{s:i, s:i, s:i, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I,"
		" s:I}",
		"worker", (int)i, "cpu", (int)d->settings.cores[i], "node",
		(int)d->workers[i]->node, "load", percent(busy, all), "turns", U64(s->turns),
		"busy_turns", U64(s->busy_turns), "sleeps", U64(s->sleeps),
		"time_squeeze", U64(s->time_squeeze), "backlog", U64(s->backlog_total),
		"backlog_dropped", U64(s->backlog_dropped), "backlog_refused", U64(s->backlog_refused),
		"no_skb", U64(s->no_skb), "rx", U64(now->ledger.l.rx),
		"lane", percent(lane, met), "lane_packets", U64(lane),
		"cached", U64(now->cached), "cached_clones", U64(now->cached_clones));
}

json_t *report_workers(const struct skiffd *d, const struct snapshot *before,
	const struct snapshot *s)
{
	static const struct worker_stats none;
	json_t *rows = json_array();

	for (uint32_t i = 0; i < s->n; i++)
		json_array_append_new(rows, worker_row(d, i,
			before ? &before->worker[i].stats : &none, &s->worker[i]));
	return rows;
}

static json_t *pool_row(const struct skiffd *d, const char *name, const struct rte_mempool *p)
{
	uint32_t in_use = rte_mempool_in_use_count(p);
	uint64_t bytes = (uint64_t)p->size *
		(p->elt_size + p->header_size + p->trailer_size);

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "pool", name, "size", U64(p->size),
		"in_use", U64(in_use), "free", U64(p->size - in_use), "bytes", U64(bytes),
		"huge_pages", d->huge);
}

json_t *report_memory(const struct skiffd *d)
{
	json_t *pools = json_array();
	struct cp_memory m = {0};
	uint64_t bytes;

	if (d->pool != NULL)
		json_array_append_new(pools, pool_row(d, "packets", d->pool));
	if (d->clone_pool != NULL)
		json_array_append_new(pools, pool_row(d, "clones", d->clone_pool));
	cp_memory(d->cp, &m);
	bytes = m.rib_bytes + m.fib_bytes;
	return json_pack("{s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o},"
			 " s:{s:I, s:I, s:I, s:I}}",
		"pools", pools, "routing", "routes", U64(m.routes), "prefixes", U64(m.prefixes),
		"fib_infos", U64(m.fib_infos), "nexthops", U64(m.nexthops),
		"rib_bytes", U64(m.rib_bytes), "fib_bytes", U64(m.fib_bytes), "bytes", U64(bytes),
		"bytes_per_route", ratio(bytes, m.routes),
		"links", "links", U64(m.links), "addrs", U64(m.addrs), "neighs", U64(m.neighs),
		"adjacencies", U64(m.adjacencies));
}

json_t *report_system(const struct skiffd *d)
{
	char cores[SETTINGS_WORKERS_MAX * 6];

	settings_cores_text(&d->settings, cores, sizeof(cores));
	return json_pack("{s:i, s:s, s:I, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:i}",
		"workers", (int)d->settings.workers, "cores", cores,
		"mbufs", U64(d->settings.mbufs),
		"hugepages", settings_huge_name(d->settings.huge), "huge_pages_used", d->huge,
		"mode", d->settings.busy ? "busy" : "adaptive",
		"spread", d->settings.spread ? "on" : "off", "socket", d->socket_path,
		"file_prefix", d->file_prefix, "version", SKIFF_VERSION, "pid", (int)getpid());
}
