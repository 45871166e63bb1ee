/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The writer's side of the forwarding table. One thread (the control thread) at a time; readers are
 * never stopped. Prefixes are in host byte order with host bits clear. The RIB is the source of
 * truth: this holds one next hop a prefix and knows nothing of metrics.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "fib/fib.h"

struct rte_rcu_qsbr;

struct fib_conf {
	struct rte_rcu_qsbr *rcu;	/* readers report here; NULL: no reader runs beside an update */
	enum fib_simd simd;
	uint64_t nodes;			/* NUMA nodes of the readers, a bit each; 0: anywhere */
	size_t max_bytes;		/* most lookup memory; 0: 2 GB. At most 8 GB */
	unsigned int batch;		/* retired blocks that share a grace period; 0: 256 */
};

struct fib_stats {
	size_t lookup_bytes;		/* what lookups may touch: direct table and blocks in use */
	size_t lookup_committed;	/* the same with free and retired blocks */
	size_t writer_bytes;		/* slot depths and the set of prefixes */
	uint32_t routes;
	uint32_t narrow, wide;		/* blocks in use or retired */
	uint32_t retired;		/* blocks that wait for readers */
	uint64_t grace_periods;
};

/*
 * -EINVAL: conf out of range; -ENOTSUP: the CPU lacks conf->simd; -ENOMEM. The table must outlive
 * its readers: destroy it only after a grace period in which nobody could find it.
 */
int fib_create(const struct fib_conf *conf, struct fib **out);
void fib_destroy(struct fib *f);

/*
 * Adds the route, or gives it another next hop. -EINVAL: prefix, length or id out of range.
 * -ENOMEM: no more memory, or readers hold what could be reused; the table is as it was.
 */
int fib_add(struct fib *f, uint32_t prefix, unsigned int len, uint32_t nh);

/*
 * -ENOENT: no such route. -ENOMEM (the table is as it was) only where the next hop that
 * comes to light is above 65535 and must be written into blocks of 16-bit slots.
 */
int fib_del(struct fib *f, uint32_t prefix, unsigned int len);

/*
 * An update of this (valid) prefix comes soon: lets the memory that it begins with come in the meantime.
 * Once that is here (FIB_HINT_DEEPER), what it leads to.
 */
enum fib_hint { FIB_HINT_FIRST, FIB_HINT_DEEPER };
void fib_hint(const struct fib *f, uint32_t prefix, unsigned int len, enum fib_hint how);

/* Next hop of exactly this prefix; -ENOENT. */
int fib_get(const struct fib *f, uint32_t prefix, unsigned int len, uint32_t *nh);

/* Frees what readers have left by now; never waits. Updates do it too, so an idle loop may. */
void fib_reclaim(struct fib *f);

void fib_stats(const struct fib *f, struct fib_stats *out);
