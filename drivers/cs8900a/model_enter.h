/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* How the functions of model.h begin and end. */

#include "model_priv.h"

void csm_run(struct cs8900a_model *m, uint64_t now);

static inline void csm_enter(struct cs8900a_model *m)
{
	if (m->wire)
		csm_pair_lock(m->wire);
	csm_run(m, m->conf.now_ns(m->conf.now_arg));
}

static inline void csm_leave(struct cs8900a_model *m)
{
	csm_pin_update(m);
	if (m->wire)
		csm_pair_unlock(m->wire);
}
