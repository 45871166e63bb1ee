/* SPDX-License-Identifier: BSD-3-Clause */
/* A list of routes searched from end to end: too simple to be wrong in the way a table can be. */
#include <stdlib.h>
#include "fib_model.h"

static uint32_t mask_of(unsigned int len)
{
	return (uint32_t)(0xffffffff00000000ull >> len);
}

static struct model_route *exact(const struct model *m, uint32_t prefix, unsigned int len)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->route[i].prefix == prefix && m->route[i].len == len)
			return &m->route[i];
	}
	return NULL;
}

void model_free(struct model *m)
{
	free(m->route);
	*m = (struct model){0};
}

void model_add(struct model *m, uint32_t prefix, unsigned int len, uint32_t nh)
{
	struct model_route *r = exact(m, prefix, len);

	if (!r) {
		if (m->n == m->room) {
			m->room = m->room ? m->room * 2 : 64;
			m->route = realloc(m->route, m->room * sizeof(*r));
			if (!m->route)
				abort();
		}
		r = &m->route[m->n++];
	}
	*r = (struct model_route){prefix, nh, len};
}

bool model_del(struct model *m, uint32_t prefix, unsigned int len)
{
	struct model_route *r = exact(m, prefix, len);

	if (r)
		*r = m->route[--m->n];
	return r;
}

uint32_t model_lookup(const struct model *m, uint32_t addr)
{
	const struct model_route *best = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct model_route *r = &m->route[i];

		if ((addr & mask_of(r->len)) == r->prefix && (!best || r->len > best->len))
			best = r;
	}
	return best ? best->nh : 0;
}

uint32_t random_u32(struct random *r)
{
	/* splitmix64 */
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)(z >> 32);
}

uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint64_t)random_u32(r) * n >> 32;
}
