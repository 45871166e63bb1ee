/* SPDX-License-Identifier: BSD-3-Clause */
/* Port type af_xdp: a kernel interface through DPDK's AF_XDP driver. In ports.c's table. */
#include <errno.h>
#include <stdio.h>
#include <linux/capability.h>

#include "ports_priv.h"

enum { IFACE, TAKEOVER };

static const struct port_option options[] = {
	[IFACE] = {"iface", PORT_IFACE, "the kernel's interface, as `ip link` shows it",
		.required = true},
	[TAKEOVER] = {"takeover", PORT_YESNO,
		"yes: move the interface's addresses and routes to skiff"},
	{0},
};

static unsigned takeover(const struct port_spec *s)
{
	return TAKEOVER_XDP | TAKEOVER_OWN_EGRESS |
	       (port_yes(s, TAKEOVER) ? TAKEOVER_ADDRESSES : 0);
}

/* All of them: what arrives at a queue that is not bound would go to the kernel and be dropped. */
static unsigned queues(const struct port_spec *s)
{
	return port_iface_queues(port_value(s, IFACE));
}

static int check(const struct port_spec *s, struct port_why *why)
{
	int err = port_check_taken(s, IFACE, why);

	if (err == 0)
		err = port_check_capability(s, CAP_NET_RAW, "CAP_NET_RAW", why);
	if (err == 0)
		err = port_check_capability(s, CAP_NET_ADMIN, "CAP_NET_ADMIN", why);
	if (err == 0 && queues(s) > PORT_MAX_QUEUES)
		err = port_fail(s, why, -EOPNOTSUPP, IFACE,
			"%s has %u receive queues, af_xdp serves %u; reduce them: ethtool -L %s "
			"combined %u",
			port_value(s, IFACE), queues(s), PORT_MAX_QUEUES, port_value(s, IFACE),
			PORT_MAX_QUEUES);
	return err;
}

static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	return snprintf(
		buf, len, "iface=%s,start_queue=0,queue_count=%u", port_value(s, IFACE), queues(s));
}

const struct port_type port_af_xdp = {
	.name = "af_xdp",
	.help = "a kernel interface through AF_XDP; faster for small frames",
	.device = "net_af_xdp",
	.options = options,
	.wait = PORT_WAIT_FD,
	.limits = {.max_segments = 1, .max_frame = 3542 + 14, .max_mtu = 3542},
	.quirks = "DPDK 22.11 loses clones and sends foreign memory for a second segment, so both "
		  "are "
		  "copied; frames above 3556 bytes do not fit; at close it keeps the mbufs of its "
		  "fill ring",
	.check = check,
	.devargs = devargs,
	.takeover = takeover,
	.queues = queues,
};
