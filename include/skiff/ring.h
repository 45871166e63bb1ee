/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring of bytes in shared memory, one producer and one consumer, that carries frames. A frame
 * is a struct skiff_frame and its bytes, padded to 8; a message larger than SKIFF_FRAME_MAX goes
 * in several frames, all but the last marked MORE.
 *
 * head and tail count bytes for ever and are never masked in shared memory. Neither side trusts
 * the other's counter: a distance of more than the ring, or a frame that does not lie within what
 * was published, is -EPROTO, and no index that the peer writes can make a copy leave the ring.
 * A side that must not trust even its own counter in shared memory (skiffd) keeps it in `pos`.
 */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* One frame carries at most this much, so that a big message overlaps writing and reading. */
#define SKIFF_FRAME_MAX 32768u

#define SKIFF_FRAME_MORE 0x1u /* the message goes on in the next frame */

struct skiff_frame {
	uint32_t len; /* of the bytes that follow, without padding */
	uint16_t kind;
	uint16_t flags;
};
static_assert(sizeof(struct skiff_frame) == 8, "ABI");

/* One side's view of a ring. `size` is a power of two and comes from a trusted place. */
struct skiff_ring {
	uint8_t *data;
	uint32_t size;
	_Atomic uint64_t *head; /* written by the producer */
	_Atomic uint64_t *tail; /* written by the consumer */
};

static inline uint32_t skiff_frame_space(uint32_t len)
{
	return (uint32_t)sizeof(struct skiff_frame) + ((len + 7u) & ~7u);
}

static inline void skiff_ring_copy_in(const struct skiff_ring *r, uint64_t pos, const void *src,
	uint32_t n)
{
	uint32_t at = (uint32_t)pos & (r->size - 1);
	uint32_t first = r->size - at < n ? r->size - at : n;

	if (n == 0)
		return;
	memcpy(r->data + at, src, first);
	memcpy(r->data, (const uint8_t *)src + first, n - first);
}

static inline void skiff_ring_copy_out(const struct skiff_ring *r, uint64_t pos, void *dst,
	uint32_t n)
{
	uint32_t at = (uint32_t)pos & (r->size - 1);
	uint32_t first = r->size - at < n ? r->size - at : n;

	if (n == 0)
		return;
	memcpy(dst, r->data + at, first);
	memcpy((uint8_t *)dst + first, r->data, n - first);
}

/* Producer at `pos`: bytes that can be written now, or -EPROTO. */
static inline int64_t skiff_ring_room(const struct skiff_ring *r, uint64_t pos)
{
	uint64_t used = pos - atomic_load_explicit(r->tail, memory_order_acquire);

	return used > r->size ? -EPROTO : (int64_t)(r->size - used);
}

/* Consumer at `pos`: bytes published and not yet consumed, or -EPROTO. */
static inline int64_t skiff_ring_used(const struct skiff_ring *r, uint64_t pos)
{
	uint64_t used = atomic_load_explicit(r->head, memory_order_acquire) - pos;

	return used > r->size || (used & 7) != 0 ? -EPROTO : (int64_t)used;
}

/*
 * Consumer at `pos`: the frame there is copied to *f. Returns 1; 0 when the ring is empty;
 * -EPROTO when the peer broke the ring. Its bytes are at pos + sizeof(*f).
 */
static inline int skiff_ring_peek(const struct skiff_ring *r, uint64_t pos, struct skiff_frame *f)
{
	int64_t used = skiff_ring_used(r, pos);

	if (used <= 0)
		return (int)used;
	skiff_ring_copy_out(r, pos, f, sizeof(*f));
	if (f->len > SKIFF_FRAME_MAX || skiff_frame_space(f->len) > used)
		return -EPROTO;
	return 1;
}

/* Consumer: give back all before `pos`. Sequentially consistent: it pairs with a sleeping flag. */
static inline void skiff_ring_consumed(const struct skiff_ring *r, uint64_t pos)
{
	atomic_store_explicit(r->tail, pos, memory_order_seq_cst);
}

/*
 * Producer at *pos with room for skiff_frame_space(len): write one frame and move *pos. It is
 * seen by the consumer after skiff_ring_publish only.
 */
static inline void skiff_ring_put(const struct skiff_ring *r, uint64_t *pos, uint16_t kind,
	uint16_t flags, const void *bytes, uint32_t len)
{
	struct skiff_frame f = {.len = len, .kind = kind, .flags = flags};

	skiff_ring_copy_in(r, *pos, &f, sizeof(f));
	skiff_ring_copy_in(r, *pos + sizeof(f), bytes, len);
	*pos += skiff_frame_space(len);
}

/*
 * Producer that will write at `pos` in a moment: a ring goes through all of its memory, so that each
 * line is one that the cache has lost since, and skiff_ring_publish would have to wait for it.
 */
static inline void skiff_ring_hint(const struct skiff_ring *r, uint64_t pos)
{
	__builtin_prefetch(r->data + ((uint32_t)pos & (r->size - 1)), 1);
	__builtin_prefetch(r->data + ((uint32_t)(pos + 64) & (r->size - 1)), 1);
}

/* Sequentially consistent: the reader's sleeping flag is looked at after it. */
static inline void skiff_ring_publish(const struct skiff_ring *r, uint64_t pos)
{
	atomic_store_explicit(r->head, pos, memory_order_seq_cst);
}
