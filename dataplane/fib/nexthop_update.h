/* SPDX-License-Identifier: BSD-3-Clause */
/* The one writer's side of the next-hop table: control thread only. */
#pragma once

#include "fib/nexthop.h"

int fib_nh_table_init(struct dp *dp);
void fib_nh_table_fini(struct dp *dp);

/* A free id, or -ENOSPC. Ids are dense from 1; 0 is "no route". */
int64_t fib_nh_alloc(struct dp *dp);
/* Publish a copy of *nh (and of its group) under nh->id, retiring what was there. 0 or -ENOMEM. */
int fib_nh_publish(struct dp *dp, const struct fib_nh *nh);
/* Free the id after a grace period: no FIB refers to it any more. */
void fib_nh_release(struct dp *dp, uint32_t id);
