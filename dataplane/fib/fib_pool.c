/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Block memory of a forwarding table: fib_update takes and retires, readers only load. Wide blocks
 * are 16 words, narrow ones 8 and the halves of a wide one; two free halves join again. Retired
 * blocks gather into a batch; when it is full and the batch before it is through its grace period,
 * one token starts the next. So a route costs a small part of a grace period, and none is waited
 * for except when memory runs out.
 */
#include <errno.h>
#include <string.h>
#include <rte_rcu_qsbr.h>
#include "fib/fib_mem.h"
#include "fib/fib_pool.h"
#include "fib/fib_update.h"

#define WIDE_WORDS	16u
#define NARROW_WORDS	8u
#define STEP_WORDS	((uint32_t)(FIB_MEM_STEP / sizeof(uint32_t)))
#define BATCH		256u
#define WAIT_POLLS	(1u << 16) /* how often a full pool looks for readers: some 5 ms */
#define TAG_FREE	0xfefefefeu /* no four depths of slots in use read so */

/* What the depth bytes of a block without users hold. */
struct idle {
	uint32_t next, prev;	/* offsets; retired blocks use `next`, there the slot value */
	uint32_t tag;
	uint32_t spare;
};

static struct idle *idle_of(const struct fib_pool *p, uint32_t offset)
{
	return (struct idle *)fib_depths(p, offset);
}

static size_t depth_bytes(uint32_t words)
{
	return FIB_TOP_SLOTS + (size_t)(words - FIB_TOP_SLOTS) * 2;
}

int fib_pool_init(struct fib_pool *p, const struct fib_conf *conf, size_t max_bytes)
{
	size_t top = FIB_TOP_SLOTS * sizeof(uint32_t);

	memset(p, 0, sizeof(*p));
	p->rcu = conf->rcu;
	p->batch = conf->batch ? conf->batch : BATCH;
	p->limit = max_bytes / FIB_MEM_STEP * STEP_WORDS;
	p->base = fib_mem_reserve(p->limit * sizeof(uint32_t), conf->nodes);
	p->depth = fib_mem_reserve(depth_bytes(p->limit) + FIB_MEM_STEP, 0);
	if (!p->base || !p->depth || fib_mem_commit(p->base, 0, top) ||
		fib_mem_commit(p->depth, 0, FIB_MEM_STEP)) {
		fib_pool_fini(p);
		return -ENOMEM;
	}
	p->committed = p->next = FIB_TOP_SLOTS;
	p->depth_committed = FIB_MEM_STEP;
	return 0;
}

void fib_pool_fini(struct fib_pool *p)
{
	fib_mem_release(p->base, p->limit * sizeof(uint32_t));
	fib_mem_release(p->depth, depth_bytes(p->limit) + FIB_MEM_STEP);
}

static void push(struct fib_pool *p, uint32_t *head, uint32_t *count, uint32_t offset)
{
	struct idle *b = idle_of(p, offset);

	*b = (struct idle){.next = *head, .tag = TAG_FREE};
	if (*head)
		idle_of(p, *head)->prev = offset;
	*head = offset;
	++*count;
}

static void unlink_free(struct fib_pool *p, uint32_t *head, uint32_t *count, uint32_t offset)
{
	struct idle *b = idle_of(p, offset);

	if (b->prev)
		idle_of(p, b->prev)->next = b->next;
	else
		*head = b->next;
	if (b->next)
		idle_of(p, b->next)->prev = b->prev;
	b->tag = 0;
	--*count;
}

static bool is_free_narrow(const struct fib_pool *p, uint32_t offset)
{
	return idle_of(p, offset)->tag == TAG_FREE;
}

static void free_block(struct fib_pool *p, uint32_t block)
{
	uint32_t offset = block & FIB_OFFSET, buddy = offset ^ NARROW_WORDS;

	if (!fib_is_wide(block)) {
		p->narrow--;
		if (!is_free_narrow(p, buddy)) {
			push(p, &p->free_narrow, &p->nfree_narrow, offset);
			return;
		}
		unlink_free(p, &p->free_narrow, &p->nfree_narrow, buddy);
		offset &= ~NARROW_WORDS;
	} else {
		p->wide--;
	}
	push(p, &p->free_wide, &p->nfree_wide, offset);
}

static bool period_over(struct fib_pool *p)
{
	return !p->rcu || rte_rcu_qsbr_check(p->rcu, p->token, false) == 1;
}

static void free_waiting(struct fib_pool *p)
{
	uint32_t block = p->waiting.head, next;

	for (; block; block = next) {
		next = idle_of(p, block)->next;
		free_block(p, block);
	}
	p->waiting = (struct fib_retired){0};
}

void fib_pool_reclaim(struct fib_pool *p)
{
	if (p->waiting.count && period_over(p))
		free_waiting(p);
	if (p->waiting.count || !p->open.count)
		return;
	p->waiting = p->open;
	p->open = (struct fib_retired){0};
	p->grace_periods++;
	if (p->rcu)
		p->token = rte_rcu_qsbr_start(p->rcu);
	if (period_over(p))
		free_waiting(p);
}

void fib_pool_retire(struct fib_pool *p, uint32_t block)
{
	*idle_of(p, block) = (struct idle){.next = p->open.head};
	p->open.head = block;
	if (++p->open.count >= p->batch || !p->rcu)
		fib_pool_reclaim(p);
}

static uint32_t spare_blocks(const struct fib_pool *p)
{
	return p->nfree_wide + (p->committed - p->next) / WIDE_WORDS;
}

bool fib_pool_has_spare(const struct fib_pool *p)
{
	return spare_blocks(p) > 0;
}

static int grow(struct fib_pool *p)
{
	uint32_t to = p->committed + STEP_WORDS;
	size_t depth_to = depth_bytes(to);

	if (to > p->limit)
		return -ENOMEM;
	if (depth_to > p->depth_committed) {
		if (fib_mem_commit(p->depth, p->depth_committed, p->depth_committed + FIB_MEM_STEP))
			return -ENOMEM;
		p->depth_committed += FIB_MEM_STEP;
	}
	if (fib_mem_commit(p->base, p->committed * sizeof(uint32_t), to * sizeof(uint32_t)))
		return -ENOMEM;
	p->committed = to;
	return 0;
}

/* All memory is in use or retired: readers get a bounded time to let go of what is retired. */
static int wait_for_readers(struct fib_pool *p, uint32_t n)
{
	for (unsigned int i = 0; i < WAIT_POLLS; i++) {
		fib_pool_reclaim(p);
		if (spare_blocks(p) >= n)
			return 0;
		if (!p->open.count && !p->waiting.count)
			return -ENOMEM;
		rte_pause();
	}
	return -ENOMEM;
}

int fib_pool_reserve(struct fib_pool *p, uint32_t n)
{
	if (spare_blocks(p) >= n)
		return 0;
	fib_pool_reclaim(p);
	while (spare_blocks(p) < n) {
		if (grow(p))
			return wait_for_readers(p, n);
	}
	return 0;
}

static uint32_t take_wide(struct fib_pool *p)
{
	uint32_t offset = p->free_wide;

	if (offset) {
		unlink_free(p, &p->free_wide, &p->nfree_wide, offset);
		return offset;
	}
	offset = p->next;
	p->next += WIDE_WORDS;
	return offset;
}

uint32_t fib_pool_take(struct fib_pool *p, bool wide)
{
	uint32_t offset = p->free_narrow;

	if (wide) {
		p->wide++;
		return FIB_BLOCK | FIB_WIDE | take_wide(p);
	}
	p->narrow++;
	if (offset) {
		unlink_free(p, &p->free_narrow, &p->nfree_narrow, offset);
	} else {
		offset = take_wide(p);
		push(p, &p->free_narrow, &p->nfree_narrow, offset + NARROW_WORDS);
	}
	return FIB_BLOCK | offset;
}
