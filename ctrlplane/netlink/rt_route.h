/* SPDX-License-Identifier: BSD-3-Clause */
/* Between rt_route.c, rt_route_set.c and rt_route_get.c. */
#pragma once

#include "netlink/rtnl.h"

struct rib_route;

/* One route as message; 0, or -EMSGSIZE. */
int rt_put_route(const struct cp *cp, struct nl_msg *m, const struct rib_route *r, uint16_t type,
	uint16_t flags);
