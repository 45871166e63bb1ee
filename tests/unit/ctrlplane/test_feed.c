/* SPDX-License-Identifier: BSD-3-Clause */
/* Children that are talked to and listened to at once. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "skiff/feed.h"

static int run(struct feed *f, char *script)
{
	char sh[] = "sh", c[] = "-c";
	char *argv[] = {sh, c, script, NULL};

	f->argv = argv;
	return feed_run(f);
}

static void keeps_what_is_said(void **state)
{
	char script[] = "echo out; echo wrong >&2; exit 7";
	struct feed f = {0};

	assert_int_equal(run(&f, script), 7);
	assert_string_equal(f.said, "wrong\n");
	free(f.said);
}

static void tells_signals_from_statuses(void **state)
{
	char killed[] = "kill -TERM $$", high[] = "exit 255";
	struct feed f = {0}, g = {0};

	assert_int_equal(run(&f, killed), FEED_SIGNAL + SIGTERM);
	assert_int_equal(run(&g, high), 255);
	free(f.said);
	free(g.said);
}

struct source {
	size_t left;
};

static size_t more(void *arg, char *buf, size_t size)
{
	struct source *s = arg;
	size_t n = s->left < size ? s->left : size;

	memset(buf, 'x', n);
	s->left -= n;
	return n;
}

/* Both pipes full at once would be a deadlock for whoever does one after the other. */
static void does_not_block_on_full_pipes(void **state)
{
	char script[] = "tee /dev/stderr | wc -c >&2";
	struct source s = {.left = 4 << 20};
	struct feed f = {.more = more, .arg = &s};

	assert_int_equal(run(&f, script), 0);
	assert_int_equal(s.left, 0);
	assert_int_equal(f.said_len, 65536); /* the first 64 KB are kept */
	free(f.said);
}

static void survives_a_child_that_does_not_read(void **state)
{
	char script[] = "exec 0<&-; exit 3";
	struct source s = {.left = 4 << 20};
	struct feed f = {.more = more, .arg = &s};

	assert_int_equal(run(&f, script), 3);
	free(f.said);
}

static void says_that_it_cannot_run(void **state)
{
	char name[] = "/nonexistent/tool";
	char *argv[] = {name, NULL};
	struct feed f = {.argv = argv};

	assert_int_equal(feed_run(&f), -ENOENT);
	free(f.said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_said),
		cmocka_unit_test(tells_signals_from_statuses),
		cmocka_unit_test(does_not_block_on_full_pipes),
		cmocka_unit_test(survives_a_child_that_does_not_read),
		cmocka_unit_test(says_that_it_cannot_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
