/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notifications, as the model asks for them and netlink/ sends them. All do nothing where nobody
 * listens; inside a request they carry its pid and seq.
 */
#pragma once

#include "addrs.h"
#include "neigh.h"
#include "rib.h"
#include "rules.h"

void cp_notify_link(struct cp *cp, const struct cp_link *l, uint16_t type, uint32_t change);
void cp_notify_addr(struct cp *cp, const struct cp_addr *a, uint16_t type);
void cp_notify_route(struct cp *cp, const struct rib_route *r, uint16_t type, uint16_t flags);
void cp_notify_neigh(struct cp *cp, const struct cp_neigh *n, uint16_t type);
void cp_notify_rule(struct cp *cp, const struct cp_rule *r, uint16_t type);
void cp_notify_netconf(struct cp *cp, const struct cp_link *l, uint16_t type);
/* Forwarding alone changed, of a link or (NETCONFA_IFINDEX_*) of `all` or the default. */
void cp_notify_forwarding(struct cp *cp, int32_t ifindex, const struct cp_conf *c);
