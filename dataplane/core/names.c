/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and sentences of stages and drop reasons, for whoever shows them. */

#include "core/drop.h"
#include "stages.h"

static const struct {
	const char *name, *text;
} stages[STAGE_COUNT] = {
#define STAGE(name, text) [STAGE_##name] = { #name, text },
#include "stages.def"
#undef STAGE
};

static const struct {
	const char *name, *text;
} drops[DROP_REASON_COUNT] = {
#define DROP(name, text) [DROP_##name] = { #name, text },
#include "core/drop_reasons.def"
#undef DROP
};

const char *stage_name(enum stage stage)
{
	return (unsigned int)stage < STAGE_COUNT ? stages[stage].name : "?";
}

const char *stage_text(enum stage stage)
{
	return (unsigned int)stage < STAGE_COUNT ? stages[stage].text : "?";
}

const char *drop_reason_name(enum drop_reason reason)
{
	return (unsigned int)reason < DROP_REASON_COUNT ? drops[reason].name : "?";
}

const char *drop_reason_text(enum drop_reason reason)
{
	return (unsigned int)reason < DROP_REASON_COUNT ? drops[reason].text : "?";
}
