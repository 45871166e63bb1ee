/* SPDX-License-Identifier: BSD-3-Clause */
/* Port type vhost: the host's end of virtio at a vhost-user socket. In ports.c's table. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "ports_priv.h"

enum { PATH, CLIENT, QUEUES };

static const struct port_option options[] = {
	[PATH] = {"path", PORT_PATH, "vhost-user socket", .required = true},
	[CLIENT] = {"client", PORT_YESNO, "yes: connect to the socket instead of making it"},
	[QUEUES] = {"queues", PORT_NUMBER, "queue pairs", .min = 1, .max = 8},
	{0},
};

/* Whether somebody answers at the socket; one without a listener is left over and in the way. */
static bool listens(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	yes = connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0 || errno == EAGAIN;
	close(fd);
	return yes;
}

static int check(const struct port_spec *s, struct port_why *why)
{
	const char *path = port_value(s, PATH);
	struct stat st;

	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return port_fail(
			s, why, -ENAMETOOLONG, PATH, "a socket's path has at most 107 characters");
	if (port_yes(s, CLIENT))
		return 0; /* the driver connects when the other end comes */
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return port_fail(
				s, why, -EEXIST, PATH, "%s is there and not a socket", path);
		if (listens(path))
			return port_fail(s, why, -EADDRINUSE, PATH,
				"somebody listens at %s already; choose another path", path);
		return port_fail(s, why, -EEXIST, PATH,
			"%s is left over from a program that ended; remove it", path);
	}
	return port_check_makes(s, PATH, why);
}

static int devargs(const struct port_spec *s, char *buf, size_t len)
{
	return snprintf(buf, len, "iface=%s,queues=%lu,client=%d", port_value(s, PATH),
		port_number(s, QUEUES, 1), port_yes(s, CLIENT));
}

static unsigned queues(const struct port_spec *s)
{
	return port_number(s, QUEUES, 1);
}

const struct port_type port_vhost = {
	.name = "vhost",
	.help = "the host's end of virtio, for a virtual machine or another skiff",
	.device = "net_vhost",
	.options = options,
	.wait = PORT_WAIT_RX_INTR,
	.limits = {.max_segments = 64,
		.indirect = true,
		.external = true,
		.checksum = true,
		.tso = true,
		.max_frame = 65535,
		.max_mtu = 9702,
		.software = true},
	.check = check,
	.devargs = devargs,
	.queues = queues,
};
