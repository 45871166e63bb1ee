/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can be known before a port is opened: files, sockets, interfaces, privilege. DPDK's own
 * messages on these are bare. Called through each type's check(); changes nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "ports_priv.h"

int port_check(const struct port_spec *spec, struct port_why *why)
{
	return spec->type->check ? spec->type->check(spec, why) : 0;
}

int port_check_file(const struct port_spec *s, int option, struct port_why *why)
{
	const char *path = port_value(s, option);
	struct stat st;

	if (stat(path, &st) < 0)
		return port_fail(s, why, -errno, option, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return port_fail(s, why, -EISDIR, option, "%s is a folder; a file is needed", path);
	if (access(path, R_OK) < 0)
		return port_fail(
			s, why, -errno, option, "%s cannot be read: %s", path, strerror(errno));
	return 0;
}

/* A file or socket that the driver will make: its folder must be there and writable. */
int port_check_makes(const struct port_spec *s, int option, struct port_why *why)
{
	char copy[PATH_MAX];
	const char *path = port_value(s, option), *dir;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return port_fail(s, why, -ENAMETOOLONG, option, "the path is too long");
	dir = dirname(copy);
	if (access(dir, W_OK | X_OK) == 0)
		return 0;
	if (errno == ENOENT)
		return port_fail(
			s, why, -ENOENT, option, "there is no folder %s; make it first", dir);
	return port_fail(
		s, why, -errno, option, "nothing can be made in %s: %s", dir, strerror(errno));
}

/* A UNIX socket that somebody must be listening at. */
int port_check_socket(const struct port_spec *s, int option, struct port_why *why)
{
	const char *path = port_value(s, option);
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct stat st;

	if (strlen(path) >= sizeof(un.sun_path))
		return port_fail(s, why, -ENAMETOOLONG, option,
			"a socket's path has at most %zu characters", sizeof(un.sun_path) - 1);
	if (stat(path, &st) < 0)
		return port_fail(s, why, -errno, option, "%s: %s; start its other end first", path,
			strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return port_fail(s, why, -ENOTSOCK, option, "%s is not a socket", path);
	if (access(path, R_OK | W_OK) < 0)
		return port_fail(s, why, -errno, option, "%s: %s", path, strerror(errno));
	return 0;
}

int port_check_capability(
	const struct port_spec *s, unsigned cap, const char *name, struct port_why *why)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) == 0 &&
		(data[cap / 32].effective & (1u << cap % 32)))
		return 0;
	return port_fail(s, why, -EPERM, -1,
		"%s needs %s; run skiffd as root or in a user namespace", s->type->name, name);
}

int port_check_taken(const struct port_spec *s, int option, struct port_why *why)
{
	struct takeover_why t;
	int err = takeover_check(port_value(s, option), s->type->takeover(s), &t);

	return err < 0 ? port_fail(s, why, err, option, "%s", t.text) : 0;
}

/* Receive queues of a kernel interface, at least 1. */
unsigned port_iface_queues(const char *iface)
{
	char path[128];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", iface);
	d = opendir(path);
	while (d && (e = readdir(d)) != NULL)
		n += strncmp(e->d_name, "rx-", 3) == 0;
	if (d)
		closedir(d);
	return n ? n : 1;
}
