/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Identifications for ip4_send. Every worker counts by itself, so the upper bits of a worker's
 * counters are not kept apart from another's; a flow stays on its worker, which is what counts.
 */
#include "ip4/ip4_id.h"

#include <sys/random.h>

#include <rte_cycles.h>

#include "ip4/flow_hash.h"

/* Key and counters start anywhere, by what nobody can guess. */
static void set_up(struct ip4_ids *ids)
{
	if (getrandom(ids, sizeof(*ids), 0) != (ssize_t)sizeof(*ids))
		ids->seed = rte_rdtsc();
	ids->seed |= 1;
}

uint16_t ip4_id_take(struct ip4_ids *ids, uint32_t src, uint32_t dst, uint8_t proto, uint16_t n)
{
	uint64_t key = ((uint64_t)src << 32 | dst) ^ ((uint64_t)proto << 17);
	uint32_t *next;
	uint16_t id;

	if (unlikely(!ids->seed))
		set_up(ids);
	next = &ids->next[flow_mix(key ^ ids->seed) % IP4_ID_SLOTS];
	id = (uint16_t)*next;
	*next += n;
	return id;
}
