/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Taking a kernel interface for skiff alone, and giving it back.
 *
 * Taken, the kernel neither answers on the interface nor sends by itself, while packet sockets
 * still see every frame. An nftables netdev table owned by this process does that and ends with it;
 * what the kernel does not undo by itself (address generation, addresses, routes, up or down, a
 * traffic control filter, an XDP program) is written to a journal in the state folder before it is
 * changed, and undone by takeover_end(), or by takeover_recover() at the next start.
 *
 * Control thread only. Functions return 0 or a negative errno with one sentence in `why`.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

enum {
	TAKEOVER_ADDRESSES = 1 << 0, /* move addresses, routes and neighbours; else refuse them */
	TAKEOVER_XDP = 1 << 1,       /* the driver will attach an XDP program */
	TAKEOVER_BY_TC = 1 << 3,     /* do not try nf_tables */
	TAKEOVER_OWN_EGRESS =
		1 << 2 /* AF_XDP: the driver's frames bypass the egress hook: close it */
};

struct takeover;

struct takeover_why {
	char text[256];
};

/*
 * Takes the interface. `state_dir` must exist. The result belongs to the caller, for
 * takeover_end(). -EBUSY: another skiffd has it, or it is part of a bridge or bond, or has an XDP
 * program; -EADDRINUSE: it has addresses and TAKEOVER_ADDRESSES was not given; -EPERM, -ENODEV, ...
 */
int takeover_begin(const char *iface, unsigned flags, const char *state_dir, struct takeover **out,
	struct takeover_why *why);

/* Gives the interface back as it was and frees `t`. An interface that is gone needs nothing. */
void takeover_end(struct takeover *t);

/*
 * What was moved: rtnetlink messages (RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWNEIGH) as the kernel dumped
 * them, with the kernel's interface index, connected and local routes left out. Each is passed to
 * `fn`, which may look at it during the call only; the walk ends at the first non-zero result.
 */
typedef int (*takeover_moved_fn)(const struct nlmsghdr *message, void *arg);
int takeover_moved(const struct takeover *t, takeover_moved_fn fn, void *arg);

/* How the kernel was silenced: "nft" or "tc". */
const char *takeover_means(const struct takeover *t);

/*
 * Undoes what processes that died left behind in this network namespace. Returns how many
 * interfaces were restored. Journals of living processes are left alone.
 */
int takeover_recover(const char *state_dir);

/* Whether takeover_begin() would refuse: the same sentences, nothing changed. */
int takeover_check(const char *iface, unsigned flags, struct takeover_why *why);
