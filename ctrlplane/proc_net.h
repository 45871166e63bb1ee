/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters in the words of Linux's /proc/net: snmp, netstat, sockstat, sockstat6. No DPDK. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "ip4/ip4_mib.h"

/* What is no counter. */
struct proc_net_conf {
	bool forwarding;
	unsigned int default_ttl;
};

/* Is there such a file? */
bool proc_net_has(const char *name);
#define PROC_NET_NAMES "snmp, netstat, sockstat, sockstat6"

void proc_net_add(struct ip4_counters *sum, const struct ip4_counters *c);
/* `name` is one that proc_net_has(). */
void proc_net_print(FILE *f, const char *name, const struct ip4_counters *sum,
	const struct proc_net_conf *conf);
