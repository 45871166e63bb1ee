/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One skiffd per socket path: a lock file beside the socket is held for the life of the process,
 * so that a socket found without its lock held was left by a killed one and is replaced.
 */
#include "api_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int make_folder(const char *path, char *err, size_t size)
{
	char copy[108];

	snprintf(copy, sizeof(copy), "%s", path);
	const char *dir = dirname(copy);

	if (mkdir(dir, 0755) == 0 || errno == EEXIST)
		return 0;
	int e = errno;

	snprintf(err, size, "cannot create %s: %s; choose another place with -s SOCKET", dir,
		strerror(e));
	return -e;
}

/* Is the file that we locked still the one that others find under this name? */
static int same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static int lock(struct api_listener *l, char *err, size_t size)
{
	for (;;) {
		l->lock_fd = open(l->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (l->lock_fd < 0) {
			int e = errno;

			snprintf(err, size, "cannot open %s: %s; choose another place with -s SOCKET",
				l->lock_path, strerror(e));
			return -e;
		}
		if (flock(l->lock_fd, LOCK_EX | LOCK_NB) < 0) {
			char pid[16] = "";
			ssize_t n = read(l->lock_fd, pid, sizeof(pid) - 1);

			snprintf(err, size, "another skiffd%s%.*s%s serves %s; stop it, or choose "
				"another place with -s SOCKET", n > 0 ? ", pid " : "",
				(int)strcspn(pid, "\n"), pid, n > 0 ? "," : "", l->path);
			close(l->lock_fd);
			return -EADDRINUSE;
		}
		if (same_file(l->lock_fd, l->lock_path))
			break;
		/* Its last owner removed it between our open and our lock. */
		close(l->lock_fd);
	}
	/* Only for the sentence above: it may fail. */
	if (ftruncate(l->lock_fd, 0) == 0)
		dprintf(l->lock_fd, "%d\n", (int)getpid());
	return 0;
}

static int bind_socket(struct api_listener *l, char *err, size_t size)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct stat st;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", l->path);
	if (lstat(l->path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode)) {
			snprintf(err, size, "%s exists and is not a socket; remove it, or choose "
				"another place with -s SOCKET", l->path);
			return -EEXIST;
		}
		unlink(l->path);
	}
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Everybody may connect: who may not use skiff is told so in a sentence. */
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		chmod(l->path, 0666) < 0 || listen(l->fd, 128) < 0) {
		int e = errno;

		snprintf(err, size, "cannot listen at %s: %s", l->path, strerror(e));
		if (l->fd >= 0)
			close(l->fd);
		return -e;
	}
	return 0;
}

int api_listen(struct api_listener *l, const char *path, char *err, size_t size)
{
	*l = (struct api_listener){.fd = -1, .lock_fd = -1};
	if (strlen(path) >= sizeof(l->path) || path[0] == '\0') {
		snprintf(err, size, "the socket's path must have 1 to %zu characters: %s",
			sizeof(l->path) - 1, path);
		return -ENAMETOOLONG;
	}
	snprintf(l->path, sizeof(l->path), "%s", path);
	snprintf(l->lock_path, sizeof(l->lock_path), "%s.lock", path);
	int e = make_folder(path, err, size);

	if (e == 0)
		e = lock(l, err, size);
	if (e < 0)
		return e;
	e = bind_socket(l, err, size);
	if (e < 0) {
		unlink(l->lock_path);
		close(l->lock_fd);
	}
	return e;
}

void api_unlisten(struct api_listener *l)
{
	close(l->fd);
	unlink(l->path);
	unlink(l->lock_path);
	close(l->lock_fd);
}

static int in_group(int fd, gid_t gid)
{
	gid_t few[64], *g = few;
	socklen_t len = sizeof(few);
	int found = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, g, &len) < 0) {
		if (errno != ERANGE)
			return 0;
		g = malloc(len);
		if (g == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, g, &len) < 0) {
			free(g);
			return 0;
		}
	}
	for (size_t i = 0; i < len / sizeof(*g); i++)
		found |= g[i] == gid;
	if (g != few)
		free(g);
	return found;
}

int api_peer_of(int fd, gid_t skiff_gid, struct api_peer *p)
{
	struct ucred c;
	socklen_t len = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) < 0)
		return -errno;
	*p = (struct api_peer){.uid = c.uid, .pid = c.pid, .role = SKIFF_ROLE_NONE};
	if (c.uid == 0 || c.uid == geteuid())
		p->role = SKIFF_ROLE_ADMIN;
	else if (skiff_gid != (gid_t)-1 && (c.gid == skiff_gid || in_group(fd, skiff_gid)))
		p->role = SKIFF_ROLE_READ;
	return 0;
}
