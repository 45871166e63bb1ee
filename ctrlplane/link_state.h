/* SPDX-License-Identifier: BSD-3-Clause */
/* Between links.c and link_set.c. */
#pragma once

#include "links.h"

/* Slots that links but lo may have: 0 is nobody's, the data plane's last one is its loopback's. */
#define CP_LINK_SLOT_MIN 1u
#define CP_LINK_SLOT_MAX (CP_LINK_MAX - 2u)

bool cp_link_name_valid(const char *name);
/* The first operstate of a new link. */
void link_state_init(struct cp *cp, struct cp_link *l);
/* Up, with carrier: what a VLAN on it takes as its own carrier. */
bool link_operates(const struct cp_link *l);
