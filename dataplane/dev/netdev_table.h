/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files that change the table: netdev.c, netdev_update.c, netdev_set.c. */
#pragma once

#include "dev/netdev_update.h"

bool netdev_valid_name(const char *name);
int netdev_pick_name(const struct dp *dp, const char *pattern, char name[NETDEV_NAME]);
int netdev_notify(struct dp *dp, struct netdev *dev, enum netdev_event event);
/* SG without checksum is off, TSO without SG is off; FEAT_CHANGE where that changed something. */
uint32_t netdev_sane_features(uint32_t features);
/* Linux's rfc2863_policy: operstate and IFF_RUNNING from state and flags. */
void netdev_operstate(struct netdev *dev);
