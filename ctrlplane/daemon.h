/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What skiffd holds: one struct for the process, given to every part's init and fini (main.c has
 * the order). Control thread only, except where a field says otherwise.
 */
#pragma once

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "settings.h"

struct api;
struct cp;
struct dp;
struct event;
struct event_base;
struct nl_server;
struct rte_mempool;
struct rte_rcu_qsbr;
struct snapshots;
struct telemetry;
struct txn;
struct worker;

/* Kinds of CTL_DONE tokens, in the top byte: who asked. */
#define TOKEN_KIND(token) ((token) & (UINT64_C(0xff) << 56))
#define TOKEN_SNAPSHOT (UINT64_C(1) << 56)
#define TOKEN_TRACE (UINT64_C(2) << 56)

/* A worker's thread, and where it may run while its own CPU is needed more (worker_cpus.c). */
struct worker_thread {
	struct worker *w;
	_Atomic pid_t tid;        /* written by the thread; 0: not running */
	cpu_set_t aside;          /* none: nowhere */
	bool away;                /* it is there now */
};

struct skiffd {
	/* options */
	const char *config;       /* -c FILE, or NULL */
	const char *check;        /* --check FILE: no engine, no socket of the system */
	const char *socket_option;
	const char *dpdk_log;     /* --log-level's value for DPDK, or NULL */
	char socket_path[108];
	char exe_dir[PATH_MAX];   /* where skiffd was started from: skiff is beside it */

	struct settings settings; /* in force, once resolved */
	cpu_set_t cpus;           /* that this process may run on */
	bool huge;                /* buffers are in huge pages */
	char file_prefix[64];

	/* loop */
	struct event_base *base;
	struct event *sigterm, *sigint, *sigchld, *tick;
	bool stop;
	int status;               /* exit status */
	bool ready;

	/* engine */
	struct dp *dp;
	struct rte_rcu_qsbr *qsbr;
	struct rte_mempool *pool, *clone_pool;
	struct worker *workers[SETTINGS_WORKERS_MAX];
	struct worker_thread threads[SETTINGS_WORKERS_MAX];
	struct event *worker_events[SETTINGS_WORKERS_MAX];
	uint32_t n_workers, running;
	bool eal_started;

	/* control plane */
	struct cp *cp;
	struct nl_server *ns;
	struct api *api;
	struct txn *txns;
	struct port_entry *ports;
	struct snapshots *snapshots;
	struct telemetry *telemetry;
	struct trace_run *traces;
	pid_t loader;             /* child that runs the configuration file, 0: none */
};

/* Milliseconds of the monotonic clock. */
uint64_t daemon_now_ms(void);
