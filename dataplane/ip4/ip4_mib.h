/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The counters of IPv4, ICMP, UDP and TCP by number, and their sum over workers as the control
 * thread shows it. libc only.
 */
#pragma once

#include <stdint.h>

enum ip4_mib {
#define MIB(group, name, text) MIB_##group##name,
#include "ip4/ip4_mib.def"
#undef MIB
	MIB_COUNT,
};

struct ip4_counters {
	uint64_t mib[MIB_COUNT];
	uint64_t icmp_in_type[256], icmp_out_type[256];
	uint64_t transmits;		/* packets handed to their link: Linux's OutTransmits */
	uint64_t frag_queues, frag_bytes; /* in reassembly */
};
