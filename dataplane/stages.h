/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages by number, in sweep order, from stages.def. */
#pragma once

#include <stdint.h>

struct burst;
struct worker;

enum stage {
#define STAGE(name, text) STAGE_##name,
#include "stages.def"
#undef STAGE
	STAGE_COUNT,
};

/*
 * A stage moves on or ends the skbs of `in`, as many as there are when it is called; the engine
 * removes them afterwards. What a stage sends to itself it sends by burst_overflow().
 */
typedef void stage_fn(struct worker *w, struct burst *in);

#define STAGE(name, text) stage_fn name;
#include "stages.def"
#undef STAGE

extern stage_fn *const stage_table[STAGE_COUNT];
const char *stage_name(enum stage stage);
const char *stage_text(enum stage stage);
