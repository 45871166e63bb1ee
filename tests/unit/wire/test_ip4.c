/* SPDX-License-Identifier: BSD-3-Clause */
/* The header ladder: a right header, and for every rung the one change that fails there. */
#include "unit.h"

#include "wire/ip4.h"

static void resum(struct ip4_hdr *ip)
{
	ip->check = 0;
	ip->check = csum_ip4(ip, 5);
}

static struct ip4_hdr good(unsigned int payload)
{
	struct ip4_hdr ip = {
		.ver_ihl = 0x45,
		.tot_len = htons((uint16_t)(IP4_HDR_LEN + payload)),
		.ttl = 64,
		.protocol = IP4_PROTO_UDP,
		.saddr = htonl(0xc0000201),
		.daddr = htonl(0xc6336401),
	};

	resum(&ip);
	return ip;
}

static void right_header(void **state)
{
	struct ip4_hdr ip = good(100);

	assert_int_equal(ip4_check(&ip, 20, 120), IP4_OK);
	assert_int_equal(ip4_check(&ip, 20, 146), IP4_OK); /* padding behind */
}

static void each_rung(void **state)
{
	struct ip4_hdr ip = good(100);

	assert_int_equal(ip4_check(&ip, 19, 120), IP4_SHORT);
	assert_int_equal(ip4_check(&ip, 20, 19), IP4_SHORT);
	assert_int_equal(ip4_check(&ip, 20, 119), IP4_TRUNCATED);
	ip.ver_ihl = 0x65;
	resum(&ip);
	assert_int_equal(ip4_check(&ip, 20, 120), IP4_VERSION);
	ip.ver_ihl = 0x44;
	resum(&ip);
	assert_int_equal(ip4_check(&ip, 20, 120), IP4_IHL);
	ip.ver_ihl = 0x46;
	assert_int_equal(ip4_check(&ip, 20, 120), IP4_SHORT);
	ip = good(100);
	ip.check ^= htons(1);
	assert_int_equal(ip4_check(&ip, 20, 120), IP4_CSUM);
	ip = good(0);
	ip.tot_len = htons(19);
	resum(&ip);
	assert_int_equal(ip4_check(&ip, 20, 60), IP4_TOT_LEN);
}

static void decrease_ttl(void **state)
{
	for (unsigned int id = 0; id < 65536; id++) {
		struct ip4_hdr ip = good(8);

		ip.id = htons((uint16_t)id);
		ip.ttl = (uint8_t)(2 + id % 254);
		resum(&ip);
		ip4_decrease_ttl(&ip);
		assert_int_equal(ip.ttl, 1 + id % 254);
		assert_int_equal(csum_ip4(&ip, 5), 0);
	}
}

static void classes(void **state)
{
	assert_true(ip4_is_multicast(0xe0000001) && ip4_is_multicast(0xefffffff));
	assert_false(ip4_is_multicast(0xdfffffff) || ip4_is_multicast(0xf0000000));
	assert_true(ip4_is_class_e(0xf0000000) && !ip4_is_class_e(0xffffffff));
	assert_true(ip4_is_loopback(0x7f000001) && !ip4_is_loopback(0x80000000));
	assert_true(ip4_is_zeronet(0x00ffffff) && !ip4_is_zeronet(0x01000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_header),
		cmocka_unit_test(each_rung),
		cmocka_unit_test(decrease_ttl),
		cmocka_unit_test(classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
