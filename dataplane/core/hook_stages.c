/* SPDX-License-Identifier: BSD-3-Clause */
/* The stage function of every hook point, from hook_points.def; hook.c does the work. */
#include "core/hook.h"

#define POINT(name, next) \
	void name(struct worker *w, struct burst *in) \
	{ \
		hook_run(w, in, HOOK_##name); \
	}
#include "core/hook_points.def"
#undef POINT
