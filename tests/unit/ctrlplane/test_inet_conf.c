/* SPDX-License-Identifier: BSD-3-Clause */
/* net.ipv4.conf: who follows whom, what a transaction and `save` make of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_backend.h"
#include "inet_conf.h"
#include "links.h"

static struct fake f;
static struct cp *cp;

static int setup(void **state)
{
	f = (struct fake){0};
	cp = fake_router(&f);
	return 0;
}

static int teardown(void **state)
{
	cp_free(cp);
	fake_free(&f);
	return 0;
}

static uint32_t get(struct cp *of, const char *link, const char *key)
{
	int64_t who = strcmp(link, "all") == 0 ? CP_CONF_ALL
		: strcmp(link, "default") == 0 ? CP_CONF_DEFAULT : fake_link(of, link)->ifindex;

	return cp_conf_get(cp_conf_of(of, who), cp_conf_key(key)->devconf);
}

static int set(struct cp *of, const char *link, const char *key, uint32_t value)
{
	int64_t who = strcmp(link, "all") == 0 ? CP_CONF_ALL
		: strcmp(link, "default") == 0 ? CP_CONF_DEFAULT : fake_link(of, link)->ifindex;

	return cp_conf_set(of, who, cp_conf_key(key), value);
}

static void add_dummy(const char *name)
{
	assert_int_equal(cp_link_add_dummy(cp, name, (const uint8_t[]){2, 0, 0, 0, 0, 9}, NULL), 0);
}

static void forwarding_of_all_sets_all(void **state)
{
	assert_int_equal(get(cp, "eth0", "forwarding"), 1);
	assert_int_equal(set(cp, "eth0", "forwarding", 0), 0);
	assert_int_equal(get(cp, "eth1", "forwarding"), 1);
	assert_int_equal(get(cp, "all", "forwarding"), 1);
	/* the same value again changes nobody, as in Linux */
	assert_int_equal(set(cp, "all", "forwarding", 1), 0);
	assert_int_equal(get(cp, "eth0", "forwarding"), 0);
	assert_int_equal(set(cp, "all", "forwarding", 0), 0);
	assert_int_equal(get(cp, "eth1", "forwarding"), 0);
	assert_int_equal(get(cp, "default", "forwarding"), 0);
	assert_int_equal(set(cp, "default", "forwarding", 1), 0);
	assert_int_equal(get(cp, "eth1", "forwarding"), 0);
	add_dummy("d0");
	assert_int_equal(get(cp, "d0", "forwarding"), 1);
}

static void a_default_reaches_who_was_not_set(void **state)
{
	assert_int_equal(get(cp, "all", "accept_source_route"), 0);
	assert_int_equal(get(cp, "eth0", "accept_source_route"), 1);
	assert_int_equal(set(cp, "eth0", "send_redirects", 1), 0);
	assert_int_equal(set(cp, "default", "send_redirects", 0), 0);
	assert_int_equal(get(cp, "eth0", "send_redirects"), 1);
	assert_int_equal(get(cp, "eth1", "send_redirects"), 0);
	assert_int_equal(get(cp, "all", "send_redirects"), 1);
	add_dummy("d0");
	assert_int_equal(get(cp, "d0", "send_redirects"), 0);
	assert_int_equal(set(cp, "default", "send_redirects", 1), 0);
	assert_int_equal(get(cp, "d0", "send_redirects"), 1);
}

static void what_is_not_served_is_refused(void **state)
{
	assert_null(cp_conf_key("rp_filter"));
	assert_int_equal(set(cp, "eth0", "accept_redirects", 1), -EINVAL);
	assert_non_null(cp->why);
	assert_int_equal(get(cp, "eth0", "accept_redirects"), 0);
	assert_int_equal(set(cp, "eth0", "accept_redirects", 0), 0);
	assert_int_equal(cp_conf_set(cp, 12345, cp_conf_key("forwarding"), 1), -ENODEV);
}

static int apply(struct cp *live, void *arg)
{
	return set(live, "eth0", "forwarding", 0);
}

static int break_off(struct cp *live, void *arg)
{
	assert_int_equal(get(live, "eth0", "forwarding"), 0);
	return -EIO;
}

static void a_transaction_is_whole(void **state)
{
	const struct cp_step good = {.apply = apply}, bad = {.apply = break_off};
	struct cp *shadow = cp_clone(cp);

	assert_int_equal(set(shadow, "eth0", "forwarding", 0), 0);
	assert_int_equal(get(cp, "eth0", "forwarding"), 1);
	cp_journal_step(shadow, &good);
	cp_journal_step(shadow, &bad);
	assert_int_equal(cp_commit(cp, shadow), -EIO);
	assert_int_equal(get(cp, "eth0", "forwarding"), 1);
	cp_free(shadow);
	shadow = cp_clone(cp);
	cp_journal_step(shadow, &good);
	assert_int_equal(cp_commit(cp, shadow), 0);
	assert_int_equal(get(cp, "eth0", "forwarding"), 0);
	cp_free(shadow);
}

static void save_has_what_differs(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	set(cp, "default", "send_redirects", 0);
	set(cp, "eth1", "send_redirects", 1);
	set(cp, "all", "forwarding", 0);
	set(cp, "eth0", "forwarding", 1);
	set(cp, "all", "log_martians", 1);
	assert_int_equal(cp_save(cp, out), 0);
	fclose(out);
	assert_string_equal(strstr(text, "sysctl"),
		"sysctl net.ipv4.conf.all.forwarding=0\n"
		"sysctl net.ipv4.conf.eth0.forwarding=1\n"
		"sysctl net.ipv4.conf.default.send_redirects=0\n"
		"sysctl net.ipv4.conf.eth1.send_redirects=1\n"
		"sysctl net.ipv4.conf.all.log_martians=1\n");
	free(text);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(forwarding_of_all_sets_all), T(a_default_reaches_who_was_not_set),
		T(what_is_not_served_is_refused), T(a_transaction_is_whole),
		T(save_has_what_differs),
	};

	return cmocka_run_group_tests_name("inet_conf", tests, NULL, NULL);
}
