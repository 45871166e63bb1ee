/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools of equal elements, referred to by index: they move when they grow, and copy as bytes. Large
 * ones lie in huge pages, where there are any: a way down the trie of a million routes takes a dozen
 * far-off nodes, and would miss the TLB at each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "rib_store.h"

#define POOL_FIRST 256u
#define HUGE ((size_t)2 << 20)

/* A range of address space for `bytes`, a multiple of HUGE, that begins where a huge page may. */
static uint8_t *reserve(size_t bytes)
{
	uint8_t *raw = mmap(NULL, bytes + HUGE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (raw == MAP_FAILED)
		return NULL;
	uint8_t *at = (uint8_t *)(((uintptr_t)raw + HUGE - 1) & ~(HUGE - 1));

	if (at != raw)
		munmap(raw, at - raw);
	munmap(at + bytes, raw + HUGE - at);
	return at;
}

void *rib_map(size_t bytes)
{
	uint8_t *at = reserve(bytes);

	if (at == NULL)
		return NULL;
	if (mprotect(at, bytes, PROT_READ | PROT_WRITE) < 0) {
		munmap(at, bytes);
		return NULL;
	}
	(void)madvise(at, bytes, MADV_HUGEPAGE);
	return at;
}

/* The pages move, not what is in them. */
static void *remap(void *mem, size_t from, size_t to)
{
	uint8_t *at = reserve(to);

	if (at == NULL)
		return NULL;
	if (mremap(mem, from, to, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED) {
		munmap(at, to);
		return NULL;
	}
	return at;
}

/* Room for `cap` elements or more; what there is is kept. */
static int make_room(struct rib_pool *p, uint64_t cap)
{
	size_t bytes = cap * p->size, mapped = bytes < HUGE ? 0 : (bytes + HUGE - 1) & ~(HUGE - 1);
	void *mem;

	if (mapped == 0)
		mem = realloc(p->mem, bytes);
	else if (p->mapped != 0)
		mem = remap(p->mem, p->mapped, mapped);
	else
		mem = rib_map(mapped);
	if (mem == NULL)
		return -ENOMEM;
	if (mapped != 0 && p->mapped == 0 && p->mem != NULL) {
		memcpy(mem, p->mem, (size_t)p->n * p->size);
		free(p->mem);
	}
	p->mem = mem;
	p->mapped = mapped;
	cap = mapped != 0 ? mapped / p->size : cap;
	p->cap = cap < UINT32_MAX ? (uint32_t)cap : UINT32_MAX;
	return 0;
}

static int grow(struct rib_pool *p)
{
	uint64_t cap = p->cap == 0 ? POOL_FIRST : p->cap + (uint64_t)p->cap / 2;

	return cap > UINT32_MAX ? -ENOMEM : make_room(p, cap);
}

uint32_t rib_pool_get(struct rib_pool *p)
{
	uint32_t i = p->free;
	uint8_t *e;

	if (i != 0) {
		memcpy(&p->free, (uint8_t *)p->mem + (size_t)i * p->size, sizeof(p->free));
	} else {
		if (p->n == 0)
			p->n = 1;
		if (p->n >= p->cap && grow(p) < 0)
			return 0;
		i = p->n++;
	}
	e = (uint8_t *)p->mem + (size_t)i * p->size;
	memset(e, 0, p->size);
	p->in_use++;
	return i;
}

void rib_pool_put(struct rib_pool *p, uint32_t i)
{
	uint8_t *e = (uint8_t *)p->mem + (size_t)i * p->size;

	memset(e, 0, p->size);
	memcpy(e, &p->free, sizeof(p->free));
	p->free = i;
	p->in_use--;
}

int rib_pool_copy(struct rib_pool *to, const struct rib_pool *from)
{
	*to = *from;
	to->cap = 0;
	to->mem = NULL;
	to->mapped = 0;
	if (from->n == 0)
		return 0;
	if (make_room(to, from->n) < 0)
		return -ENOMEM;
	memcpy(to->mem, from->mem, (size_t)from->n * from->size);
	return 0;
}

void rib_pool_free(struct rib_pool *p)
{
	if (p->mapped != 0)
		munmap(p->mem, p->mapped);
	else
		free(p->mem);
	p->mem = NULL;
	p->mapped = 0;
}
