/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker polls: napi entries in round robin (Linux's napi_struct and softnet_data). An entry
 * is a port's receive queue, the software input queue, a control ring. A poll takes at most
 * `weight` packets and puts them into bursts; the loop sweeps them before the next poll.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct worker;
struct napi;

/* Takes at most `budget` packets; returns how many. A full return means: there may be more. */
typedef unsigned int napi_poll_fn(struct worker *w, struct napi *n, unsigned int budget);
/* Before a sleep: arm (true) or disarm what makes wait_fd readable. 0 or -errno. */
typedef int napi_arm_fn(struct worker *w, struct napi *n, bool on);

enum napi_state {
	NAPI_SCHED = 1 << 0,   /* on the poll list */
	NAPI_DISABLE = 1 << 1, /* leaves the list after the running poll */
};

struct napi {
	struct napi *next;
	napi_poll_fn *poll;
	napi_arm_fn *arm;      /* NULL: wait_fd needs no arming */
	void *priv;
	const char *name;
	uint32_t weight;       /* 0: dp_conf.dev_weight */
	uint32_t state;        /* enum napi_state */
	int wait_fd;           /* -1: none, the worker wakes every SLEEP_TICK_USEC for it */
	bool urgent;           /* not part of the budget (control ring) */
	bool on_demand;        /* work comes from this thread or with worker_wake(): needs no fd */
	bool armed;            /* the engine's */
	uint64_t done_turn;    /* the engine's: the turn in which a poll came back not full */
	uint64_t polls, full_polls, packets, empty_polls;
	/*
	 * Where each look at the queue costs the CPU that fills it (it shares the lines looked at),
	 * frames that come thick are left to gather: TSC cycles between two polls, 0: never.
	 */
	uint64_t gather;
	uint64_t since;        /* the engine's: when this window of `gather` cycles began */
	uint32_t seen;         /* the engine's: packets in it */
	bool thick;            /* the engine's: the window before brought GATHER_MIN or more */
};

#define GATHER_MIN 4

struct napi_list {
	struct napi *head, **tail;
	uint32_t n;
};

/* Worker only (control asks by message). Scheduling an entry that is on the list changes nothing. */
void napi_schedule(struct worker *w, struct napi *n);
/* Called by a poll that found its queue empty: leaves the list until the next napi_schedule. */
void napi_complete(struct worker *w, struct napi *n);
/* Removes the entry from the list; no poll of it runs afterwards, until napi_enable. */
void napi_disable(struct worker *w, struct napi *n);
/* Undoes napi_disable; the entry is not scheduled yet. */
void napi_enable(struct worker *w, struct napi *n);
