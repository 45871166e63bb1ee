/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shares of a next-hop group (RFC 2992 asks that a change moves few flows): FIB_GROUP_SLOTS slots
 * are divided by weight, largest remainders first, and a member keeps the slots it has as far as
 * its share reaches; only what somebody must give up is handed to who must gain.
 */
#include "fib/nexthop_update.h"

#include <errno.h>
#include <string.h>

/* Shares that add up to FIB_GROUP_SLOTS; a member of weight > 0 gets at least one. */
static int shares(const uint32_t *weight, uint32_t n, uint32_t *share)
{
	uint64_t total = 0, rest[FIB_GROUP_SLOTS];
	uint32_t left = FIB_GROUP_SLOTS, used = 0;

	for (uint32_t i = 0; i < n; i++) {
		total += weight[i];
		used += weight[i] > 0;
	}
	if (!total || used > FIB_GROUP_SLOTS)
		return -EINVAL;
	left -= used; /* one each; the others by weight */
	for (uint32_t i = 0; i < n; i++) {
		uint64_t exact = (uint64_t)weight[i] * FIB_GROUP_SLOTS;
		uint64_t whole = exact / total;
		uint32_t more = weight[i] && whole > 1 ? (uint32_t)whole - 1 : 0;

		if (more > left)
			more = left;
		share[i] = (weight[i] > 0) + more;
		rest[i] = whole >= 1 ? exact % total : 0;
		left -= more;
	}
	while (left) {
		uint32_t best = 0;

		for (uint32_t i = 1; i < n; i++)
			if (rest[i] > rest[best])
				best = i;
		if (!rest[best]) /* all remainders are served: the heaviest takes what is left */
			for (uint32_t i = 1; i < n; i++)
				if (weight[i] > weight[best])
					best = i;
		share[best]++;
		rest[best] = 0;
		left--;
	}
	return 0;
}

int fib_nh_group_fill(struct fib_nh_group *group, const uint32_t *id, const uint32_t *weight,
	uint32_t n)
{
	uint32_t share[FIB_GROUP_SLOTS], next = 0;

	if (!n || n > FIB_GROUP_SLOTS || shares(weight, n, share))
		return -EINVAL;
	/* keep what may stay, mark the others free */
	for (uint32_t s = 0; s < FIB_GROUP_SLOTS; s++) {
		uint32_t i = 0;

		while (i < n && (id[i] != group->id[s] || !share[i]))
			i++;
		if (i < n)
			share[i]--;
		else
			group->id[s] = 0;
	}
	for (uint32_t s = 0; s < FIB_GROUP_SLOTS; s++) {
		if (group->id[s])
			continue;
		/* in turn, so that a member's slots are spread */
		while (!share[next])
			next = (next + 1) % n;
		group->id[s] = id[next];
		share[next]--;
		next = (next + 1) % n;
	}
	group->n = n;
	return 0;
}
