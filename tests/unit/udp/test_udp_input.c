/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP for this host without a socket: what is malformed, what is told whom. */
#include <string.h>

#include "ip4/ip4_world.h"

static void input(struct ip4_world *world, const struct pkt *p)
{
	fake_stage1(&world->f, udp_input, ip4_world_up(world, p));
}

static void port_unreachable(void **state)
{
	struct ip4_world *world = *state;
	const struct pkt cases[] = {
		PKT_UDP(), PKT_UDP(.data_len = 0), PKT_UDP(.data_len = 1473), PKT_UDP(.no_l4_csum = true),
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct skb *e;

		input(world, &cases[i]);
		assert_counted(world, UdpNoPorts, 1);
		fake_stage1(&world->f, icmp_error, fake_take1(&world->f, STAGE_icmp_error));
		fake_expect_drop(&world->f, DROP_UDP_NO_PORT, 1);
		e = ip4_world_answer(world);
		assert_int_equal(((struct ip4_hdr *)skb_data(e))->saddr, pkt_addr("192.0.2.1"));
		assert_int_equal(ip4_world_flat(e)[20], ICMP_DEST_UNREACH);
		assert_int_equal(ip4_world_flat(e)[21], ICMP_UNREACH_PORT);
		fake_sent(&world->f, e);
	}
	assert_counted(world, UdpInErrors, 0);
}

static void malformed_ends_silently(void **state)
{
	struct ip4_world *world = *state;
	const struct {
		struct pkt p;
		enum drop_reason reason;
	} cases[] = {
		{ PKT_UDP(.bad_l4_csum = true), DROP_UDP_BAD_CSUM },
		{ PKT_UDP(.bad_l4_csum = true, .data_len = 1471), DROP_UDP_BAD_CSUM },
		{ PKT_IP4(.proto = IP4_PROTO_UDP, .data_len = 0), DROP_UDP_SHORT },
		{ PKT_IP4(.proto = IP4_PROTO_UDP, .data_len = 7), DROP_UDP_SHORT },
		{ PKT_IP4(.proto = IP4_PROTO_UDP, .data = "\4\0\0\7\0\7\0\0", .data_len = 8),
			DROP_UDP_LENGTH }, /* says 7 */
		{ PKT_IP4(.proto = IP4_PROTO_UDP, .data = "\4\0\0\7\0\x09\0\0", .data_len = 8),
			DROP_UDP_LENGTH }, /* says one more */
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		input(world, &cases[i].p);
		ip4_world_silent(world, cases[i].reason);
		assert_counted(world, UdpInErrors, 1);
	}
	assert_counted(world, UdpInCsumErrors, 2);
	assert_counted(world, UdpNoPorts, 0);
}

/* Bytes behind the UDP length are not the datagram's: the checksum leaves them out. */
static void trailing_bytes(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.data_len = 20);

	memset(p.data + p.len, 0xa5, 9);
	p.len += 9;
	input(world, &p);
	assert_counted(world, UdpNoPorts, 1);
	skb_drop(world->w, fake_take1(&world->f, STAGE_icmp_error), DROP_UDP_NO_PORT);
}

static void nobody_told_about_broadcast(void **state)
{
	static const char *const dst[] = { "192.0.2.255", "255.255.255.255", "224.0.0.1" };
	struct ip4_world *world = *state;

	for (size_t i = 0; i < RTE_DIM(dst); i++) {
		struct pkt p = PKT_UDP(.dst = dst[i]);

		input(world, &p);
		ip4_world_silent(world, DROP_UDP_NO_LISTENER);
		assert_counted(world, UdpIgnoredMulti, 1);
	}
	assert_counted(world, UdpNoPorts, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, ip4_world_setup, ip4_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(port_unreachable), T(malformed_ends_silently), T(trailing_bytes),
		T(nobody_told_about_broadcast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
