/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP packets: built ones parse, and one wrong field each does not. */
#include "unit.h"

#include <arpa/inet.h>

#include "wire/arp.h"

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

static void builds_and_parses(void **state)
{
	struct arp_hdr arp;

	arp_build(&arp, ARP_REQUEST, mac, htonl(1), NULL, htonl(2));
	assert_ptr_equal(arp_parse(&arp, sizeof(arp)), &arp);
	assert_memory_equal(&arp, "\0\1\x08\0\6\4\0\1\2\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\2", 28);
	arp_build(&arp, ARP_REPLY, mac, htonl(1), mac, htonl(2));
	assert_ptr_equal(arp_parse(&arp, 46), &arp);
	assert_memory_equal(arp.tha, mac, 6);
}

static void refuses_each_wrong_field(void **state)
{
	static const struct {
		unsigned int at;
		uint8_t byte;
	} wrong[] = { { 0, 1 }, { 1, 6 }, { 2, 0x86 }, { 3, 1 }, { 4, 8 }, { 5, 16 },
		{ 6, 1 }, { 7, 0 }, { 7, 3 } };
	struct arp_hdr arp;

	arp_build(&arp, ARP_REQUEST, mac, htonl(1), NULL, htonl(2));
	assert_null(arp_parse(&arp, 27));
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		arp_build(&arp, ARP_REQUEST, mac, htonl(1), NULL, htonl(2));
		((uint8_t *)&arp)[wrong[i].at] = wrong[i].byte;
		assert_null(arp_parse(&arp, sizeof(arp)));
	}
}

static void addresses(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 }, all[6] = "\xff\xff\xff\xff\xff\xff";
	uint8_t copy[6];

	assert_true(eth_is_group(group) && eth_is_group(all) && !eth_is_group(mac));
	assert_true(eth_is_broadcast(all) && !eth_is_broadcast(group));
	eth_store(copy, eth_load(mac));
	assert_true(eth_equal(copy, mac));
	assert_true(eth_is_zero((const uint8_t[6]){ 0 }) && !eth_is_zero(mac));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_and_parses),
		cmocka_unit_test(refuses_each_wrong_field),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
