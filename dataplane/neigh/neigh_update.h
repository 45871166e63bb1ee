/* SPDX-License-Identifier: BSD-3-Clause */
/* The one writer's side of the neighbour table: control thread only. */
#pragma once

#include "neigh/neigh.h"

int neigh_table_init(struct dp *dp);
void neigh_table_fini(struct dp *dp);

/* Insert or replace the entry of (n->dev, n->ip) by a copy of *n. 0 or -ENOMEM, -ENOSPC. */
int neigh_publish(struct dp *dp, const struct neigh *n);
/* Remove it; -ENOENT. */
int neigh_withdraw(struct dp *dp, uint16_t dev, rte_be32_t ip);
