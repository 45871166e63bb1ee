/* SPDX-License-Identifier: BSD-3-Clause */
/* Reasons and stages as users see them: lower case, each with a name and a sentence of its own. */
#include <string.h>

#include "core/drop.h"
#include "stages.h"
#include "unit.h"

static void assert_name(const char *name, const char *text)
{
	assert_true(*name);
	assert_int_equal(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")], 0);
	assert_true(strlen(text) >= 10);
}

static void reasons(void **state)
{
	(void)state;
	assert_string_equal(drop_reason_name(DROP_IP4_BAD_CSUM), "ip4_bad_csum");
	assert_string_equal(drop_reason_name(DROP_NO_MEMORY), "no_memory");
	assert_string_equal(drop_reason_name(DROP_REASON_COUNT), "?");
	for (unsigned int r = 0; r < DROP_REASON_COUNT; r++) {
		assert_name(drop_reason_name(r), drop_reason_text(r));
		for (unsigned int q = 0; q < r; q++)
			assert_string_not_equal(drop_reason_name(r), drop_reason_name(q));
	}
}

static void stages(void **state)
{
	(void)state;
	assert_string_equal(stage_name(STAGE_eth_input), "eth_input");
	assert_string_equal(stage_name(STAGE_COUNT), "?");
	for (unsigned int s = 0; s < STAGE_COUNT; s++)
		assert_name(stage_name(s), stage_text(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons), cmocka_unit_test(stages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
