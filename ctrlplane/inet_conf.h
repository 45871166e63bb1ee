/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net.ipv4.conf: `all`, `default` and each link. As in Linux, forwarding is the link's own value,
 * send_redirects and log_martians hold where `all` or the link says so, accept_source_route where
 * both do; the data plane puts them together (enum netdev_inet, struct dp_conf).
 */
#pragma once

#include "links.h"

struct cp_conf_key {
	const char *name;
	int devconf;		/* IPV4_DEVCONF_* */
	uint32_t max;		/* largest value that is served */
	const char *only;	/* why not more than max; NULL: any other value is like 1 */
};

/* Ended by a name of NULL. */
extern const struct cp_conf_key cp_conf_keys[];
const struct cp_conf_key *cp_conf_key(const char *name);

/* Whose value: */
#define CP_CONF_ALL INT64_C(-1)
#define CP_CONF_DEFAULT INT64_C(-2)

/* NULL: no such link. who: an ifindex, or one of the above. */
struct cp_conf *cp_conf_of(struct cp *cp, int64_t who);

/* As writing to /proc/sys/net/ipv4/conf/WHO/KEY. -ENODEV, -EINVAL with cp->why. */
int cp_conf_set(struct cp *cp, int64_t who, const struct cp_conf_key *k, uint32_t value);

/* Brings everything to the data plane: after a link came, after a transaction was undone. */
void cp_conf_program(struct cp *cp);
void cp_conf_restore(struct cp *live, const struct cp *before);
