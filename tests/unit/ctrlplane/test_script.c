/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration files: steps, the order of lines, golden messages for what is wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "skiff/script.h"

#define FILE_NAME "t.conf"

static int in_new_folder(void **state)
{
	char *dir = strdup("/tmp/skiff-script.XXXXXX");

	*state = dir;
	return mkdtemp(dir) == NULL || chdir(dir) < 0 ? -1 : 0;
}

static int folder_away(void **state)
{
	unlink(FILE_NAME);
	if (chdir("/") < 0 || rmdir(*state) < 0)
		return -1;
	free(*state);
	return 0;
}

/* Reads `text` as a file; what was said, to be freed. */
static char *read_text(struct script *s, const char *text, size_t len, int *err)
{
	FILE *out = fopen(FILE_NAME, "w");
	char *said = NULL;
	size_t n;

	fwrite(text, 1, len, out);
	fclose(out);
	out = open_memstream(&said, &n);
	*err = script_read(s, FILE_NAME, out);
	fclose(out);
	return said;
}

static void accept(struct script *s, const char *text)
{
	int err;
	char *said = read_text(s, text, strlen(text), &err);

	assert_string_equal(said, "");
	assert_int_equal(err, 0);
	free(said);
}

static void refuse(const char *text, const char *want)
{
	struct script s;
	int err;
	char *said = read_text(&s, text, strlen(text), &err);

	assert_string_equal(said, want);
	assert_int_equal(err, -EINVAL);
	free(said);
}

static void makes_steps(void **state)
{
	struct script s;

	accept(&s, "# a router\n"
		   "system workers 1\n"
		   "\n"
		   "port add wan ring\n"
		   "  ip addr add 192.0.2.1/24 dev wan # here\n"
		   "ip link set wan up\n"
		   "ip route add default via 192.0.2.254\n"
		   "ip -4 route add blackhole 10.0.0.0/8\n"
		   "ip link set wan alias 'two words'\n"
		   "ip link set wan mtu 1400");
	assert_int_equal(s.n_lines, 8);
	assert_int_equal(s.n_steps, 7);
	assert_int_equal(s.step[0].kind, STEP_OWN);
	assert_int_equal(s.step[1].kind, STEP_OWN);
	/* A comment keeps a line out of ip's batch: ip has its own idea of '#'. */
	assert_int_equal(s.step[2].kind, STEP_TOOL);
	assert_int_equal(s.step[3].kind, STEP_BATCH);
	assert_int_equal(s.step[3].n, 2);
	assert_int_equal(s.step[4].kind, STEP_TOOL);
	assert_int_equal(s.step[5].kind, STEP_TOOL);
	assert_int_equal(s.step[6].kind, STEP_BATCH);
	assert_int_equal(s.line[s.step[6].first].no, 10);
	script_free(&s);
}

static void empty_files(void **state)
{
	struct script s;

	accept(&s, "");
	assert_int_equal(s.n_steps, 0);
	script_free(&s);
	accept(&s, "\n\n# x\n");
	assert_int_equal(s.n_steps, 0);
	script_free(&s);
}

static void says_what_is_wrong(void **state)
{
	refuse("foo\n", "t.conf:1:1: 'foo' is not known here; one of: system, port, ip, tc, bridge\n");
	refuse("\n  port ad wan\n", "t.conf:2:8: 'ad' is not known here; one of: add, del, show\n");
	refuse("port\n",
		"t.conf:1:5: the command is not complete; next comes one of: add, del, show\n");
	refuse("ip link set lo up\nport add a null\n",
		"t.conf:2:1: `port add` comes after a line of a tool; system and port lines come "
		"first\n");
	refuse("show stages\n", "t.conf:1:1: `show stages` configures nothing; a file holds system "
				"and port lines and those of tools\n");
	refuse("port del wan\n", "t.conf:1:1: `port del` configures nothing; a file holds system and "
				 "port lines and those of tools\n");
	refuse("metrics listen 127.0.0.1:9273\n",
		"t.conf:1:1: `metrics` (counters over HTTP) is not part of this version of skiff; "
		"remove the line\n");
	refuse("nft -f x\n", "t.conf:1:1: `nft` is not served by this version of skiff: it would "
			     "change the kernel's own rules; remove the line\n");
	refuse("ip route add 'x\n",
		"t.conf:1:14: the quote is not closed; end it on the same line\n");
}

static void refuses_what_leaves_skiff(void **state)
{
	refuse("ip netns add x\n",
		"t.conf:1:4: `ip netns` configures nothing in skiff; remove the line\n");
	refuse("ip mon\n", "t.conf:1:4: `ip mon` configures nothing in skiff; remove the line\n");
	refuse("ip -4 monitor\n",
		"t.conf:1:7: `ip monitor` configures nothing in skiff; remove the line\n");
	refuse("ip -n x link\n", "t.conf:1:4: `ip -n` is not for a configuration file; write one "
				 "command a line, for this skiff\n");
	refuse("ip -b f\n", "t.conf:1:4: `ip -b` is not for a configuration file; write one "
			    "command a line, for this skiff\n");
}

static void missing_file(void **state)
{
	char *said = NULL;
	struct script s;
	size_t n;
	FILE *out = open_memstream(&said, &n);

	assert_int_equal(script_read(&s, "not-there", out), -ENOENT);
	fclose(out);
	assert_string_equal(said, "not-there: No such file or directory\n");
	free(said);
}

static void not_a_text_file(void **state)
{
	struct script s;
	int err;
	char *said = read_text(&s, "ip \0x\n", 6, &err);

	assert_string_equal(said, "t.conf:1:4: a NUL byte; this is not a text file\n");
	assert_int_equal(err, -EINVAL);
	free(said);
}

static void points_at_words(void **state)
{
	struct script s;

	accept(&s, "port  add   wan null\n");
	assert_int_equal(script_column(&s, 0, 0), 1);
	assert_int_equal(script_column(&s, 0, 2), 13);
	assert_int_equal(script_column(&s, 0, 9), 21); /* missing: after the end */
	script_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_steps), cmocka_unit_test(empty_files),
		cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(refuses_what_leaves_skiff),
		cmocka_unit_test(missing_file), cmocka_unit_test(not_a_text_file),
		cmocka_unit_test(points_at_words),
	};

	return cmocka_run_group_tests(tests, in_new_folder, folder_away);
}
