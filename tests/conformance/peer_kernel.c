/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that are the kernel: the other end of a veth pair in a namespace of its own, and the
 * interface that tap makes. A packet socket there sends and receives.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "conformance.h"

#define SOCKET_BYTES (128 << 20)

/* In a user namespace the kernel keeps the socket small: what fills it must come slowly. */
static bool small_socket;

static int open_socket(const char *iface)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(FRAME_TYPE)};
	int bytes = SOCKET_BYTES, one = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	ll.sll_ifindex = if_nametoindex(iface);
	assert_true(ll.sll_ifindex > 0);
	small_socket = setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), 0);
	return fd;
}

static int open_socket_at_peer(const char *iface)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int there = open("/run/netns/peer", O_RDONLY | O_CLOEXEC);
	int fd;

	assert_int_equal(setns(there, CLONE_NEWNET), 0);
	fd = open_socket(iface);
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
	close(here);
	close(there);
	return fd;
}

static bool socket_send(struct put *t, const uint8_t *frame, unsigned len)
{
	return send(t->sock, frame, len, MSG_DONTWAIT) == (ssize_t)len;
}

static void socket_read(struct put *t)
{
	static uint8_t buf[FRAME_MAX];
	ssize_t n;

	while (t->sock >= 0 && (n = recv(t->sock, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		inbox_put_bytes(&t->from_port, buf, n);
}

static void close_socket(struct put *t)
{
	if (t->sock >= 0)
		close(t->sock);
	t->sock = -1;
}

/* The kernel hears of the carrier later, and throws away what is sent before. */
static bool links_up(void)
{
	return strstr(sh_text("ip -n peer link show pe0"), "state UP") &&
		strstr(sh_text("ip link show sk0"), "state UP");
}

static void veth_before(struct put *t)
{
	hosts_link();
	assert_true(patiently(PATIENCE, links_up()));
	t->sock = open_socket_at_peer("pe0");
}

static void veth_gone(struct put *t)
{
	close_socket(t);
	if (if_nametoindex("sk0"))
		sh("ip link del sk0");
}

static void veth_link(struct put *t, bool up)
{
	(void)t;
	sh("ip -n peer link set pe0 %s", up ? "up" : "down");
}

static void veth_remove(struct put *t)
{
	(void)t;
	sh("ip -n peer link del pe0");
}

static void veth_grow(struct put *t, unsigned mtu, bool both)
{
	(void)t;
	/* An interface with an XDP program has less; the frames are then refused before they leave. */
	if (!sh_ok("ip -n peer link set pe0 mtu %u", mtu))
		sh("ip -n peer link set pe0 mtu 3000");
	if (both)
		sh("ip link set sk0 mtu %u", mtu);
}

/*
 * A queue discipline of the kernel that lets nothing through, until it lets everything through: not
 * all at once, since the peer's end has room for a thousand.
 */
static void veth_stall(struct put *t, bool on)
{
	(void)t;
	if (on)
		sh("tc qdisc replace dev sk0 root tbf rate 8kbit burst 2000 limit 100000000");
	else
		sh("tc qdisc change dev sk0 root tbf rate %u burst 5000 limit 100000000",
			small_socket ? 2000000 : 20000000);
}

static bool veth_promiscuous(struct put *t)
{
	(void)t;
	return strstr(sh_text("ip -d link show sk0"), "promiscuity 0") == NULL;
}

/* Where the interface is the wire, and the device that is tested at its end. */
const struct peer_ops peer_wire = {
	.before = veth_before,
	.gone = veth_gone,
	.send = socket_send,
	.read = socket_read,
	.link = veth_link,
	.remove = veth_remove,
	.grow = veth_grow,
};

const struct peer_ops peer_veth = {
	.before = veth_before,
	.gone = veth_gone,
	.send = socket_send,
	.read = socket_read,
	.link = veth_link,
	.remove = veth_remove,
	.grow = veth_grow,
	.promiscuous = veth_promiscuous,
	.stall = veth_stall,
};

static void tap_after(struct put *t)
{
	sh("ip link set tsk0 up");
	t->sock = open_socket("tsk0");
}

static void tap_leave(struct put *t)
{
	close_socket(t);
}

static void tap_link(struct put *t, bool up)
{
	(void)t;
	sh("ip link set tsk0 %s", up ? "up" : "down");
}

static void tap_remove(struct put *t)
{
	(void)t;
	sh("ip link del tsk0");
}

/* The interface is the port's own: it follows the port's MTU. */
static void tap_grow(struct put *t, unsigned mtu, bool both)
{
	(void)t;
	if (!both)
		sh("ip link set tsk0 mtu %u", mtu);
}

const struct peer_ops peer_tap = {
	.after = tap_after,
	.leave = tap_leave,
	.send = socket_send,
	.read = socket_read,
	.link = tap_link,
	.remove = tap_remove,
	.grow = tap_grow,
};
