/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages between the control thread and a worker: typed, over one ring each way, bounded per
 * turn. Packets cross as mbufs inside messages and are counted as ring_out / ring_in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "core/ledger.h"
#include "core/napi.h"

enum ctl_type {
	/* control -> worker */
	CTL_NAPI_ADD = 1,   /* napi */
	CTL_NAPI_DEL,       /* napi: answered by CTL_DONE when no poll of it runs any more */
	CTL_SEND,           /* mbuf: a whole frame to be sent by `dev` */
	CTL_SEND_IP,        /* mbuf: an IPv4 packet of this host, to be routed */
	CTL_NEIGH_READY,    /* dev, ip */
	CTL_SNAPSHOT,       /* answer: CTL_DONE, *ptr (struct worker_snapshot) filled */
	CTL_CALL,           /* fn(w, ptr) between turns; answer: CTL_DONE */
	CTL_STOP,           /* leave the loop after this turn */
	/* worker -> control */
	CTL_DONE = 64,      /* of the request with `token` */
	CTL_PUNT,           /* mbuf with its link header, dev; the receiver frees it */
	CTL_NEIGH_MISS,     /* dev, ip: resolve; sent once per hold queue */
	CTL_NEIGH_USED,     /* dev, ip: a stale entry was used */
	CTL_NEIGH_CONFIRM,  /* dev, ip: forward progress (MSG_CONFIRM) */
	CTL_TX_TIMEOUT,     /* dev: the watchdog fired */
	CTL_TRACE,          /* ptr: a finished trace record, the receiver frees it */
};

typedef void ctl_call_fn(struct worker *w, void *ptr);

/* 32 bytes, copied through the ring by value. */
struct ctl_msg {
	uint16_t type;      /* enum ctl_type */
	uint16_t dev;       /* netdev index */
	rte_be32_t ip;
	void *ptr;          /* napi, mbuf, argument: as the type says */
	ctl_call_fn *fn;
	uint64_t token;     /* chosen by the asker, returned in CTL_DONE */
};

struct worker_snapshot {
	struct ledger_sum ledger;
	struct worker_stats stats;
	struct stage_stats stage[STAGE_COUNT];
};

#define CTL_RING_SIZE 4096
#define CTL_BUDGET 64       /* messages a turn */

int ctl_worker_init(struct worker *w);
void ctl_worker_fini(struct worker *w);

/* Control thread: queue a message and wake the worker. 0, or -ENOBUFS when the ring is full. */
int ctl_send(struct worker *w, const struct ctl_msg *msg);
/* Control thread: take at most n messages of the worker. */
unsigned int ctl_recv(struct worker *w, struct ctl_msg *msg, unsigned int n);
/* Readable when ctl_recv has something: an eventfd for the control thread's loop. */
int ctl_fd(const struct worker *w);

/* Worker: an event for the control thread; false when the ring is full (counted). */
bool ctl_event(struct worker *w, const struct ctl_msg *msg);
/* Worker: handle what the control thread sent, at most CTL_BUDGET messages. */
unsigned int ctl_poll(struct worker *w);
