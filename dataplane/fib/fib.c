/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Birth and death of a forwarding table, its figures, and the choice of the bulk lookup. Called by
 * the control plane, which makes one table per routing table and hands workers the struct fib.
 */
#include <errno.h>
#include <stdlib.h>
#include "fib/fib_mem.h"
#include "fib/fib_priv.h"

#define DEFAULT_BYTES	((size_t)2 << 30)
#define MOST_BYTES	((size_t)8 << 30)	/* slots hold a 31-bit distance in words */
#define LEAST_BYTES	((size_t)6 << 20)	/* direct table and one step of blocks */

fib_bulk_fn *fib_bulk_impl(enum fib_simd simd)
{
#ifdef __x86_64__
	bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
	bool avx2 = __builtin_cpu_supports("avx2");
#endif

	switch (simd) {
#ifdef __x86_64__
	case FIB_SIMD_AUTO:
		return avx512 ? fib_bulk_avx512 : avx2 ? fib_bulk_avx2 : fib_bulk_scalar;
	case FIB_SIMD_AVX2:
		return avx2 ? fib_bulk_avx2 : NULL;
	case FIB_SIMD_AVX512:
		return avx512 ? fib_bulk_avx512 : NULL;
#else
	case FIB_SIMD_AUTO:
#endif
	case FIB_SIMD_SCALAR:
		return fib_bulk_scalar;
	default:
		return NULL;
	}
}

int fib_create(const struct fib_conf *conf, struct fib **out)
{
	size_t bytes = conf->max_bytes ? conf->max_bytes : DEFAULT_BYTES;
	struct fib_table *t;

	if (bytes < LEAST_BYTES || bytes > MOST_BYTES)
		return -EINVAL;
	if (!fib_bulk_impl(conf->simd))
		return -ENOTSUP;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	if (fib_pool_init(&t->pool, conf, bytes))
		goto no_pool;
	if (fib_set_init(&t->set))
		goto no_set;
	t->fib.base = t->pool.base;
	t->fib.bulk = fib_bulk_impl(conf->simd);
	*out = &t->fib;
	return 0;
no_set:
	fib_pool_fini(&t->pool);
no_pool:
	free(t);
	return -ENOMEM;
}

void fib_destroy(struct fib *f)
{
	struct fib_table *t = fib_table_of(f);

	if (!f)
		return;
	fib_set_fini(&t->set);
	fib_pool_fini(&t->pool);
	free(t);
}

void fib_reclaim(struct fib *f)
{
	fib_pool_reclaim(&fib_table_of(f)->pool);
}

void fib_stats(const struct fib *f, struct fib_stats *out)
{
	const struct fib_table *t = fib_table_of(f);
	const struct fib_pool *p = &t->pool;

	*out = (struct fib_stats){
		.lookup_bytes = FIB_TOP_SLOTS * sizeof(uint32_t) + (size_t)p->wide * 64 +
			(size_t)p->narrow * 32,
		.lookup_committed = p->committed * sizeof(uint32_t),
		.writer_bytes = p->depth_committed + fib_set_bytes(&t->set) + sizeof(*t),
		.routes = t->set.used,
		.narrow = p->narrow,
		.wide = p->wide,
		.retired = p->open.count + p->waiting.count,
		.grace_periods = p->grace_periods,
	};
}
