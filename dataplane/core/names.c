/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names and sentences of stages and drop reasons, for whoever shows them. In code a reason is in
 * upper case, as an enumerator; shown it is in lower case, like the stages.
 */
#include <assert.h>
#include <ctype.h>

#include "core/drop.h"
#include "stages.h"

static const struct {
	const char *name, *text;
} stages[STAGE_COUNT] = {
#define STAGE(name, text) [STAGE_##name] = { #name, text },
#include "stages.def"
#undef STAGE
};

#define NAME_MAX_LEN 32

static struct {
	char name[NAME_MAX_LEN];
	const char *text;
} drops[DROP_REASON_COUNT] = {
#define DROP(name, text) [DROP_##name] = { #name, text },
#include "core/drop_reasons.def"
#undef DROP
};

#define DROP(name, text) static_assert(sizeof(#name) <= NAME_MAX_LEN, #name);
#include "core/drop_reasons.def"
#undef DROP

/* Before main: later they are only read, by any thread. */
__attribute__((constructor)) static void lower_case(void)
{
	for (unsigned int r = 0; r < DROP_REASON_COUNT; r++)
		for (char *c = drops[r].name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
}

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
