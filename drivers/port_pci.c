/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port type pci: a network card bound to a user-space driver of the kernel, and what virtio shares
 * with it. In ports.c's table.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "ports_priv.h"

enum { ADDRESS, QUEUES };

static const struct port_option options[] = {
	[ADDRESS] = {"address", PORT_PCI, "the card's address, as lspci shows it",
		.required = true},
	[QUEUES] = {"queues", PORT_NUMBER, "receive queues", .min = 1, .max = PORT_MAX_QUEUES},
	{0},
};

/* The full form, with the domain. */
static void full_address(const char *word, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s", strchr(word, ':') == strrchr(word, ':') ? "0000:" : "", word);
}

int port_check_pci(const struct port_spec *s, int option, struct port_why *why)
{
	char address[32], path[96], link[PATH_MAX];
	const char *driver;
	ssize_t n;

	full_address(port_value(s, option), address, sizeof(address));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", address);
	if (access(path, F_OK) < 0)
		return port_fail(s, why, -ENODEV, option,
			"there is no PCI device %s; lspci lists them", address);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	driver = strrchr(link, '/') ? strrchr(link, '/') + 1 : link;
	if (strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "uio_pci_generic") == 0 ||
		strcmp(driver, "igb_uio") == 0)
		return 0;
	return port_fail(s, why, -EBUSY, option,
		"%s is bound to %s; bind it first: dpdk-devbind.py -b vfio-pci %s", address,
		*driver ? driver : "no driver", address);
}

int port_attach_pci(struct port *p, int option, struct port_why *why)
{
	int err;

	full_address(port_value(&p->spec, option), p->device, sizeof(p->device));
	err = rte_eal_hotplug_add("pci", p->device, "");
	if (err == 0)
		err = rte_eth_dev_get_port_by_name(p->device, &p->port_id);
	if (err < 0)
		return port_fail(&p->spec, why, err, option,
			"no DPDK driver took %s (%s); its own words stand above", p->device,
			strerror(-err));
	return 0;
}

static int check(const struct port_spec *s, struct port_why *why)
{
	return port_check_pci(s, ADDRESS, why);
}

static int open_port(struct port *p, struct port_why *why)
{
	return port_attach_pci(p, ADDRESS, why);
}

static unsigned queues(const struct port_spec *s)
{
	return port_number(s, QUEUES, 1);
}

const struct port_type port_pci = {
	.name = "pci",
	.help = "a network card that DPDK has a driver for",
	.options = options,
	.wait = PORT_WAIT_RX_INTR,
	.look_ahead = true,
	.limits = {.max_segments = 32,
		.indirect = true,
		.checksum = true,
		.tso = true,
		.max_frame = 9728,
		.max_mtu = 9710},
	.quirks = "data outside DPDK's memory is copied, since the card may not reach it",
	.check = check,
	.queues = queues,
	.open = open_port,
};
