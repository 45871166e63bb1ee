/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shadow, journal, commit: a commit does what the shadow did; one that the data plane refuses at
 * any point leaves the live instance as it was. Requests are netlink messages, as programs send.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "addrs.h"
#include "fake_backend.h"
#include "journal.h"
#include "links.h"
#include "netlink/rtnl.h"
#include "rib.h"

static uint64_t buf[64];

static struct nl_msg *begin(struct nl_msg *m)
{
	memset(buf, 0, sizeof(buf));
	nl_msg_init(m, buf, sizeof(buf));
	return m;
}

static int apply(struct cp *cp, struct nl_msg *m)
{
	assert_int_equal(nl_msg_end(m), 0);
	return cp_rtnl_apply(cp, (const struct nlmsghdr *)buf);
}

static int add_addr(struct cp *cp, const char *link, uint32_t ip, uint8_t len)
{
	struct nl_msg m;
	struct ifaddrmsg *h = nl_msg_begin(begin(&m), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_CREATE |
		NLM_F_EXCL, sizeof(*h));

	*h = (struct ifaddrmsg){.ifa_family = AF_INET, .ifa_prefixlen = len,
		.ifa_index = cp_link_by_name(cp, link)->ifindex};
	nl_put_u32(&m, IFA_LOCAL, htonl(ip));
	return apply(cp, &m);
}

static int add_route(struct cp *cp, uint32_t dst, uint8_t len, uint32_t gw)
{
	struct nl_msg m;
	struct rtmsg *h = nl_msg_begin(begin(&m), RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE |
		NLM_F_EXCL, sizeof(*h));

	*h = (struct rtmsg){.rtm_family = AF_INET, .rtm_dst_len = len, .rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST};
	nl_put_u32(&m, RTA_DST, htonl(dst));
	nl_put_u32(&m, RTA_GATEWAY, htonl(gw));
	return apply(cp, &m);
}

static int add_dummy(struct cp *cp, const char *name)
{
	struct nl_msg m;
	size_t nest;
	struct ifinfomsg *h = nl_msg_begin(begin(&m), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE |
		NLM_F_EXCL, sizeof(*h));

	h->ifi_flags = h->ifi_change = IFF_UP;
	nl_put_str(&m, IFLA_IFNAME, name);
	nest = nl_nest_start(&m, IFLA_LINKINFO);
	nl_put_str(&m, IFLA_INFO_KIND, "dummy");
	nl_nest_end(&m, nest);
	return apply(cp, &m);
}

static char *text_of(struct cp *cp)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct rib_cursor c = {0};
	struct rib_route r;

	assert_int_equal(cp_save(cp, out), 0);
	while (rib_next(cp, &c, &r))
		fprintf(out, "%u %x/%u %x dev %u\n", r.table, r.dst, r.len,
			rib_info_nh(r.fi)->gw, rib_info_nh(r.fi)->oif);
	fclose(out);
	return text;
}

static void changes(struct cp *cp)
{
	assert_int_equal(add_dummy(cp, "d0"), 0);
	assert_int_equal(add_addr(cp, "d0", 0x0a090001, 24), 0);
	assert_int_equal(add_addr(cp, "eth1", 0x0a080001, 24), 0);
	assert_int_equal(add_route(cp, 0x14000000, 8, 0x0a080002), 0);
	assert_int_equal(add_route(cp, 0x15000000, 8, 0x0a090002), 0);
	assert_int_equal(cp_rtnl_apply(cp, (struct nlmsghdr *)buf), -EEXIST); /* not journalled */
}

static void commit_does_what_the_shadow_did(void **state)
{
	static struct fake f;
	struct cp *live = fake_router(&f), *shadow = cp_clone(live);
	char *before = text_of(live), *want, *got;
	size_t fibs = fake_count(&f, 0);

	changes(shadow);
	got = text_of(live);
	assert_string_equal(got, before);
	assert_int_equal(fake_count(&f, 0), fibs);
	free(got);
	want = text_of(shadow);
	assert_int_equal(cp_commit(live, shadow), 0);
	got = text_of(live);
	assert_string_equal(got, want);
	assert_string_not_equal(got, before);
	assert_true(fake_count(&f, 0) > fibs);
	free(want);
	free(got);
	free(before);
	cp_free(shadow);
	cp_free(live);
	fake_free(&f);
}

/* The data plane refuses the nth prefix, for every n until none is refused. */
static void a_refused_commit_changes_nothing(void **state)
{
	for (int n = 1;; n++) {
		static struct fake f;
		struct cp *live = fake_router(&f), *shadow = cp_clone(live);
		char *before = text_of(live), *after;
		size_t fibs = fake_count(&f, 0);
		uint64_t generation = live->generation;
		int err;

		changes(shadow);
		f.fail_fib_after = n;
		err = cp_commit(live, shadow);
		f.fail_fib_after = 0;
		after = text_of(live);
		if (err < 0) {
			assert_string_equal(after, before);
			assert_int_equal(fake_count(&f, 0), fibs);
			assert_true(live->generation == generation);
		}
		free(before);
		free(after);
		cp_free(shadow);
		cp_free(live);
		fake_free(&f);
		if (err == 0) {
			assert_true(n > 2);
			return;
		}
	}
}

static void a_changed_live_instance_refuses(void **state)
{
	static struct fake f;
	struct cp *live = fake_router(&f), *shadow = cp_clone(live);

	changes(shadow);
	assert_int_equal(add_route(live, 0x16000000, 8, 0x0a000002), 0);
	assert_int_equal(cp_commit(live, shadow), -EAGAIN);
	assert_null(cp_link_by_name(live, "d0"));
	cp_free(shadow);
	cp_free(live);
	fake_free(&f);
}

static int steps, undone, freed;

static int step(struct cp *live, void *arg)
{
	steps++;
	return *(int *)arg;
}

static void undo(struct cp *live, void *arg)
{
	undone++;
}

static void done(void *arg)
{
	freed++;
}

static void steps_of_the_owner_are_undone(void **state)
{
	static struct fake f;
	struct cp *live = fake_router(&f), *shadow = cp_clone(live);
	int good = 0, bad = -EIO;
	struct cp_step s = {.apply = step, .undo = undo, .done = done, .arg = &good};

	assert_int_equal(cp_journal_step(shadow, &s), 0);
	changes(shadow);
	s.arg = &bad;
	assert_int_equal(cp_journal_step(shadow, &s), 0);
	assert_int_equal(cp_commit(live, shadow), -EIO);
	assert_int_equal(steps, 2);
	assert_int_equal(undone, 1);
	assert_null(cp_link_by_name(live, "d0"));
	cp_free(shadow);
	assert_int_equal(freed, 2);
	cp_free(live);
	fake_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commit_does_what_the_shadow_did),
		cmocka_unit_test(a_refused_commit_changes_nothing),
		cmocka_unit_test(a_changed_live_instance_refuses),
		cmocka_unit_test(steps_of_the_owner_are_undone),
	};

	return cmocka_run_group_tests_name("transaction", tests, NULL, NULL);
}
