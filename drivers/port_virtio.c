/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port type virtio: the guest's end of virtio, to a vhost-user socket (virtio_user) or of a PCI
 * device. In ports.c's table.
 */
#include <errno.h>
#include <stdio.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "ports_priv.h"

enum { PATH, PCI, MAC, QUEUES, SERVER };

static const struct port_option options[] = {
	[PATH] = {"path", PORT_PATH, "vhost-user socket of the other end"},
	[PCI] = {"pci", PORT_PCI, "address of a virtio PCI device bound to vfio-pci"},
	[MAC] = {"mac", PORT_MAC, "address of skiff's end (with path)"},
	[QUEUES] = {"queues", PORT_NUMBER, "queue pairs (with path)", .min = 1, .max = 8},
	[SERVER] = {"server", PORT_YESNO,
		"yes: make the socket and wait for the other end (with path)"},
	{0},
};

static int check(const struct port_spec *s, struct port_why *why)
{
	if (!port_value(s, PATH) == !port_value(s, PCI))
		return port_fail(s, why, -EINVAL, port_value(s, PCI) ? PCI : -1,
			"virtio needs either 'path SOCKET' or 'pci ADDRESS'");
	if (port_value(s, PCI)) {
		for (int i = MAC; i <= SERVER; i++)
			if (port_value(s, i))
				return port_fail(s, why, -EINVAL, i,
					"%s goes with path, not with pci", options[i].name);
		return port_check_pci(s, PCI, why);
	}
	return port_yes(s, SERVER) ? port_check_makes(s, PATH, why)
				   : port_check_socket(s, PATH, why);
}

static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	const char *mac = port_value(s, MAC);
	char own[RTE_ETHER_ADDR_FMT_SIZE];
	struct rte_ether_addr addr;

	/* Without one the driver takes a new one whenever it is set up, and cannot be told ours. */
	if (mac == NULL) {
		rte_eth_random_addr(addr.addr_bytes);
		rte_ether_format_addr(own, sizeof(own), &addr);
		mac = own;
	}
	/* mrg_rxbuf is on by default; packed rings bring nothing in software. */
	return snprintf(buf, len, "path=%s,queues=%lu,server=%d,mac=%s", port_value(s, PATH),
		port_number(s, QUEUES, 1), port_yes(s, SERVER), mac);
}

static unsigned queues(const struct port_spec *s)
{
	return port_number(s, QUEUES, 1);
}

static int open_port(struct port *p, struct port_why *why)
{
	return port_value(&p->spec, PCI) ? port_attach_pci(p, PCI, why) : port_attach_vdev(p, why);
}

const struct port_type port_virtio = {
	.name = "virtio",
	.help = "a virtio device: a vhost-user socket, or a PCI device of a virtual machine",
	.device = "net_virtio_user",
	.options = options,
	.wait = PORT_WAIT_RX_INTR,
	.serial = true,
	.look_ahead = true,
	.limits = {.max_segments = 64,
		.indirect = true,
		.checksum = true,
		.tso = true,
		.max_frame = 65535,
		.max_mtu = 9702},
	.quirks = "the other end sees DPDK's memory only: data from outside is copied",
	.check = check,
	.devargs = devargs,
	.queues = queues,
	.open = open_port,
};
