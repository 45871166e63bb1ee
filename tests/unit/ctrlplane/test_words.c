/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines into words: what a shell would do, and the columns that errors point to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "words.h"

static void expect(const char *line, unsigned int n, const char *const *want)
{
	struct words_error e;
	struct words w;

	assert_int_equal(words_split(&w, line, strlen(line), &e), 0);
	assert_int_equal(w.n, n);
	for (unsigned int i = 0; i < n; i++)
		assert_string_equal(w.w[i].text, want[i]);
	words_free(&w);
}

static void refuse(const char *line, uint32_t column, const char *part)
{
	struct words_error e = {0};
	struct words w;

	assert_int_equal(words_split(&w, line, strlen(line), &e), -EINVAL);
	assert_int_equal(e.column, column);
	assert_non_null(strstr(e.text, part));
}

static void splits(void **state)
{
	expect("", 0, NULL);
	expect(" \t\r\n", 0, NULL);
	expect("# all comment", 0, NULL);
	expect("ip addr  add\t192.0.2.1/24 dev wan", 6,
		(const char *[]){"ip", "addr", "add", "192.0.2.1/24", "dev", "wan"});
	expect("a b#c # d", 2, (const char *[]){"a", "b#c"});
	expect("a\r\n", 1, (const char *[]){"a"});
}

static void quotes(void **state)
{
	expect("a 'b c' \"d \\\" e\" f\\ g", 4, (const char *[]){"a", "b c", "d \" e", "f g"});
	expect("'' \"\"", 2, (const char *[]){"", ""});
	expect("a'b'\"c\"d", 1, (const char *[]){"abcd"});
	expect("'#' \\#", 2, (const char *[]){"#", "#"});
	expect("'a\\b' \"a\\b\"", 2, (const char *[]){"a\\b", "a\\b"});
}

static void says_where(void **state)
{
	refuse("ip 'open", 4, "not closed");
	refuse("ip a\"b", 5, "not closed");
	refuse("ip \\", 4, "backslash");
}

static void columns(void **state)
{
	const char line[] = "  ip  'a b'\tc";
	struct words_error e;
	struct words w;

	assert_int_equal(words_split(&w, line, strlen(line), &e), 0);
	assert_int_equal(w.w[0].column, 3);
	assert_int_equal(w.w[1].column, 7);
	assert_int_equal(w.w[2].column, 13);
	words_free(&w);
}

static void bounds(void **state)
{
	char line[4 * SKIFF_ARGV_MAX + 8] = "";
	struct words_error e;
	struct words w;

	for (unsigned int i = 0; i < SKIFF_ARGV_MAX; i++)
		strcat(line, "a ");
	assert_int_equal(words_split(&w, line, strlen(line), &e), 0);
	assert_int_equal(w.n, SKIFF_ARGV_MAX);
	words_free(&w);
	strcat(line, "b");
	assert_int_equal(words_split(&w, line, strlen(line), &e), -E2BIG);
	assert_int_equal(e.column, 2 * SKIFF_ARGV_MAX + 1);
	assert_int_equal(words_split(&w, "a\0b", 3, &e), -EINVAL);
	assert_int_equal(e.column, 2);
}

/* What is quoted is read back as the same word, whatever it holds. */
static void quoting_round_trip(void **state)
{
	static const char *const all[] = {"plain", "", "two words", "a\"b", "back\\slash", "#x",
		"it's", "\t", "a#b"};

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char buf[64];

		assert_in_range(words_quote(buf, sizeof(buf), all[i]), 1, sizeof(buf) - 1);
		expect(buf, 1, &all[i]);
	}
	char tiny[4];
	assert_int_equal(words_quote(tiny, sizeof(tiny), "a b c"), 7);
	assert_int_equal(strlen(tiny), 3);
}

/* Any bytes: no read beyond the end, words of the line's bytes only. */
static void random_lines(void **state)
{
	static const char set[] = "ab '\"\\#\t\n";

	srand(7);
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)rand() % 24;
		char *line = malloc(len ? len : 1);
		struct words_error e;
		struct words w;

		for (size_t i = 0; i < len; i++)
			line[i] = set[(size_t)rand() % (sizeof(set) - 1)];
		if (words_split(&w, line, len, &e) == 0) {
			size_t sum = 0;

			for (unsigned int i = 0; i < w.n; i++)
				sum += strlen(w.w[i].text);
			assert_true(sum <= len);
			words_free(&w);
		} else {
			assert_in_range(e.column, 1, len);
		}
		free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits), cmocka_unit_test(quotes), cmocka_unit_test(says_where),
		cmocka_unit_test(columns), cmocka_unit_test(bounds),
		cmocka_unit_test(quoting_round_trip), cmocka_unit_test(random_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
