/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of own verbs: what is found, what is said when not, what is offered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <skiff/abi.h>

#include "verbs.h"

#define WORDS(...) (char *[]){__VA_ARGS__, NULL}

static unsigned int count(char **argv)
{
	unsigned int n = 0;

	while (argv[n] != NULL)
		n++;
	return n;
}

static void found(enum verb_id id, unsigned int used, char **argv)
{
	const struct verb *v;
	struct verb_error e;
	unsigned int n = 0;

	v = verb_find(count(argv), argv, &n, &e);
	assert_non_null(v);
	assert_int_equal(v->id, id);
	assert_int_equal(n, used);
}

static void missed(uint32_t word, const char *text, char **argv)
{
	struct verb_error e = {0};
	unsigned int n;

	assert_null(verb_find(count(argv), argv, &n, &e));
	assert_int_equal(e.word, word);
	assert_string_equal(e.text, text);
}

static void finds(void **state)
{
	found(VERB_PORT_ADD, 2, WORDS("port", "add", "wan", "af_packet"));
	found(VERB_SYSTEM_WORKERS, 2, WORDS("system", "workers", "2"));
	found(VERB_SHOW_STAGES, 2, WORDS("show", "stages"));
	found(VERB_TRACE, 1, WORDS("trace", "-n", "3"));
	found(VERB_METRICS, 1, WORDS("metrics", "listen"));
}

static void says_what_would_be_right(void **state)
{
	missed(1, "'foo' is not known here; one of: add, del, show", WORDS("port", "foo"));
	missed(SKIFF_NO_WORD, "the command is not complete; next comes one of: add, del, show",
		WORDS("port"));
	missed(1, "'worker' is not known here; one of: workers, cores, mbufs, hugepages, mode, spread, show",
		WORDS("system", "worker", "1"));
}

static void knows_its_families(void **state)
{
	assert_true(verb_is_own("port"));
	assert_true(verb_is_own("metrics"));
	assert_false(verb_is_own("ip"));
	assert_false(verb_is_own("por"));
	assert_false(verb_is_own("ports"));
	assert_false(verb_is_own(""));
}

static void join(void *arg, const char *word)
{
	strcat(strcat(arg, word), " ");
}

static void offers(const char *want, char **argv)
{
	char got[512] = "";

	verb_complete(count(argv), argv, join, got);
	assert_string_equal(got, want);
}

static void completes(void **state)
{
	offers("add del show ", WORDS("port", ""));
	offers("stages system ", WORDS("show", "s"));
	offers("system sysctl show save ", WORDS("s"));
	offers("", WORDS("ip", ""));
	offers("", WORDS("port", "x"));
	offers("", WORDS("port", "add", ""));
}

/* Each verb is shown once, has a sentence, and is found by its own words. */
static void table_is_sound(void **state)
{
	for (unsigned int i = 0; i < VERB_COUNT; i++) {
		const struct verb *v = verb_by_id((enum verb_id)i);
		char buf[64], *argv[8], *save = NULL;
		unsigned int n = 0;

		assert_int_equal(v->id, i);
		assert_true(strlen(v->text) > 3);
		snprintf(buf, sizeof(buf), "%s", v->words);
		for (char *w = strtok_r(buf, " ", &save); w; w = strtok_r(NULL, " ", &save))
			argv[n++] = w;
		argv[n] = NULL;
		found(v->id, n, argv);
	}
	FILE *null = fopen("/dev/null", "w");
	assert_int_equal(verb_help(null, "port"), 3);
	assert_int_equal(verb_help(null, "nothing"), 0);
	fclose(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds), cmocka_unit_test(says_what_would_be_right),
		cmocka_unit_test(knows_its_families), cmocka_unit_test(completes),
		cmocka_unit_test(table_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
