/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control thread and a worker say to each other. It stands in core, since every layer may
 * have something to tell the control thread: w->event(w, &msg). The rings are ctl/.
 */
#pragma once

#include <stdint.h>

#include <rte_byteorder.h>

struct worker;

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
	CTL_MARTIAN,        /* dev, ip: destination; token: source, and what was wrong above it */
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
