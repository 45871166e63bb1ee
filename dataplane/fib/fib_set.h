/* SPDX-License-Identifier: BSD-3-Clause */
/* The writer's own set of prefixes: which routes exist, and which covers one that goes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fib_set {
	uint64_t *cell;		/* 0: empty, else 33 bits of prefix and length, 31 of next hop */
	unsigned int bits;	/* 2^bits cells */
	uint32_t used;
	uint32_t of_len[33];	/* routes by length: lengths nobody uses are not searched */
};

int fib_set_init(struct fib_set *s);
void fib_set_fini(struct fib_set *s);

/* After 0, one fib_set_put cannot fail. -ENOMEM leaves the set as it was. */
int fib_set_reserve(struct fib_set *s);
void fib_set_put(struct fib_set *s, uint32_t prefix, unsigned int len, uint32_t nh);
bool fib_set_get(const struct fib_set *s, uint32_t prefix, unsigned int len, uint32_t *nh);
/* The cell will be asked for soon. */
void fib_set_hint(const struct fib_set *s, uint32_t prefix, unsigned int len);
void fib_set_remove(struct fib_set *s, uint32_t prefix, unsigned int len);

/* The longest prefix shorter than len that covers prefix: its length and next hop. */
bool fib_set_cover(const struct fib_set *s, uint32_t prefix, unsigned int len, unsigned int *clen,
	uint32_t *nh);

size_t fib_set_bytes(const struct fib_set *s);

static inline uint32_t fib_mask(unsigned int len)
{
	return len ? ~UINT32_C(0) << (32 - len) : 0;
}
