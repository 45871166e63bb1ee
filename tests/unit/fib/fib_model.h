/* SPDX-License-Identifier: BSD-3-Clause */
/* What a forwarding table should answer, by looking at every route; and seeded random numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model_route {
	uint32_t prefix, nh;
	unsigned int len;
};

struct model {
	struct model_route *route;
	size_t n, room;
};

void model_free(struct model *m);
void model_add(struct model *m, uint32_t prefix, unsigned int len, uint32_t nh);
bool model_del(struct model *m, uint32_t prefix, unsigned int len);
uint32_t model_lookup(const struct model *m, uint32_t addr);

struct random {
	uint64_t state;
};

uint32_t random_u32(struct random *r);
/* Below n, n > 0. */
uint32_t random_below(struct random *r, uint32_t n);
