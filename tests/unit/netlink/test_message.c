/* SPDX-License-Identifier: BSD-3-Clause */
/* Building messages at every size of buffer, and reading attributes against a policy. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>

#include "netlink/nl_internal.h"

static int build(struct nl_msg *m)
{
	uint32_t *head = nl_msg_begin(m, 77, NLM_F_EXCL, 6);

	if (head != NULL)
		*head = 0x12345678;
	nl_put_u8(m, 1, 8);
	nl_put_str(m, 2, "abc");
	size_t nest = nl_nest_start(m, 3);

	nl_put_u64(m, 4, 1ull << 40);
	nl_nest_end(m, nest);
	nl_put(m, 5, NULL, 0);
	return nl_msg_end(m);
}

static void a_message_fits_or_is_taken_back(void **state)
{
	/* 16 + 8 header, 8, 8, 4 + 12, 4 */
	const size_t whole = 60;

	for (size_t size = 0; size < 3 * whole; size++) {
		uint8_t buf[256] __attribute__((aligned(8)));
		struct nl_msg m;
		size_t n = 0;

		memset(buf, 0xa5, sizeof(buf));
		nl_msg_init(&m, buf, size);
		m.seq = 9;
		m.portid = 10;
		m.flags = NLM_F_MULTI;
		while (build(&m) == 0)
			n++;
		assert_int_equal(n, size / whole);
		assert_int_equal(m.len, n * whole);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0xa5);
	}
}

static void what_is_built_reads_back(void **state)
{
	uint8_t buf[256] __attribute__((aligned(8)));
	struct nl_msg m;
	struct nlattr *a;
	int n = 0;

	nl_msg_init(&m, buf, sizeof(buf));
	m.flags = NLM_F_MULTI;
	m.seq = 9;
	assert_int_equal(build(&m), 0);
	struct nlmsghdr *h = (struct nlmsghdr *)buf;

	assert_int_equal(h->nlmsg_flags, NLM_F_MULTI | NLM_F_EXCL);
	assert_int_equal(h->nlmsg_seq, 9);
	mnl_attr_for_each (a, h, 6) {
		n++;
		if (mnl_attr_get_type(a) == 2)
			assert_string_equal(mnl_attr_get_str(a), "abc");
		if (mnl_attr_get_type(a) == 3) {
			struct nlattr *in = mnl_attr_get_payload(a);

			assert_true(a->nla_type & NLA_F_NESTED);
			assert_int_equal(mnl_attr_get_u64(in), 1ull << 40);
		}
	}
	assert_int_equal(n, 4);
}

static const struct nl_policy policy[] = {
	[1] = {.type = NL_U32},
	[2] = {.type = NL_STRING, .max = 3},
	[3] = {.type = NL_NESTED},
	[4] = {.type = NL_EXACT, .max = 6},
	[5] = {.type = NL_REJECT},
	[6] = {.type = NL_FLAG},
};

static bool get(uint16_t type)
{
	return type == 18;
}

struct world {
	struct nl_family family;
	struct nl_sock sock;
	struct nl_extack ea;
	struct nl_req rq;
	uint8_t buf[128] __attribute__((aligned(8)));
	struct nl_msg m;
	const struct nlattr *tb[8];
};

static struct world *fresh(struct world *w, uint16_t type)
{
	memset(w, 0, sizeof(*w));
	w->family.is_get = get;
	w->sock.family = &w->family;
	w->rq = (struct nl_req){.sock = &w->sock, .ea = &w->ea,
		.nlh = (struct nlmsghdr *)w->buf};
	nl_msg_init(&w->m, w->buf, sizeof(w->buf));
	nl_msg_begin(&w->m, type, 0, 4);
	return w;
}

static int parse(struct world *w)
{
	nl_msg_end(&w->m);
	return nl_req_parse(&w->rq, 4, policy, NL_N(policy), w->tb, 7);
}

static void attributes_are_checked_as_in_linux(void **state)
{
	static const struct {
		uint16_t type;
		const char *bytes;
		size_t len;
		int err;
		const char *msg;
	} cases[] = {
		{1, "abcd", 4, 0, ""},
		{1, "abc", 3, -ERANGE, "Attribute failed policy validation"},
		{1, "abcdef", 6, 0, ""},
		{2, "abc", 3, 0, ""},
		{2, "abc\0", 4, 0, ""},
		{2, "abcd", 4, -ERANGE, "Attribute failed policy validation"},
		{2, "", 0, -ERANGE, "Attribute failed policy validation"},
		{3, "", 0, 0, ""},
		{3, "ab", 2, -ERANGE, "Attribute failed policy validation"},
		{4, "abcdef", 6, 0, ""},
		{4, "abcde", 5, -ERANGE, "Attribute failed policy validation"},
		{5, "", 0, -EOPNOTSUPP, "skiff does not serve attribute 5"},
		{6, "", 0, 0, ""},
		{6, "a", 1, -ERANGE, "Attribute failed policy validation"},
		{7, "any", 3, 0, ""},
		{1 | NLA_F_NESTED, "abcd", 4, 0, ""},
	};
	struct world w;

	for (size_t i = 0; i < NL_N(cases); i++) {
		fresh(&w, 16);
		nl_put(&w.m, cases[i].type, cases[i].bytes, cases[i].len);
		assert_int_equal(parse(&w), cases[i].err);
		assert_string_equal(w.ea.msg, cases[i].msg);
		if (cases[i].err < 0)
			assert_ptr_equal(w.ea.attr, w.buf + 20);
		else
			assert_ptr_equal(w.tb[cases[i].type & NLA_TYPE_MASK], w.buf + 20);
	}
}

static void unknown_ones_only_strict_gets_refuse(void **state)
{
	struct world w;

	for (int strict = 0; strict < 2; strict++)
		for (uint16_t type = 16; type <= 18; type += 2) {
			fresh(&w, type);
			w.sock.flags = strict ? SKIFF_NLF_STRICT : 0;
			nl_put_u32(&w.m, 99, 1);
			nl_put_u32(&w.m, 1, 1);
			bool refused = strict && type == 18;

			assert_int_equal(parse(&w), refused ? -EINVAL : 0);
			assert_string_equal(w.ea.msg, refused ? "Unknown attribute type" : "");
			if (!refused)
				assert_non_null(w.tb[1]);
		}
}

static void lying_lengths_end_the_parse(void **state)
{
	struct world w;

	for (uint32_t lie = 0; lie <= UINT16_MAX; lie += 3) {
		fresh(&w, 16);
		nl_put_u32(&w.m, 1, 1);
		nl_put_u32(&w.m, 2, 'a');
		nl_msg_end(&w.m);
		((struct nlattr *)(w.buf + 28))->nla_len = lie;
		int err = nl_req_parse(&w.rq, 4, policy, NL_N(policy), w.tb, 7);

		assert_non_null(w.tb[1]);
		if (lie < 4 || lie > 8) {
			assert_int_equal(err, 0);
			assert_null(w.tb[2]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_fits_or_is_taken_back),
		cmocka_unit_test(what_is_built_reads_back),
		cmocka_unit_test(attributes_are_checked_as_in_linux),
		cmocka_unit_test(unknown_ones_only_strict_gets_refuse),
		cmocka_unit_test(lying_lengths_end_the_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
