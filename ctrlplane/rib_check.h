/* SPDX-License-Identifier: BSD-3-Clause */
/* The checks of a new route's shared part. */
#pragma once

#include "rib.h"

/*
 * Fills fi (all but metrics and hash) from the request, next hops resolved: devices found,
 * gateways reachable on-link. Linux's errno and sentence. fi->many is the caller's to free, also
 * on an error, where n_nh > 1.
 */
int rib_check(struct cp *cp, const struct rib_cfg *cfg, struct rib_info *fi);
