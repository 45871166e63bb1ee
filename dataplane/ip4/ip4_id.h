/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Identification of this host's datagrams (RFC 6864): unique per (source, destination, protocol)
 * for as long as possible, not to be guessed from what another destination sees.
 */
#pragma once

#include <stdint.h>

#include "core/worker.h"

#define IP4_ID_SLOTS 2048 /* as Linux's smallest; flows share counters by a keyed hash */

struct ip4_ids {
	uint64_t seed; /* 0: not set up yet */
	uint32_t next[IP4_ID_SLOTS];
};

/* The first of n consecutive identifications, host order. */
uint16_t ip4_id_take(struct ip4_ids *ids, uint32_t src, uint32_t dst, uint8_t proto, uint16_t n);
