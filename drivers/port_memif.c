/* SPDX-License-Identifier: BSD-3-Clause */
/* Port type memif: shared memory to another program on the host. In ports.c's table. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ports_priv.h"

enum { SOCKET, ROLE, ID, MAC };

static const struct port_option options[] = {
	[SOCKET] = {"socket", PORT_PATH, "control socket", .required = true},
	[ROLE] = {"role", PORT_CHOICE, "server makes the socket, client connects", .required = true,
		.choices = "server|client"},
	[ID] = {"id", PORT_NUMBER, "number of the connection on the socket", .max = 65535},
	[MAC] = {"mac", PORT_MAC, "address of skiff's end"},
	{0},
};

static int check(const struct port_spec *s, struct port_why *why)
{
	if (strlen(port_value(s, SOCKET)) > 107)
		return port_fail(s, why, -ENAMETOOLONG, SOCKET,
			"a socket's path has at most 107 characters");
	/* The driver tries to connect once, when the port starts. */
	return strcmp(port_value(s, ROLE), "server") == 0 ? port_check_makes(s, SOCKET, why)
							   : port_check_socket(s, SOCKET, why);
}

static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	const char *mac = port_value(s, MAC);

	return snprintf(buf, len, "role=%s,id=%lu,socket=%s,socket-abstract=no%s%s",
		port_value(s, ROLE), port_number(s, ID, 0), port_value(s, SOCKET),
		mac ? ",mac=" : "", mac ? mac : "");
}

const struct port_type port_memif = {
	.name = "memif",
	.help = "shared memory to another DPDK program, VPP or skiff",
	.device = "net_memif",
	.options = options,
	.wait = PORT_WAIT_TIMER,
	.serial = true,
	.limits = {.max_segments = 8,
		.indirect = true,
		.external = true,
		.max_frame = 1518,
		.max_mtu = 1500},
	.quirks = "frames of at most 1518 bytes; rx interrupts came to the driver after DPDK 22.11; "
		  "a client whose server went connects again when its link is set down and up",
	.check = check,
	.devargs = devargs,
};
