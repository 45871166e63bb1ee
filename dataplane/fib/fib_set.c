/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The set of prefixes behind fib_add, fib_del and fib_get: an open-addressing hash of 8-byte cells,
 * so that an update costs about one cache miss here. Prefix and length share 33 bits: the prefix,
 * then a one that marks where it ends. Linear probing, at most 3/4 full, deletion by moving back.
 */
#include <errno.h>
#include "fib/fib_mem.h"
#include "fib/fib_set.h"

#define NH_BITS		31
#define NH_MASK		((UINT64_C(1) << NH_BITS) - 1)
#define MIN_BITS	18	/* one huge page */

static uint64_t make_key(uint32_t prefix, unsigned int len)
{
	return ((uint64_t)prefix << 1 | UINT64_C(1) << (32 - len)) << NH_BITS;
}

static size_t home(const struct fib_set *s, uint64_t cell)
{
	return (cell >> NH_BITS) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - s->bits);
}

static size_t cells_bytes(unsigned int bits)
{
	return sizeof(uint64_t) << bits;
}

/* The cell that holds the key, or the empty one where it would go. */
static size_t find(const struct fib_set *s, uint64_t key)
{
	size_t mask = ((size_t)1 << s->bits) - 1, i = home(s, key);

	while (s->cell[i] && (s->cell[i] & ~NH_MASK) != key)
		i = (i + 1) & mask;
	return i;
}

static int resize(struct fib_set *s, unsigned int bits)
{
	struct fib_set next = {.bits = bits, .used = s->used};

	next.cell = fib_mem_reserve(cells_bytes(bits), 0);
	if (!next.cell)
		return -ENOMEM;
	if (fib_mem_commit(next.cell, 0, cells_bytes(bits))) {
		fib_mem_release(next.cell, cells_bytes(bits));
		return -ENOMEM;
	}
	for (size_t i = 0; s->cell && i < (size_t)1 << s->bits; i++) {
		if (s->cell[i])
			next.cell[find(&next, s->cell[i] & ~NH_MASK)] = s->cell[i];
	}
	fib_mem_release(s->cell, cells_bytes(s->bits));
	s->cell = next.cell;
	s->bits = bits;
	return 0;
}

int fib_set_init(struct fib_set *s)
{
	*s = (struct fib_set){0};
	return resize(s, MIN_BITS);
}

void fib_set_fini(struct fib_set *s)
{
	fib_mem_release(s->cell, cells_bytes(s->bits));
}

int fib_set_reserve(struct fib_set *s)
{
	size_t cells = (size_t)1 << s->bits;

	return s->used + 1 > cells - cells / 4 ? resize(s, s->bits + 1) : 0;
}

void fib_set_put(struct fib_set *s, uint32_t prefix, unsigned int len, uint32_t nh)
{
	uint64_t key = make_key(prefix, len);
	size_t i = find(s, key);

	if (!s->cell[i]) {
		s->used++;
		s->of_len[len]++;
	}
	s->cell[i] = key | nh;
}

bool fib_set_get(const struct fib_set *s, uint32_t prefix, unsigned int len, uint32_t *nh)
{
	uint64_t cell = s->cell[find(s, make_key(prefix, len))];

	*nh = cell & NH_MASK;
	return cell;
}

void fib_set_hint(const struct fib_set *s, uint32_t prefix, unsigned int len)
{
	__builtin_prefetch(&s->cell[home(s, make_key(prefix, len))]);
}

void fib_set_remove(struct fib_set *s, uint32_t prefix, unsigned int len)
{
	size_t mask = ((size_t)1 << s->bits) - 1, hole = find(s, make_key(prefix, len));

	if (!s->cell[hole])
		return;
	/* A later cell of the run moves into the hole unless its home lies behind the hole. */
	for (size_t i = (hole + 1) & mask; s->cell[i]; i = (i + 1) & mask) {
		if (((i - home(s, s->cell[i])) & mask) >= ((i - hole) & mask)) {
			s->cell[hole] = s->cell[i];
			hole = i;
		}
	}
	s->cell[hole] = 0;
	s->used--;
	s->of_len[len]--;
	/* Without memory for a smaller set the larger one serves as well. */
	if (s->bits > MIN_BITS && s->used < (size_t)1 << (s->bits - 3))
		(void)resize(s, s->bits - 1);
}

bool fib_set_cover(const struct fib_set *s, uint32_t prefix, unsigned int len, unsigned int *clen,
	uint32_t *nh)
{
	while (len--) {
		if (s->of_len[len] && fib_set_get(s, prefix & fib_mask(len), len, nh)) {
			*clen = len;
			return true;
		}
	}
	return false;
}

size_t fib_set_bytes(const struct fib_set *s)
{
	return cells_bytes(s->bits);
}
