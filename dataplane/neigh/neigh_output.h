/* SPDX-License-Identifier: BSD-3-Clause */
/* Ways out of the neighbour layer, shared by neigh_resolve and the hold queues. */
#pragma once

#include "neigh/neigh.h"

/* To eth_output with the link header of n. */
void neigh_output(struct worker *w, struct skb *skb, const struct neigh *n);

/* The neighbour does not answer: host unreachable where skb was forwarded, else it just ends. */
void neigh_unreachable(struct worker *w, struct skb *skb);
