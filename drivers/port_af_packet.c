/* SPDX-License-Identifier: BSD-3-Clause */
/* Port type af_packet: a kernel interface through our own driver (af_packet/). In ports.c's table.
 */
#include <stdio.h>
#include <linux/capability.h>

#include "af_packet/af_packet.h"
#include "ports_priv.h"

enum { IFACE, TAKEOVER, QDISC, QUEUES, SLOTS, XDP, BPF, RX_USECS };

/*
 * What arrives while the worker has no CPU waits here: 20 ms of 100,000 frames a second, in 4 MB.
 * More costs at full rate: docs/decisions/0001-af-packet-ring.md.
 */
#define SLOTS_DEFAULT 2048

static const struct port_option options[] = {
	[IFACE] = {"iface", PORT_IFACE, "the kernel's interface, as `ip link` shows it",
		.required = true},
	[TAKEOVER] = {"takeover", PORT_YESNO,
		"yes: move the interface's addresses and routes to skiff"},
	[QDISC] = {"qdisc", PORT_YESNO,
		"yes: send through the kernel's queue discipline, seen by its packet taps"},
	[QUEUES] = {"queues", PORT_NUMBER, "receive queues that share the traffic by flow",
		.min = 1, .max = AFP_MAX_QUEUES},
	[SLOTS] = {"slots", PORT_NUMBER,
		"frames that each receive queue holds, at 2 KB where the MTU is 1500",
		.min = 64, .max = 32768},
	[XDP] = {"xdp", PORT_YESNO,
		"no: send all frames by the packet socket, none by AF_XDP"},
	[BPF] = {"bpf", PORT_YESNO,
		"no: receive all frames by the packet socket's ring, none by a filter's"},
	PORT_RX_USECS_OPTION(RX_USECS),
	{0},
};

/* The egress hook stays open: packet sockets pass it, also past the queue discipline. */
static unsigned takeover(const struct port_spec *s)
{
	return port_yes(s, TAKEOVER) ? TAKEOVER_ADDRESSES : 0;
}

static int check(const struct port_spec *s, struct port_why *why)
{
	int err = port_check_taken(s, IFACE, why);

	if (err == 0)
		err = port_check_capability(s, CAP_NET_RAW, "CAP_NET_RAW", why);
	if (err == 0)
		err = port_check_capability(s, CAP_NET_ADMIN, "CAP_NET_ADMIN", why);
	return err;
}

static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	return snprintf(buf, len, "iface=%s,qdisc_bypass=%d,xdp_tx=%d,bpf_rx=%d",
		port_value(s, IFACE), !port_yes(s, QDISC),
		!port_value(s, XDP) || port_yes(s, XDP), !port_value(s, BPF) || port_yes(s, BPF));
}

static unsigned queues(const struct port_spec *s)
{
	return port_number(s, QUEUES, 1);
}

static unsigned slots(const struct port_spec *s)
{
	return port_number(s, SLOTS, SLOTS_DEFAULT);
}

static unsigned rx_usecs(const struct port_spec *s)
{
	return port_number(s, RX_USECS, PORT_RX_USECS);
}

const struct port_type port_af_packet = {
	.name = "af_packet",
	.help = "a kernel interface through packet sockets; runs everywhere, large frames whole",
	.device = AFP_DRIVER,
	.options = options,
	.wait = PORT_WAIT_FD,
	.arms = true,
	.limits = {.max_segments = 128,
		.indirect = true,
		.external = true,
		.checksum = true,
		.tso = true,
		.uso = true,
		.symmetric = true,
		.max_frame = 65535 + 14,
		.max_mtu = 65535},
	.check = check,
	.devargs = devargs,
	.takeover = takeover,
	.queues = queues,
	.rx_usecs = rx_usecs,
	.slots = slots,
};
