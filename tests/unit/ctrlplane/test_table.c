/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables: alignment, hidden rows, totals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "table.h"

static const struct column columns[] = {
	{"reason", "reason", COL_TEXT, false},
	{"packets", "packets", COL_COUNT, true},
	{"each", "each", COL_NUMBER, false},
	{"why", "why", COL_TEXT, false},
};

static json_t *rows(void)
{
	return json_pack("[{s:s,s:i,s:f,s:s},{s:s,s:i,s:n,s:s},{s:s,s:i,s:f,s:s}]",
		"reason", "ttl", "packets", 9999, "each", 1.25, "why", "too old",
		"reason", "none", "packets", 0, "each", "why", "never",
		"reason", "loop", "packets", 8, "each", 20.0, "why", "round");
}

static void expect(bool all, const char *want)
{
	char *text = NULL;
	json_t *j = rows();
	size_t len;
	FILE *out = open_memstream(&text, &len);

	table_print(out, j, columns, 4, "packets", all);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
	json_decref(j);
}

static void hides_zero_rows(void **state)
{
	expect(false, "reason  packets  each  why\n"
		      "ttl        9999   1.2  too old\n"
		      "loop          8  20.0  round\n"
		      "total     10007\n");
}

static void shows_all(void **state)
{
	expect(true, "reason  packets  each  why\n"
		     "ttl        9999   1.2  too old\n"
		     "none          0        never\n"
		     "loop          8  20.0  round\n"
		     "total     10007\n");
}

static void prints_objects(void **state)
{
	json_t *j = json_pack("{s:i,s:s,s:{s:b}}", "rx", 5, "longer", "text", "in", "yes", 1);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	table_print_object(out, j, 0);
	fclose(out);
	assert_string_equal(text, "rx      5\nlonger  text\nin\n    yes  yes\n");
	free(text);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hides_zero_rows), cmocka_unit_test(shows_all),
		cmocka_unit_test(prints_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
