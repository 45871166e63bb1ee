/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The journal of one taken interface: a file that says what to undo, written and synced before
 * anything is changed. Its lock is held as long as its process lives, so that a journal without a
 * lock is one of a dead process. Called by takeover.c.
 *
 * Format: one line "skiff-takeover 1 NETNS IFINDEX UP GENMODE TC XDP LENGTH IFACE", then LENGTH
 * bytes of rtnetlink messages.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "takeover_priv.h"

#define LARGEST (64u << 20)

/* A journal is about the network namespace it was written in. */
static unsigned long long netns_id(void)
{
	struct stat s;

	return stat("/proc/self/ns/net", &s) == 0 ? s.st_ino : 0;
}

void takeover_journal_path(char *path, size_t len, const char *dir, const char *iface)
{
	snprintf(path, len, "%s/takeover-%llu-%s", dir, netns_id(), iface);
}

static int write_all(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

/* Written beside its place and renamed, so that there is the whole journal or none. */
int takeover_journal_write(
	const char *dir, const struct takeover_before *b, const struct takeover_messages *m)
{
	char path[PATH_MAX], fresh[PATH_MAX + 8], line[160];
	int fd, err, n;

	takeover_journal_path(path, sizeof(path), dir, b->iface);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = snprintf(line, sizeof(line), "skiff-takeover 1 %llu %d %d %d %d %d %zu %s\n",
		netns_id(), b->ifindex, b->was_up, b->gen_mode, b->tc, b->xdp, m->len, b->iface);
	err = write_all(fd, line, n);
	if (err == 0)
		err = write_all(fd, m->data, m->len);
	if (err == 0 &&
		(fsync(fd) < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || rename(fresh, path) < 0))
		err = -errno;
	if (err == 0)
		return fd;
	close(fd);
	unlink(fresh);
	return err;
}

/* 0; -EBUSY: its process lives; -ESRCH: of another network namespace; -EINVAL: not a journal. */
int takeover_journal_read(int fd, struct takeover_before *b, struct takeover_messages *m)
{
	char line[160];
	unsigned long long netns;
	int up, tc, xdp, at = 0;
	char *end;

	memset(b, 0, sizeof(*b));
	memset(m, 0, sizeof(*m));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -EBUSY;
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);
	if (n <= 0)
		return -EINVAL;
	line[n] = '\0';
	end = memchr(line, '\n', n);
	if (end == NULL)
		return -EINVAL;
	*end = '\0';
	if (sscanf(line, "skiff-takeover 1 %llu %d %d %d %d %d %zu %15s%n", &netns, &b->ifindex,
		    &up, &b->gen_mode, &tc, &xdp, &m->len, b->iface, &at) != 8 ||
		line[at] != '\0' || m->len > LARGEST)
		return -EINVAL;
	if (netns != netns_id())
		return -ESRCH;
	b->was_up = up;
	b->tc = tc;
	b->xdp = xdp;
	m->room = m->len;
	m->data = malloc(m->len + 1);
	if (m->data == NULL)
		return -ENOMEM;
	if (pread(fd, m->data, m->len, end + 1 - line) == (ssize_t)m->len)
		return 0;
	free(m->data);
	m->data = NULL;
	return -EINVAL;
}
