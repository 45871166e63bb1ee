/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sockets of memif_relay.c. The user's path is skiff's to bind or to connect to. The driver gets
 * a socket that nobody else reaches, and that leaves nothing behind, however the process ends:
 *
 * A server's driver wants a path. It is given one in a folder (0700) beside the user's; once it
 * listens, file and folder are removed, and the socket is reached by a descriptor of its inode. A
 * client's driver connects, to an abstract name that the kernel chose, where only this process is let in.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "memif_relay.h"

#define BACKLOG 64

static int say(char *why, size_t len, int err, const char *path)
{
	snprintf(why, len, "%s: %s", path, strerror(-err));
	return err;
}

static int new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

static int connect_to(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = new_socket(), err;

	if (fd < 0)
		return fd;
	memcpy(un.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* A socket that nobody listens at is a killed predecessor's. */
static void remove_stale(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = connect_to(path);
	if (fd >= 0)
		close(fd);
	else if (fd == -ECONNREFUSED)
		unlink(path);
}

static int bind_user(struct memif_socket *s, char *why, size_t len)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct stat st;
	int err;

	remove_stale(s->path);
	s->listening = new_socket();
	if (s->listening < 0)
		return say(why, len, s->listening, s->path);
	memcpy(un.sun_path, s->path, strlen(s->path));
	/* its mode goes by the umask, as of any socket */
	if (bind(s->listening, (struct sockaddr *)&un, sizeof(un)) < 0) {
		err = -errno;
		if (err == -EADDRINUSE)
			snprintf(why, len, "%s is there already; another program's, or remove it",
				s->path);
		else
			say(why, len, err, s->path);
		return err;
	}
	if (stat(s->path, &st) == 0) {
		s->dev = st.st_dev;
		s->ino = st.st_ino;
	}
	return listen(s->listening, BACKLOG) < 0 ? say(why, len, -errno, s->path) : 0;
}

/* Room for the driver's socket. Named by a descriptor, so that its length does not depend on the user's. */
static int make_folder(struct memif_socket *s, char *why, size_t len)
{
	char copy[sizeof(s->path)], folder[48];

	memcpy(copy, s->path, sizeof(copy));
	s->folder = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->folder < 0)
		return say(why, len, -errno, s->path);
	snprintf(folder, sizeof(folder), "/proc/self/fd/%d/.memif-XXXXXX", s->folder);
	if (mkdtemp(folder) == NULL)
		return say(why, len, -errno, s->path);
	snprintf(s->name, sizeof(s->name), "%s/s", folder);
	return 0;
}

static int open_server(struct memif_socket *s, char *why, size_t len)
{
	int err = bind_user(s, why, len);

	return err < 0 ? err : make_folder(s, why, len);
}

static int open_client(struct memif_socket *s, char *why, size_t len)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t size = offsetof(struct sockaddr_un, sun_path);

	s->listening = new_socket();
	if (s->listening < 0)
		return say(why, len, s->listening, s->path);
	if (bind(s->listening, (struct sockaddr *)&un, size) < 0 ||
		listen(s->listening, BACKLOG) < 0)
		return say(why, len, -errno, s->path);
	size = sizeof(un);
	if (getsockname(s->listening, (struct sockaddr *)&un, &size) < 0)
		return say(why, len, -errno, s->path);
	size -= offsetof(struct sockaddr_un, sun_path) + 1;
	memcpy(s->name, un.sun_path + 1, size); /* five digits, says unix(7) */
	return 0;
}

int memif_socket_open(struct memif_socket *s, const char *path, bool client, char *why, size_t len)
{
	int err;

	*s = (struct memif_socket){.client = client, .listening = -1, .folder = -1, .inner = -1};
	snprintf(s->path, sizeof(s->path), "%s", path);
	err = client ? open_client(s, why, len) : open_server(s, why, len);
	if (err < 0)
		memif_socket_close(s);
	return err;
}

static void folder_of(const struct memif_socket *s, char *folder)
{
	memcpy(folder, s->name, sizeof(s->name));
	*strrchr(folder, '/') = '\0';
}

int memif_socket_hide(struct memif_socket *s)
{
	if (s->client)
		return 0;
	s->inner = open(s->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (s->inner < 0)
		return -errno;
	memif_socket_unhidden(s);
	return 0;
}

void memif_socket_unhide(struct memif_socket *s)
{
	char folder[sizeof(s->name)];
	int fd;

	if (s->client || s->inner < 0)
		return;
	folder_of(s, folder);
	mkdir(folder, 0700);
	fd = open(s->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

void memif_socket_unhidden(struct memif_socket *s)
{
	char folder[sizeof(s->name)];

	if (s->client || s->name[0] == '\0')
		return;
	folder_of(s, folder);
	unlink(s->name);
	rmdir(folder);
}

void memif_socket_close(struct memif_socket *s)
{
	struct stat st;

	memif_socket_unhidden(s);
	if (s->ino && lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		unlink(s->path);
	s->name[0] = '\0';
	s->ino = 0;
	memif_shut(&s->listening);
	memif_shut(&s->inner);
	memif_shut(&s->folder);
}

int memif_socket_connect(const struct memif_socket *s)
{
	char inner[32];

	if (s->client)
		return connect_to(s->path);
	snprintf(inner, sizeof(inner), "/proc/self/fd/%d", s->inner);
	return connect_to(inner);
}

static bool is_self(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && cred.pid == getpid();
}

int memif_socket_accept(const struct memif_socket *s)
{
	for (;;) {
		int fd = accept4(s->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0)
			return -errno;
		if (!s->client || is_self(fd))
			return fd;
		close(fd);
	}
}
