/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adding and deleting routes (fib_update.h), called by the control plane's RIB while workers look
 * up. A route is painted into the slots it is the longest match of: those in its range whose depth
 * says that a shorter (add) or this very route (delete) filled them. Every visible change is one
 * store of one slot, and a block is complete before its slot is stored, so each lookup sees each
 * slot as before or as after. All memory is reserved before the first change.
 */
#include <errno.h>
#include <string.h>
#include "fib/fib_priv.h"

#define LEVELS		4
#define NARROW_NH_MAX	0xffffu

/* Address bits used up once a level's slot is chosen. */
static const uint8_t level_end[LEVELS] = {20, 24, 28, 32};

/* The slots of one block that a route covers, and how it is reached: block[0] is the direct table. */
struct path {
	uint32_t block[LEVELS];
	uint32_t slot[LEVELS];	/* at the last level: first of the range */
	unsigned int last;
	uint32_t count;		/* slots of the range */
};

/* Slots of depth min..max take next hop nh and depth. */
struct paint {
	uint32_t nh;
	uint8_t min, max, depth;
};

static uint32_t slot_get(const struct fib_table *t, uint32_t block, uint32_t i)
{
	const uint32_t *slots = fib_slots(&t->pool, block);

	return fib_is_wide(block) ? slots[i] : ((const uint16_t *)slots)[i];
}

/* Release: a reader that finds a new block finds it complete. */
static void slot_set(struct fib_table *t, uint32_t block, uint32_t i, uint32_t value)
{
	uint32_t *slots = fib_slots(&t->pool, block);

	if (fib_is_wide(block))
		__atomic_store_n(&slots[i], value, __ATOMIC_RELEASE);
	else
		__atomic_store_n((uint16_t *)slots + i, value, __ATOMIC_RELEASE);
}

static void path_init(struct path *p, uint32_t prefix, unsigned int len)
{
	memset(p, 0, sizeof(*p));
	p->last = len <= level_end[0] ? 0 : (len - level_end[0] + FIB_STRIDE - 1) / FIB_STRIDE;
	p->count = 1u << (level_end[p->last] - len);
	p->block[0] = FIB_BLOCK | FIB_WIDE;
	p->slot[0] = prefix >> FIB_TOP_SHIFT;
	for (unsigned int l = 1; l <= p->last; l++)
		p->slot[l] = prefix >> (32 - level_end[l]) & FIB_SLOT_MASK;
}

/* Follows the blocks that exist; answers the level of the last one. */
static unsigned int path_follow(const struct fib_table *t, struct path *p)
{
	unsigned int l;

	for (l = 0; l < p->last; l++) {
		if (fib_depths(&t->pool, p->block[l])[p->slot[l]] != FIB_DEPTH_CHILD)
			break;
		p->block[l + 1] = slot_get(t, p->block[l], p->slot[l]);
	}
	return l;
}

/* Puts a 32-bit copy in place of a block of 16-bit slots. The slot that leads to it stays a child. */
static uint32_t widen(struct fib_table *t, uint32_t parent, uint32_t slot, uint32_t block)
{
	uint32_t wide = fib_pool_take(&t->pool, true), *slots = fib_slots(&t->pool, wide);

	for (uint32_t i = 0; i < FIB_BLOCK_SLOTS; i++)
		slots[i] = slot_get(t, block, i);
	memcpy(fib_depths(&t->pool, wide), fib_depths(&t->pool, block), FIB_BLOCK_SLOTS);
	slot_set(t, parent, slot, wide);
	fib_pool_retire(&t->pool, block);
	return wide;
}

/* Puts a block below a slot, all of its slots as the slot was. */
static uint32_t split(struct fib_table *t, uint32_t parent, uint32_t slot, bool wide)
{
	uint8_t *depth = &fib_depths(&t->pool, parent)[slot];
	uint32_t value = slot_get(t, parent, slot);
	uint32_t block = fib_pool_take(&t->pool, wide || value > NARROW_NH_MAX);
	uint32_t *slots = fib_slots(&t->pool, block);

	if (fib_is_wide(block)) {
		for (uint32_t i = 0; i < FIB_BLOCK_SLOTS; i++)
			slots[i] = value;
	} else {
		for (uint32_t i = 0; i < FIB_BLOCK_SLOTS; i++)
			((uint16_t *)slots)[i] = value;
	}
	memset(fib_depths(&t->pool, block), *depth, FIB_BLOCK_SLOTS);
	slot_set(t, parent, slot, block);
	*depth = FIB_DEPTH_CHILD;
	return block;
}

/* Makes the whole path exist, with a last block that can hold nh. Takes at most p->last blocks. */
static void path_build(struct fib_table *t, struct path *p, uint32_t nh)
{
	for (unsigned int l = 0; l < p->last; l++) {
		bool wide = l + 1 < p->last || nh > NARROW_NH_MAX;
		uint32_t block;

		if (fib_depths(&t->pool, p->block[l])[p->slot[l]] != FIB_DEPTH_CHILD) {
			p->block[l + 1] = split(t, p->block[l], p->slot[l], wide);
			continue;
		}
		block = slot_get(t, p->block[l], p->slot[l]);
		if (wide && !fib_is_wide(block))
			block = widen(t, p->block[l], p->slot[l], block);
		p->block[l + 1] = block;
	}
}

/* Blocks of 16-bit slots at and below a range, which an id above 65535 would have to widen. */
static uint32_t count_narrow(const struct fib_table *t, uint32_t block, uint32_t first, uint32_t n)
{
	const uint8_t *depth = fib_depths(&t->pool, block);
	uint32_t count = 0;

	if (!fib_is_wide(block))
		return 1;
	for (uint32_t i = first; i < first + n; i++) {
		if (depth[i] == FIB_DEPTH_CHILD)
			count += count_narrow(t, slot_get(t, block, i), 0, FIB_BLOCK_SLOTS);
	}
	return count;
}

/* Whether any of a block's worth of slots may be touched: one vector operation, not 16 branches. */
static bool any_to_paint(const uint8_t *depth, const struct paint *p)
{
	uint8_t any = 0, span = p->max - p->min;

	for (uint32_t i = 0; i < FIB_BLOCK_SLOTS; i++)
		any |= ((uint8_t)(depth[i] - p->min) <= span) | (depth[i] == FIB_DEPTH_CHILD);
	return any;
}

/* Blocks below the next slots: a short route's paint would wait for each of them in turn. */
static void prefetch_children(const struct fib_table *t, uint32_t block, uint32_t first)
{
	const uint8_t *depth = fib_depths(&t->pool, block);

	for (uint32_t i = first; i < first + FIB_BLOCK_SLOTS; i++) {
		if (depth[i] == FIB_DEPTH_CHILD) {
			uint32_t child = slot_get(t, block, i);

			__builtin_prefetch(fib_depths(&t->pool, child));
			__builtin_prefetch(fib_slots(&t->pool, child));
		}
	}
}

/* The loops below hold the pointers themselves: a depth byte stored could alias any of t. */
static void paint_narrow(uint16_t *slots, uint8_t *depth, uint32_t n, const struct paint *p)
{
	const struct paint of = *p;

	for (uint32_t i = 0; i < n; i++) {
		if (depth[i] >= of.min && depth[i] <= of.max) {
			__atomic_store_n(&slots[i], (uint16_t)of.nh, __ATOMIC_RELEASE);
			depth[i] = of.depth;
		}
	}
}

static void paint_child(struct fib_table *t, uint32_t block, uint32_t i, const struct paint *p);

static void paint_wide(struct fib_table *t, uint32_t block, uint32_t first, uint32_t n,
	const struct paint *p)
{
	uint32_t *slots = fib_slots(&t->pool, block);
	uint8_t *depth = fib_depths(&t->pool, block);
	const struct paint of = *p;

	for (uint32_t i = first; i < first + n; i++) {
		if (depth[i] == FIB_DEPTH_CHILD) {
			paint_child(t, block, i, p);
		} else if (depth[i] >= of.min && depth[i] <= of.max) {
			__atomic_store_n(&slots[i], of.nh, __ATOMIC_RELEASE);
			depth[i] = of.depth;
		}
	}
}

static void paint(struct fib_table *t, uint32_t block, uint32_t first, uint32_t n,
	const struct paint *p)
{
	uint8_t *depth = fib_depths(&t->pool, block);

	if (!fib_is_wide(block)) {
		paint_narrow((uint16_t *)fib_slots(&t->pool, block) + first, depth + first, n, p);
		return;
	}
	if (n < FIB_BLOCK_SLOTS) {
		paint_wide(t, block, first, n, p);
		return;
	}
	for (uint32_t i = first, last = first + n; i < last; i += FIB_BLOCK_SLOTS) {
		if (i + 2 * FIB_BLOCK_SLOTS < last)
			prefetch_children(t, block, i + 2 * FIB_BLOCK_SLOTS);
		if (any_to_paint(&depth[i], p))
			paint_wide(t, block, i, FIB_BLOCK_SLOTS, p);
	}
}

static void paint_child(struct fib_table *t, uint32_t block, uint32_t i, const struct paint *p)
{
	uint32_t child = slot_get(t, block, i);

	if (p->nh > NARROW_NH_MAX && !fib_is_wide(child))
		child = widen(t, block, i, child);
	if (any_to_paint(fib_depths(&t->pool, child), p))
		paint(t, child, 0, FIB_BLOCK_SLOTS, p);
}

static bool valid(uint32_t prefix, unsigned int len)
{
	return len <= 32 && !(prefix & ~fib_mask(len));
}

int fib_add(struct fib *f, uint32_t prefix, unsigned int len, uint32_t nh)
{
	struct fib_table *t = fib_table_of(f);
	struct paint p = {.nh = nh, .min = 0, .max = len, .depth = len};
	uint32_t blocks;
	struct path path;

	if (!valid(prefix, len) || nh == FIB_NO_ROUTE || nh > FIB_NH_MAX)
		return -EINVAL;
	path_init(&path, prefix, len);
	blocks = path.last;
	if (nh > NARROW_NH_MAX && path_follow(t, &path) == path.last)
		blocks += count_narrow(t, path.block[path.last], path.slot[path.last], path.count);
	if (fib_set_reserve(&t->set) || fib_pool_reserve(&t->pool, blocks))
		return -ENOMEM;

	fib_set_put(&t->set, prefix, len, nh);
	path_build(t, &path, nh);
	paint(t, path.block[path.last], path.slot[path.last], path.count, &p);
	return 0;
}

/*
 * What shows once the route is gone. The other half of the next shorter prefix tells it for nothing
 * if a slot there is not filled by something longer; else the set is asked.
 */
static void find_cover(const struct fib_table *t, const struct path *path, uint32_t prefix,
	unsigned int len, struct paint *p)
{
	uint32_t block = path->block[path->last], beside = path->slot[path->last] ^ path->count;
	unsigned int clen;

	if (!len)
		return;
	if (fib_depths(&t->pool, block)[beside] < len) {
		p->nh = slot_get(t, block, beside);
		p->depth = fib_depths(&t->pool, block)[beside];
	} else if (fib_set_cover(&t->set, prefix, len, &clen, &p->nh)) {
		p->depth = clen;
	} else {
		p->nh = FIB_NO_ROUTE;
	}
}

/* Whether no route longer than len is left in the block: all slots are then alike. */
static bool is_uniform(const uint8_t *depth, unsigned int len)
{
	for (uint32_t i = 0; i < FIB_BLOCK_SLOTS; i++) {
		if (depth[i] > len)
			return false;
	}
	return true;
}

static bool fits_narrow(const struct fib_table *t, uint32_t block)
{
	for (uint32_t i = 0; i < FIB_BLOCK_SLOTS; i++) {
		if (slot_get(t, block, i) > NARROW_NH_MAX)
			return false;
	}
	return true;
}

/* Puts a 16-bit copy in place of a block that needs 32 bits no more; leaves it without memory. */
static void narrow(struct fib_table *t, uint32_t parent, uint32_t slot, uint32_t block)
{
	uint32_t small;
	uint16_t *slots;

	if (!fib_is_wide(block) || !fits_narrow(t, block) || !fib_pool_has_spare(&t->pool))
		return;
	small = fib_pool_take(&t->pool, false);
	slots = (uint16_t *)fib_slots(&t->pool, small);
	for (uint32_t i = 0; i < FIB_BLOCK_SLOTS; i++)
		slots[i] = slot_get(t, block, i);
	memcpy(fib_depths(&t->pool, small), fib_depths(&t->pool, block), FIB_BLOCK_SLOTS);
	slot_set(t, parent, slot, small);
	fib_pool_retire(&t->pool, block);
}

/* Takes away blocks that no longer tell addresses apart, from the last level up. */
static void path_fold(struct fib_table *t, const struct path *p)
{
	for (unsigned int l = p->last; l; l--) {
		uint32_t block = p->block[l], parent = p->block[l - 1];
		uint8_t *depth = fib_depths(&t->pool, block);

		if (!is_uniform(depth, level_end[l - 1])) {
			narrow(t, parent, p->slot[l - 1], block);
			return;
		}
		slot_set(t, parent, p->slot[l - 1], slot_get(t, block, 0));
		fib_depths(&t->pool, parent)[p->slot[l - 1]] = depth[0];
		fib_pool_retire(&t->pool, block);
	}
}

int fib_del(struct fib *f, uint32_t prefix, unsigned int len)
{
	struct fib_table *t = fib_table_of(f);
	struct paint p = {.min = len, .max = len};
	uint32_t blocks = 0, old;
	struct path path;

	if (!valid(prefix, len) || !fib_set_get(&t->set, prefix, len, &old))
		return -ENOENT;
	path_init(&path, prefix, len);
	path_follow(t, &path);
	find_cover(t, &path, prefix, len, &p);
	if (p.nh > NARROW_NH_MAX)
		blocks = count_narrow(t, path.block[path.last], path.slot[path.last], path.count);
	if (fib_pool_reserve(&t->pool, blocks))
		return -ENOMEM;

	if (blocks)
		path_build(t, &path, p.nh);
	paint(t, path.block[path.last], path.slot[path.last], path.count, &p);
	path_fold(t, &path);
	fib_set_remove(&t->set, prefix, len);
	return 0;
}

void fib_hint(const struct fib *f, uint32_t prefix, unsigned int len, enum fib_hint how)
{
	const struct fib_table *t = fib_table_of((struct fib *)(uintptr_t)f);
	const uint32_t top = FIB_BLOCK | FIB_WIDE, slot = prefix >> FIB_TOP_SHIFT;

	if (how == FIB_HINT_FIRST) {
		fib_set_hint(&t->set, prefix, len);
		__builtin_prefetch(&fib_depths(&t->pool, top)[slot]);
		__builtin_prefetch(&fib_slots(&t->pool, top)[slot]);
	} else if (fib_depths(&t->pool, top)[slot] == FIB_DEPTH_CHILD) {
		uint32_t child = slot_get(t, top, slot);

		__builtin_prefetch(fib_depths(&t->pool, child));
		__builtin_prefetch(fib_slots(&t->pool, child));
	}
}

int fib_get(const struct fib *f, uint32_t prefix, unsigned int len, uint32_t *nh)
{
	if (!valid(prefix, len) || !fib_set_get(&fib_table_of(f)->set, prefix, len, nh))
		return -ENOENT;
	return 0;
}
