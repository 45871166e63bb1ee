/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files that change the table: netdev.c, netdev_update.c, netdev_set.c, netdev_hw_addr.c. */
#pragma once

#include "dev/netdev_update.h"

bool netdev_valid_name(const char *name);
int netdev_pick_name(const struct dp *dp, const char *pattern, char name[NETDEV_NAME]);
int netdev_notify(struct dp *dp, struct netdev *dev, enum netdev_event event);
/* SG without checksum is off, TSO without SG is off; FEAT_CHANGE where that changed something. */
uint32_t netdev_sane_features(uint32_t features);
/* Linux's rfc2863_policy: operstate and IFF_RUNNING from state and flags. */
void netdev_operstate(struct netdev *dev);
/* Tell the driver of a running interface that promiscuity or a list of addresses changed. */
void netdev_rx_mode(struct dp *dp, struct netdev *dev);
/*
 * Addresses of a running VLAN, or of those on top of dev, that are not their devices': into the
 * devices' lists (on), or out of them, before and after an address changes or a VLAN opens or closes.
 */
void netdev_uc_sync(struct dp *dp, struct netdev *dev, bool on);
void netdev_hw_addr_free(struct netdev *dev);
