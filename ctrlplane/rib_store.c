/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools of equal elements, referred to by index: they move when they grow, and copy as bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rib_store.h"

#define POOL_FIRST 256u

static int grow(struct rib_pool *p)
{
	uint64_t cap = p->cap == 0 ? POOL_FIRST : p->cap + p->cap / 2;
	void *mem;

	if (cap > UINT32_MAX)
		return -ENOMEM;
	mem = realloc(p->mem, cap * p->size);
	if (mem == NULL)
		return -ENOMEM;
	p->mem = mem;
	p->cap = (uint32_t)cap;
	return 0;
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
	to->cap = from->n;
	to->mem = NULL;
	if (from->n == 0)
		return 0;
	to->mem = malloc((size_t)from->n * from->size);
	if (to->mem == NULL)
		return -ENOMEM;
	memcpy(to->mem, from->mem, (size_t)from->n * from->size);
	return 0;
}
