/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dispatch array for tests, with a weak stand-in for every stage, which ends its packets as
 * delivered: a test links the stages it is about, the engine runs, and the ledger closes.
 */
#include "core/burst.h"

#define STAGE(name, text) \
	__attribute__((weak)) void name(struct worker *w, struct burst *in) \
	{ \
		for (uint32_t i = 0; i < in->n; i++) \
			skb_delivered(w, in->skb[i]); \
	}
#include "stages.def"
#undef STAGE

stage_fn *const stage_table[STAGE_COUNT] = {
#define STAGE(name, text) [STAGE_##name] = name,
#include "stages.def"
#undef STAGE
};
