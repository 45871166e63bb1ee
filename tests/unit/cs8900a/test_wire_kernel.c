/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A wire that ends in a kernel interface: what goes out of it and comes in, what a chip of 1518 bytes
 * cannot take, checksums the kernel left open, the carrier, an interface that goes. The peer is a raw
 * socket on the other end of a veth pair; needs CAP_NET_ADMIN and is run under tests/net/isolate.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "chip.h"

static struct cs8900a_wire *wire;
static struct cs8900a_wire_frame f;
static int peer = -1;

static void sh(const char *command)
{
	if (system(command))
		fail_msg("%s", command);
}

static int up(void **state)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int one = 1;
	char err[160];

	sh("ip link add w0 type veth peer name w1 && ip link set w0 up && ip link set w1 up");
	sh("sysctl -qw net.ipv6.conf.w0.disable_ipv6=1 net.ipv6.conf.w1.disable_ipv6=1");
	sh("ip link set w1 addrgenmode none && ip addr add 192.0.2.1/24 dev w1");
	wire = cs8900a_wire_open("kernel:w0", err, sizeof(err));
	if (!wire)
		fail_msg("%s", err);
	at.sll_ifindex = (int)if_nametoindex("w1");
	peer = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (peer < 0 || setsockopt(peer, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one))
		|| bind(peer, (struct sockaddr *)&at, sizeof(at)))
		fail_msg("no socket at the other end");
	while (wire->ops->receive(wire, 1, &f) > 0)
		;
	wire->lost = 0;
	return 0;
}

static int down(void **state)
{
	cs8900a_wire_close(wire);
	wire = NULL;
	close(peer);
	return system("ip link del w0 2>/dev/null") == -1;
}

static void fill(uint8_t *data, unsigned len, unsigned seed)
{
	memset(data, 0xFF, 6);
	memcpy(data + 6, "\x02\x00\x00\x00\x00\x09\x88\xb5", 8);
	for (unsigned i = 14; i < len; i++)
		data[i] = (uint8_t)(i * 3 + seed);
}

/* The next frame out of the wire, waiting as a model would not: false after two seconds. */
static bool next(void)
{
	struct pollfd p = { .fd = cs8900a_wire_wait_fd(wire), .events = POLLIN };

	for (unsigned i = 0; i < 40; i++) {
		if (wire->ops->receive(wire, 1, &f) > 0)
			return true;
		poll(&p, 1, 50);
	}
	return false;
}

static void in_comes_what_was_sent(void **state)
{
	uint8_t data[1600];

	for (unsigned len = 14; len <= 1514; len += len < 66 ? 1 : 37) {
		const unsigned want = len < 60 ? 60 : len;

		fill(data, len, len);
		assert_int_equal(send(peer, data, len, 0), len);
		assert_true(next());
		assert_int_equal(f.len, want);
		assert_memory_equal(f.data, data, len);
		for (unsigned i = len; i < want; i++)
			assert_int_equal(f.data[i], 0); /* padded as on any wire */
		assert_false(f.has_crc || f.bad_crc || f.dribble);
		assert_int_equal(f.at_ns, 0);
	}
	assert_int_equal(wire->ops->receive(wire, 1, &f), 0);
	assert_int_equal(wire->lost, 0);
}

/* Never blocks, and the descriptor tells when there is something. */
static void waits_on_its_descriptor(void **state)
{
	struct pollfd p = { .fd = cs8900a_wire_wait_fd(wire), .events = POLLIN };
	uint8_t data[60];

	assert_true(p.fd >= 0);
	assert_int_equal(wire->ops->receive(wire, 1, &f), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	fill(data, 60, 1);
	assert_int_equal(send(peer, data, 60, 0), 60);
	assert_int_equal(poll(&p, 1, 2000), 1);
	assert_int_equal(wire->ops->receive(wire, 1, &f), 1);
}

static void put(unsigned len, bool has_crc, bool bad_crc)
{
	fill(f.data, len, len);
	f.len = len + 4;
	f.has_crc = has_crc;
	f.bad_crc = bad_crc;
	memcpy(f.data + len, "\x11\x22\x33\x44", 4);
	wire->ops->send(wire, &f);
}

/* What has a right CRC goes out without it; what no station would take does not, and is counted. */
static void out_goes_what_is_right(void **state)
{
	uint8_t want[2048], got[2048];

	for (unsigned len = 60; len <= 1514; len += 31) {
		put(len, true, false);
		fill(want, len, len);
		assert_int_equal(recv(peer, got, sizeof(got), 0), len);
		assert_memory_equal(got, want, len);
	}
	assert_int_equal(wire->lost, 0);
	put(100, true, true);
	assert_int_equal(wire->lost, 1);
	put(100, false, false);
	assert_int_equal(wire->lost, 2);
	put(59, true, false);
	assert_int_equal(wire->lost, 3);
	put(60, true, false);
	assert_int_equal(recv(peer, got, sizeof(got), 0), 60); /* nothing else before it */
	assert_int_equal(wire->lost, 3);
	assert_int_equal(wire->ops->receive(wire, 1, &f), 0); /* nor what it sent itself */
}

static int udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = htonl(0xC0000202) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(s >= 0);
	assert_int_equal(connect(s, (struct sockaddr *)&to, sizeof(to)), 0);
	return s;
}

static uint16_t sum(const uint8_t *data, unsigned len, uint32_t s)
{
	for (unsigned i = 0; i < len; i += 2)
		s += (uint32_t)data[i] << 8 | (i + 1 < len ? data[i + 1] : 0);
	while (s >> 16)
		s = (s & 0xFFFF) + (s >> 16);
	return (uint16_t)s;
}

/* The kernel's own packets come with the checksum still to be made: on the wire it is right. */
static void checksums_are_finished(void **state)
{
	char data[1400];
	uint16_t zero = 0;
	int s;

	sh("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev w1 nud permanent");
	sh("ethtool -K w1 tx on >/dev/null 2>&1 || true");
	s = udp();
	for (unsigned len = 0; len <= sizeof(data); len += len < 40 ? 1 : 97) {
		memset(data, (int)len, sizeof(data));
		assert_int_equal(send(s, data, len, 0), len);
		assert_true(next());
		const uint8_t *ip = f.data + 14;
		const unsigned udp_len = 8 + len;

		assert_int_equal(f.data[12] << 8 | f.data[13], 0x0800);
		assert_int_equal(sum(ip, 20, 0), 0xFFFF);
		assert_true(ip[26] || ip[27]); /* 0 would mean: none */
		assert_int_equal(sum(ip + 20, udp_len, sum(ip + 12, 8, 17 + udp_len)), 0xFFFF);
	}
	/* one whose sum is 0: sent as FFFFh, as 0 says that there is none */
	assert_int_equal(send(s, &zero, 2, 0), 2);
	assert_true(next());
	memcpy(&zero, f.data + 40, 2);
	assert_int_equal(send(s, &zero, 2, 0), 2);
	assert_true(next());
	assert_int_equal(f.data[40] << 8 | f.data[41], 0xFFFF);
	close(s);
}

/* A frame that no chip could take is lost and counted, and the next one comes. */
static void too_long_is_lost(void **state)
{
	uint8_t data[9000];

	sh("ip link set w0 mtu 9000 && ip link set w1 mtu 9000");
	fill(data, sizeof(data), 1);
	assert_int_equal(send(peer, data, 9000, 0), 9000);
	fill(data, 70, 2);
	assert_int_equal(send(peer, data, 70, 0), 70);
	assert_true(next());
	assert_int_equal(f.len, 70);
	assert_int_equal(wire->lost, 1);
}

static void follows_the_carrier(void **state)
{
	uint64_t now = 1000000000;

	wire->ops->receive(wire, now, &f);
	assert_true(wire->ops->link(wire));
	sh("ip link set w1 down");
	wire->ops->receive(wire, now += 50000000, &f); /* asked ten times a second */
	assert_true(wire->ops->link(wire));
	wire->ops->receive(wire, now += 60000000, &f);
	assert_false(wire->ops->link(wire));
	sh("ip link set w1 up");
	for (unsigned i = 0; i < 200 && !wire->ops->link(wire); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		wire->ops->receive(wire, now += 110000000, &f);
	}
	assert_true(wire->ops->link(wire));
	/* the peer's socket still has to say that its interface was down */
	getsockopt(peer, SOL_SOCKET, SO_ERROR, &(int){ 0 }, &(socklen_t){ sizeof(int) });
	in_comes_what_was_sent(state);
}

/* The interface goes while it is in use: no link, nothing comes, what is sent is lost, no crash. */
static void interface_goes(void **state)
{
	sh("ip link del w0");
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(wire->ops->receive(wire, 1000000000 + i * 200000000ull, &f), 0);
	assert_false(wire->ops->link(wire));
	put(60, true, false);
	assert_int_equal(wire->lost, 1);
}

static void refused(void **state)
{
	char err[160];
	int null, before = dup(0), after;

	close(before);
	assert_null(cs8900a_wire_open("kernel:nosuch", err, sizeof(err)));
	assert_string_equal(err, "there is no interface \"nosuch\" for the wire");
	assert_null(cs8900a_wire_open("kernel:an-interface-of-a-name-too-long", err, sizeof(err)));
	assert_non_null(strstr(err, "there is no interface"));
	assert_null(cs8900a_wire_open("kernel:", err, sizeof(err)));
	/* no descriptor left: the socket is the one that cannot be had */
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(null, before);
	close(null);
	after = dup(0);
	assert_int_equal(after, before);
	close(after);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, up, down)
	const struct CMUnitTest tests[] = {
		T(in_comes_what_was_sent), T(waits_on_its_descriptor), T(out_goes_what_is_right),
		T(checksums_are_finished), T(too_long_is_lost), T(follows_the_carrier),
		T(interface_goes), T(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
