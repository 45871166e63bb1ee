/* SPDX-License-Identifier: BSD-3-Clause */
/* The `system` lines: values, what is refused, CPUs of the workers, what needs a restart. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <skiff/abi.h>

#include "settings.h"

static int set(struct settings *s, const char *key, const char *value, struct verb_error *e)
{
	char *argv[] = {"system", (char *)(uintptr_t)key, (char *)(uintptr_t)value, NULL};
	unsigned int used, n = value == NULL ? 2 : 3;
	const struct verb *v = verb_find(n, argv, &used, e);

	assert_non_null(v);
	return settings_set(s, v->id, n, argv, e);
}

static void good(struct settings *s, const char *key, const char *value)
{
	struct verb_error e;

	assert_int_equal(set(s, key, value, &e), 0);
}

static void bad(const char *key, const char *value)
{
	struct verb_error e = {0};
	struct settings s;

	settings_default(&s);
	assert_int_equal(set(&s, key, value, &e), -EINVAL);
	assert_int_equal(e.word, value == NULL ? SKIFF_NO_WORD : 2);
	assert_true(strlen(e.text) > 10);
}

static cpu_set_t cpus(unsigned int first, unsigned int n)
{
	cpu_set_t set_of;

	CPU_ZERO(&set_of);
	for (unsigned int i = 0; i < n; i++)
		CPU_SET(first + i, &set_of);
	return set_of;
}

static void takes_values(void **state)
{
	struct settings s;

	settings_default(&s);
	good(&s, "workers", "3");
	assert_int_equal(s.workers, 3);
	good(&s, "mbufs", "65536");
	assert_int_equal(s.mbufs, 65536);
	good(&s, "hugepages", "no");
	assert_int_equal(s.huge, HUGE_NO);
	good(&s, "mode", "busy");
	assert_true(s.busy);
	good(&s, "mode", "adaptive");
	assert_false(s.busy);
	good(&s, "cores", "2,4-6");
	assert_int_equal(s.n_cores, 4);
	assert_int_equal(s.cores[0], 2);
	assert_int_equal(s.cores[3], 6);
}

static void refuses_values(void **state)
{
	static const char *const numbers[] = {"0", "-1", "65", "x", "1x", "", " 1", "0x2",
		"99999999999999999999"};
	static const char *const lists[] = {"", ",", "1,", "1-", "-1", "3-2", "1,1", "1-3,2", "a",
		"1;2", "99999"};

	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		bad("workers", numbers[i]);
	for (unsigned int i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		bad("cores", lists[i]);
	bad("mbufs", "2047");
	bad("mbufs", "16777217");
	bad("hugepages", "maybe");
	bad("mode", "lazy");
	bad("workers", NULL);
}

static void places_workers_last(void **state)
{
	cpu_set_t four = cpus(2, 4), one = cpus(5, 1);
	struct verb_error e;
	struct settings s;

	settings_default(&s);
	assert_int_equal(settings_resolve(&s, &four, &e), 0);
	assert_int_equal(s.workers, 3); /* one CPU stays the control thread's */
	assert_int_equal(s.cores[0], 3);
	assert_int_equal(s.cores[2], 5);

	settings_default(&s);
	assert_int_equal(settings_resolve(&s, &one, &e), 0);
	assert_int_equal(s.workers, 1);
	assert_int_equal(s.cores[0], 5);

	settings_default(&s);
	good(&s, "workers", "4");
	assert_int_equal(settings_resolve(&s, &four, &e), 0);
	assert_int_equal(s.cores[0], 2);
}

static void knows_cpus_without_worker(void **state)
{
	cpu_set_t four = cpus(2, 4), free_of;
	struct verb_error e;
	struct settings s;

	settings_default(&s);
	good(&s, "workers", "2");
	assert_int_equal(settings_resolve(&s, &four, &e), 0);
	assert_true(settings_free_cpus(&s, &four, &free_of));
	assert_int_equal(CPU_COUNT(&free_of), 2);
	assert_true(CPU_ISSET(2, &free_of) && CPU_ISSET(3, &free_of));
	good(&s, "mode", "busy"); /* such a worker would take all of another CPU */
	assert_false(settings_free_cpus(&s, &four, &free_of));

	settings_default(&s);
	good(&s, "workers", "4");
	assert_int_equal(settings_resolve(&s, &four, &e), 0);
	assert_false(settings_free_cpus(&s, &four, &free_of));

	settings_default(&s);
	good(&s, "cores", "3"); /* there and nowhere else, says the user */
	assert_int_equal(settings_resolve(&s, &four, &e), 0);
	assert_false(settings_free_cpus(&s, &four, &free_of));
	assert_int_equal(CPU_COUNT(&free_of), 0);
}

static void refuses_cpus_that_are_not_there(void **state)
{
	cpu_set_t two = cpus(0, 2);
	struct verb_error e;
	struct settings s;

	settings_default(&s);
	good(&s, "workers", "3");
	assert_int_equal(settings_resolve(&s, &two, &e), -EINVAL);
	assert_non_null(strstr(e.text, "3 workers on 2 CPUs"));
	settings_default(&s);
	good(&s, "cores", "1,2");
	assert_int_equal(settings_resolve(&s, &two, &e), -EINVAL);
	assert_non_null(strstr(e.text, "CPU 2"));
	settings_default(&s);
	good(&s, "cores", "0,1");
	good(&s, "workers", "1");
	assert_int_equal(settings_resolve(&s, &two, &e), -EINVAL);
	assert_non_null(strstr(e.text, "not both"));
}

static int same(const struct settings *now, enum verb_id id, const char *value,
	struct verb_error *e)
{
	char *argv[] = {"system", "x", (char *)(uintptr_t)value, NULL};

	return settings_same(now, id, 3, argv, e);
}

static void change_needs_restart(void **state)
{
	cpu_set_t two = cpus(0, 2);
	struct verb_error e;
	struct settings s;

	settings_default(&s);
	settings_resolve(&s, &two, &e);
	assert_int_equal(same(&s, VERB_SYSTEM_WORKERS, "1", &e), 0);
	assert_int_equal(same(&s, VERB_SYSTEM_CORES, "1", &e), 0);
	assert_int_equal(same(&s, VERB_SYSTEM_MBUFS, "32768", &e), 0);
	assert_int_equal(same(&s, VERB_SYSTEM_WORKERS, "2", &e), -EBUSY);
	assert_non_null(strstr(e.text, "needs restart"));
	assert_int_equal(e.word, 2);
	assert_int_equal(same(&s, VERB_SYSTEM_CORES, "0", &e), -EBUSY);
	assert_int_equal(same(&s, VERB_SYSTEM_MBUFS, "4096", &e), -EBUSY);
	assert_int_equal(same(&s, VERB_SYSTEM_MODE, "busy", &e), -EBUSY);
	assert_int_equal(same(&s, VERB_SYSTEM_HUGEPAGES, "no", &e), -EBUSY);
	assert_int_equal(same(&s, VERB_SYSTEM_MBUFS, "x", &e), -EINVAL);
}

static void writes_what_it_reads(void **state)
{
	char *text = NULL;
	struct settings s;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	settings_default(&s);
	good(&s, "cores", "1,3");
	good(&s, "mbufs", "4096");
	good(&s, "hugepages", "yes");
	good(&s, "mode", "busy");
	assert_true(s.spread);
	good(&s, "spread", "off");
	settings_write(&s, out);
	fclose(out);
	assert_string_equal(text, "system cores 1,3\nsystem mbufs 4096\nsystem hugepages yes\n"
				  "system mode busy\nsystem spread off\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_values), cmocka_unit_test(refuses_values),
		cmocka_unit_test(places_workers_last),
		cmocka_unit_test(knows_cpus_without_worker),
		cmocka_unit_test(refuses_cpus_that_are_not_there),
		cmocka_unit_test(change_needs_restart), cmocka_unit_test(writes_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
