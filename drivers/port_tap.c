/* SPDX-License-Identifier: BSD-3-Clause */
/* Port type tap: a kernel interface made for skiff, by DPDK's driver. In ports.c's table. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>

#include "ports_priv.h"

enum { IFACE, MAC };

static const struct port_option options[] = {
	[IFACE] = {"iface", PORT_IFACE, "name of the kernel interface to make", .required = true},
	[MAC] = {"mac", PORT_MAC, "address of skiff's end"},
	{0},
};

static int check(const struct port_spec *s, struct port_why *why)
{
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return port_fail(s, why, -errno, -1,
			"tap needs /dev/net/tun: %s; load the tun module or run as root",
			strerror(errno));
	if (if_nametoindex(port_value(s, IFACE)))
		return port_fail(s, why, -EEXIST, IFACE,
			"there is an interface %s already; tap makes a new one, af_packet takes an "
			"old one",
			port_value(s, IFACE));
	return port_check_capability(s, CAP_NET_ADMIN, "CAP_NET_ADMIN", why);
}

static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	const char *mac = port_value(s, MAC);

	return snprintf(
		buf, len, "iface=%s%s%s", port_value(s, IFACE), mac ? ",mac=" : "", mac ? mac : "");
}

const struct port_type port_tap = {
	.name = "tap",
	.help = "a new kernel interface whose other end is skiff",
	.device = "net_tap",
	.options = options,
	.wait = PORT_WAIT_TIMER,
	.limits = {.max_segments = 64,
		.indirect = true,
		.external = true,
		.max_frame = 65535,
		.max_mtu = 65521,
		.frame_by_mtu = true},
	.quirks = "the driver has no descriptor to sleep on: a worker looks every millisecond",
	.check = check,
	.devargs = devargs,
};
