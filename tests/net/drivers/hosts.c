/* SPDX-License-Identifier: BSD-3-Clause */
/* Surroundings of the driver tests; see hosts.h. */
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "hosts.h"
#include "unit.h"

static int run(const char *format, va_list args, const char *tail)
{
	char command[1024];
	int n = vsnprintf(command, sizeof(command), format, args);

	snprintf(command + n, sizeof(command) - n, "%s", tail);
	return system(command);
}

void sh(const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = run(format, args, "");
	va_end(args);
	if (status)
		fail_msg("status %d of: %s", status, format);
}

bool sh_ok(const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = run(format, args, " >/dev/null 2>&1");
	va_end(args);
	return status == 0;
}

const char *sh_text(const char *format, ...)
{
	static char text[16384];
	char command[1024];
	va_list args;
	FILE *f;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	f = popen(command, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	pclose(f);
	return text;
}

void hosts_link(void)
{
	sh("ip link add sk0 type veth peer name pe0 netns peer");
	sh("ip -n peer link set pe0 up");
	sh("ip link set sk0 up");
}

void hosts_make(void)
{
	sh("ip netns add peer");
	sh("ip netns exec peer sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	hosts_link();
}

int peer_socket(const char *iface, bool vnet)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int there = open("/run/netns/peer", O_RDONLY | O_CLOEXEC);
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int one = 1, bytes = 64 << 20, fd;

	assert_int_equal(setns(there, CLONE_NEWNET), 0);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	ll.sll_ifindex = if_nametoindex(iface);
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	if (vnet)
		assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), 0);
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
	close(here);
	close(there);
	return fd;
}

double clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

void wait_a_little(void)
{
	usleep(1000);
}
