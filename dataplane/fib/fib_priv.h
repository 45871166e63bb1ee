/* SPDX-License-Identifier: BSD-3-Clause */
/* One forwarding table as its writer sees it, and the bulk lookups to choose from. */
#pragma once

#include "fib/fib_pool.h"
#include "fib/fib_set.h"
#include "fib/fib_update.h"

struct fib_table {
	struct fib fib;		/* what readers get */
	struct fib_pool pool;
	struct fib_set set;
};

static inline struct fib_table *fib_table_of(const struct fib *f)
{
	return (struct fib_table *)(uintptr_t)f;
}

fib_bulk_fn fib_bulk_scalar, fib_bulk_avx2, fib_bulk_avx512;
