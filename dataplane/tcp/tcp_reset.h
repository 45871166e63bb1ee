/* SPDX-License-Identifier: BSD-3-Clause */
/* The reset that answers a segment of no connection: RFC 9293 3.10.7.1. */
#pragma once

#include "core/burst.h"

/*
 * skb is a checked segment (data at the TCP header, network_header set) sent to one of this host's
 * addresses, no reset itself. Its sender gets a reset; skb ends under `reason`.
 */
void tcp_reset(struct worker *w, struct skb *skb, enum drop_reason reason);
