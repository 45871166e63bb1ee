/* SPDX-License-Identifier: BSD-3-Clause */
/* sock_diag, what `ss` asks: the sockets of skiff's own stack. */
#pragma once

#include "netlink/nl_server.h"

extern const struct nl_family sock_diag;
