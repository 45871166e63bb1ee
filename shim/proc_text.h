/* SPDX-License-Identifier: BSD-3-Clause */
/* The texts of /proc/net and /sys/class/net as they would be if the kernel's stack were skiff. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "rtnl.h"

/* /proc/net/NAME into f (NULL: only ask). 1: done; 0: it is the kernel's; -1: errno, ENOENT. */
int proc_net_text(const char *name, FILE *f);
/* The names that exist, by number; NULL after the last. */
const char *proc_net_name(size_t i);

/* /sys/class/net/NAME/ATTR (statistics/rx_packets) into f. 0, or -1: ENOENT. */
int sys_net_text(const struct rtnl_link *l, const char *attr, FILE *f);
const char *sys_net_name(bool statistics, size_t i);
