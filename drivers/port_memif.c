/* SPDX-License-Identifier: BSD-3-Clause */
/* Port type memif: shared memory to another program on the host. In ports.c's table. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memif_relay.h"
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
	return strcmp(port_value(s, ROLE), "server") == 0 ? port_check_makes(s, SOCKET, why)
							   : port_check_socket(s, SOCKET, why);
}

static bool is_client(const struct port_spec *s)
{
	return strcmp(port_value(s, ROLE), "client") == 0;
}

/* Of the port that is being opened: what the driver is to take for its socket. */
static const struct memif_group *opening;

static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	const char *mac = port_value(s, MAC);

	return snprintf(buf, len, "role=%s,id=%lu,socket=%s,socket-abstract=%s%s%s",
		port_value(s, ROLE), port_number(s, ID, 0), memif_relay_name(opening),
		is_client(s) ? "yes" : "no", mac ? ",mac=" : "", mac ? mac : "");
}

static int open_memif(struct port *p, struct port_why *why)
{
	char text[200];
	int err;
	struct memif_group *g = memif_relay_group(port_value(&p->spec, SOCKET), is_client(&p->spec),
		&err, text, sizeof(text));

	if (g == NULL)
		return port_fail(&p->spec, why, err, SOCKET, "%s", text);
	opening = g;
	err = port_attach_vdev(p, why);
	if (err == 0) {
		p->own = g;
		err = memif_relay_join(g, p);
		if (err < 0)
			port_fail(&p->spec, why, err, SOCKET, "the driver's socket: %s",
				strerror(-err));
	}
	if (err < 0 && p->own)
		port_detach(p);
	if (err < 0)
		memif_relay_left(g, p);
	return err;
}

static int leave_memif(struct port *p)
{
	return memif_relay_leave(p->own, p);
}

static void close_memif(struct port *p)
{
	memif_relay_left(p->own, p);
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
		.max_mtu = 1500,
		.max_txq = 1}, /* a ring for each, else two write to the same one */
	.quirks = "frames of at most 1518 bytes; rx interrupts came to the driver after DPDK 22.11",
	.check = check,
	.devargs = devargs,
	.open = open_memif,
	.leave = leave_memif,
	.close = close_memif,
};
