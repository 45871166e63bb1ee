/* SPDX-License-Identifier: BSD-3-Clause */
/* Between links.c and link_set.c. */
#pragma once

#include "links.h"

/* The data plane's slot 1 is the loopback's. */
#define CP_LINK_SLOT_MIN 2u

bool cp_link_name_valid(const char *name);
/* The first operstate of a new link. */
void link_state_init(struct cp *cp, struct cp_link *l);
/* Up, with carrier: what a VLAN on it takes as its own carrier. */
bool link_operates(const struct cp_link *l);
