/* SPDX-License-Identifier: BSD-3-Clause */
/* What a shadow accepted, in order, to be played into the live instance (cp_commit). */
#pragma once

#include <linux/netlink.h>
#include "cp.h"

/* A request that changed the shadow is noted; on an instance without journal nothing happens. */
int cp_journal_request(struct cp *cp, const struct nlmsghdr *nlh);
void cp_journal_free(struct cp_journal *j);
