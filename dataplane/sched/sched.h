/* SPDX-License-Identifier: BSD-3-Clause */
/* The queueing disciplines there are. */
#pragma once

#include "dev/qdisc.h"

extern const struct qdisc_ops pfifo_qdisc;

/* What transmit queues get unless told otherwise: pfifo. 0. */
int sched_init(struct dp *dp);
void sched_fini(struct dp *dp);
