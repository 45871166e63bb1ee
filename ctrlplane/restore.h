/* SPDX-License-Identifier: BSD-3-Clause */
/* The way back when a commit fails half-way. */
#pragma once

#include "cp.h"

/*
 * Leads `live` back to the picture `before` (a copy): VLANs and dummies, what is set of links,
 * addresses, routes, rules, permanent neighbours. Ports are their owner's (cp_step.undo), called
 * before this. What the data plane refuses again is logged and left.
 */
void cp_restore(struct cp *live, const struct cp *before);
