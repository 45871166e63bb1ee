/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is this address perhaps one of this host's own? Asked of every packet's source, so it must cost
 * next to nothing: a filter of 4096 bits that lies in L1. A clear bit is certain, a set one means
 * that the FIB has to be asked. Readers need nothing but the pointer; one writer.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/dp.h"

#define FIB_LOCALS_BITS 12

struct fib_locals {
	_Atomic uint64_t bit[(1 << FIB_LOCALS_BITS) / 64];
	uint32_t count[1 << FIB_LOCALS_BITS]; /* addresses behind each bit: the writer's */
};

/* addr in host order. */
static inline bool fib_maybe_local(const struct fib_locals *l, uint32_t addr)
{
	uint32_t h = (addr * UINT32_C(0x9E3779B1)) >> (32 - FIB_LOCALS_BITS);

	return atomic_load_explicit(&l->bit[h / 64], memory_order_relaxed) >> (h % 64) & 1;
}

/* Control thread: keep the filter of dp->rules from now on. 0 or -ENOMEM; fini after the workers. */
int fib_locals_init(struct dp *dp);
void fib_locals_fini(struct dp *dp);

/*
 * Control thread: an address got, or lost, a route of type LOCAL or BROADCAST in some table. Each
 * del has had its add; add before the route is there, del after it is gone.
 */
void fib_locals_add(struct dp *dp, uint32_t addr);
void fib_locals_del(struct dp *dp, uint32_t addr);

/* Control thread: there are whole ranges of own addresses: from now on every source is looked up. */
void fib_locals_disable(struct dp *dp);
