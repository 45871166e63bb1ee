/* SPDX-License-Identifier: BSD-3-Clause */
/* The one writer's side of the next-hop table: control thread only. */
#pragma once

#include "fib/nexthop.h"

int fib_nh_table_init(struct dp *dp);
void fib_nh_table_fini(struct dp *dp);

/* A free id, or -ENOSPC. Ids are dense from 1; 0 is "no route". */
int64_t fib_nh_alloc(struct dp *dp);
/*
 * Publish a copy of *nh (and of its group) under nh->id, retiring what was there. 0, -ENOMEM, or
 * -EINVAL for an id out of range. HH (and LANE) only while the neighbour is reachable or permanent:
 * nobody reports the use of a stale one that is taken from here.
 */
int fib_nh_publish(struct dp *dp, const struct fib_nh *nh);
/* Free the id after a grace period: no FIB refers to it any more. */
void fib_nh_release(struct dp *dp, uint32_t id);

/*
 * Fill the slots of *group by weight. Members that stay (same id) keep their slots as far as their
 * new share reaches, so that only flows whose share changes move; for a new group zero it first.
 * -EINVAL: no member of weight > 0, or more than FIB_GROUP_SLOTS.
 */
int fib_nh_group_fill(struct fib_nh_group *group, const uint32_t *id, const uint32_t *weight,
	uint32_t n);
