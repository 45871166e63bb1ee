/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dispatch array for tests, with a weak stand-in for every stage, which ends its packets as
 * delivered: a test links the stages it is about, the engine runs, and the ledger closes.
 */
#include "core/burst.h"
#include "ctl/ctl.h"

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

/* What these stages call of layers that are not written yet. */
__attribute__((weak)) bool ctl_event(struct worker *w, const struct ctl_msg *msg)
{
	return true;
}
