/* SPDX-License-Identifier: BSD-3-Clause */
/* The dispatch array. The only file that knows every stage; the functions stand in their layers. */
#include "stages.h"

stage_fn *const stage_table[STAGE_COUNT] = {
#define STAGE(name, text) [STAGE_##name] = name,
#include "stages.def"
#undef STAGE
};
