/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the files takeover*.c share. */

#include <net/if.h>
#include <sys/types.h>

#include <libmnl/libmnl.h>

#include "takeover.h"

/* takeover_netlink.c */
struct mnl_socket *takeover_socket(int bus);
int takeover_ask(struct mnl_socket *nl, struct nlmsghdr *n); /* waits for the ACK */
int takeover_dump(struct mnl_socket *nl, int type, int family, mnl_cb_t cb, void *arg);

/* What was there before; the journal is this and the messages. */
struct takeover_before {
	char iface[IFNAMSIZ];
	int ifindex;
	bool was_up;
	int gen_mode; /* IFLA_INET6_ADDR_GEN_MODE, -1: no IPv6 */
	bool tc, xdp; /* ours to remove */
};

struct takeover_messages {
	uint8_t *data; /* netlink messages one after another */
	size_t len, room;
	bool failed; /* no memory */
};

void takeover_keep(struct takeover_messages *m, const struct nlmsghdr *n);

/* takeover_journal.c: the returned descriptor holds the lock that says "alive". */
int takeover_journal_write(
	const char *dir, const struct takeover_before *b, const struct takeover_messages *m);
int takeover_journal_read(int fd, struct takeover_before *b, struct takeover_messages *m);
void takeover_journal_path(char *path, size_t len, const char *dir, const char *iface);

/* takeover_silence.c */
int takeover_nft(struct mnl_socket *nl, const char *iface, bool egress);
int takeover_tcx(int ifindex);
int takeover_tc(struct mnl_socket *rt, int ifindex, bool on, bool egress);
