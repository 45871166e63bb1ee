/* SPDX-License-Identifier: BSD-3-Clause */
/* Port type af_xdp: a kernel interface through DPDK's AF_XDP driver. In ports.c's table. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <linux/capability.h>
#include <sys/socket.h>

#include "ports_priv.h"

#define KERNEL_MS 300 /* to give a closed socket's queue back, which it does in its own time */

enum { IFACE, TAKEOVER, RX_USECS };

static const struct port_option options[] = {
	[IFACE] = {"iface", PORT_IFACE, "the kernel's interface, as `ip link` shows it",
		.required = true},
	[TAKEOVER] = {"takeover", PORT_YESNO,
		"yes: move the interface's addresses and routes to skiff"},
	PORT_RX_USECS_OPTION(RX_USECS),
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

static uint64_t closed_ms; /* when a port of this type was last closed; 0: none was */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000) + t.tv_nsec / 1000000;
}

/* The driver loses 2,048 mbufs with each try that comes too early. */
static int open_port(struct port *p, struct port_why *why)
{
	while (closed_ms && now_ms() - closed_ms < KERNEL_MS)
		usleep(10000);
	return port_attach_vdev(p, why);
}

/*
 * DPDK 22.11 does not close the socket, which keeps the interface's queue: nobody could open it
 * again.
 */
static void close_port(struct port *p)
{
	for (unsigned i = 0; i < PORT_MAX_QUEUES; i++) {
		int fd = p->wait_fd[i], domain = 0;
		socklen_t len = sizeof(domain);

		p->wait_fd[i] = -1;
		if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
			domain != AF_XDP)
			continue;
		close(fd);
		closed_ms = now_ms();
	}
}

static unsigned rx_usecs(const struct port_spec *s)
{
	return port_number(s, RX_USECS, PORT_RX_USECS);
}

const struct port_type port_af_xdp = {
	.name = "af_xdp",
	.help = "a kernel interface through AF_XDP; faster for small frames",
	.device = "net_af_xdp",
	.options = options,
	.wait = PORT_WAIT_FD,
	.limits = {.max_segments = 1,
		.max_frame = PORT_ONE_SEGMENT,
		/* The kernel keeps 256 bytes in front of what it receives. */
		.max_mtu = PORT_ONE_SEGMENT_MTU - 256,
		.setup_once = true},
	.quirks = "DPDK 22.11 loses clones and sends foreign memory for a second segment, so both "
		  "are "
		  "copied; a frame has to fit one mbuf; at close it keeps the mbufs of its "
		  "fill ring",
	.check = check,
	.devargs = devargs,
	.takeover = takeover,
	.queues = queues,
	.rx_usecs = rx_usecs,
	.open = open_port,
	.close = close_port,
};
