/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files that tell about the network, and network namespaces: what a program opens under /proc/net
 * and /sys/class/net is skiff's; namespaces are the kernel's and refused, since a program on
 * skiff has no namespace to change to.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libc.h"
#include "proc_path.h"
#include "proc_sys.h"
#include "proc_tree.h"

static int refuse_namespace(void)
{
	static _Bool said;

	shim_say_once(&said, SHIM_NO_NAMESPACE);
	errno = EOPNOTSUPP;
	return -1;
}

static bool is_netns(const char *path)
{
	const char *run = strncmp(path, "/var/run/", 9) == 0 ? path + 4 : path;

	return strncmp(run, "/run/netns", 10) == 0 && (run[10] == '\0' || run[10] == '/');
}

/* 1: *fd is the answer; 0: not ours; -1: refused. */
static int look(int dir, const char *path, int flags, int *fd)
{
	char buf[PROC_PATH_MAX];

	if (path != NULL && is_netns(path))
		return refuse_namespace();
	path = proc_path(dir, path, buf);
	if (path == NULL)
		return 0;
	int got = proc_open(path, (flags & O_ACCMODE) != O_RDONLY, fd);

	if (got > 0 && (flags & O_CLOEXEC))
		real()->fcntl(*fd, F_SETFD, FD_CLOEXEC);
	return got;
}

static int do_openat(int dir, const char *path, int flags, mode_t mode)
{
	int fd = -1, got = look(dir, path, flags, &fd);

	return got < 0 ? -1 : got > 0 ? fd : real()->openat(dir, path, flags, mode);
}

static mode_t mode_of(int flags, va_list ap)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
	int name(const char *path, int flags, ...);                                                \
	SHIM_EXPORT int name(const char *path, int flags, ...)                                     \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, flags);                                                               \
		mode_t mode = mode_of(flags, ap);                                                  \
                                                                                                   \
		va_end(ap);                                                                        \
		return do_openat(AT_FDCWD, path, flags, mode);                                     \
	}

#define OPENAT(name)                                                                               \
	int name(int dir, const char *path, int flags, ...);                                       \
	SHIM_EXPORT int name(int dir, const char *path, int flags, ...)                            \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, flags);                                                               \
		mode_t mode = mode_of(flags, ap);                                                  \
                                                                                                   \
		va_end(ap);                                                                        \
		return do_openat(dir, path, flags, mode);                                          \
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

SHIM_EXPORT int __open_2(const char *path, int flags)
{
	return do_openat(AT_FDCWD, path, flags, 0);
}

SHIM_EXPORT int __open64_2(const char *path, int flags)
{
	return do_openat(AT_FDCWD, path, flags, 0);
}

SHIM_EXPORT int __openat_2(int dir, const char *path, int flags)
{
	return do_openat(dir, path, flags, 0);
}

SHIM_EXPORT int __openat64_2(int dir, const char *path, int flags)
{
	return do_openat(dir, path, flags, 0);
}

static FILE *do_fopen(const char *path, const char *mode)
{
	int flags = strpbrk(mode, "wa+") != NULL ? O_RDWR : O_RDONLY;
	char buf[PROC_PATH_MAX];
	const char *plain = flags == O_RDWR ? proc_path(AT_FDCWD, path, buf) : NULL;

	if (plain != NULL && proc_sys_is(plain))
		return proc_sys_stream(plain);
	int fd = -1, got = look(AT_FDCWD, path, flags | (strchr(mode, 'e') != NULL ? O_CLOEXEC : 0), &fd);

	if (got < 0)
		return NULL;
	return got > 0 ? fdopen(fd, "r") : real()->fopen(path, mode);
}

SHIM_EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
	return do_fopen(path, mode);
}

SHIM_EXPORT int fclose(FILE *f)
{
	int err = real()->fclose(f);

	return proc_sys_flush() < 0 ? EOF : err;
}

SHIM_EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode)
{
	return do_fopen(path, mode);
}

/* For hooks_dir.c. Without a word: `ip monitor` looks for names there, and can do without. */
_Bool hooks_file_hides(const char *path)
{
	if (!is_netns(path))
		return false;
	errno = ENOENT;
	return true;
}

/* What `ip netns del` and its like do to a namespace's name, in whatever program. */
static bool is_netns_at(int dir, const char *path)
{
	char buf[PROC_PATH_MAX];
	int saved = errno;
	const char *plain = proc_plain(dir, path, buf);

	errno = saved;
	return plain != NULL && is_netns(plain);
}

SHIM_EXPORT int unlink(const char *path)
{
	return is_netns_at(AT_FDCWD, path) ? refuse_namespace() : real()->unlink(path);
}

SHIM_EXPORT int unlinkat(int dir, const char *path, int flags)
{
	return is_netns_at(dir, path) ? refuse_namespace() : real()->unlinkat(dir, path, flags);
}

SHIM_EXPORT int rmdir(const char *path)
{
	return is_netns_at(AT_FDCWD, path) ? refuse_namespace() : real()->rmdir(path);
}

SHIM_EXPORT int umount(const char *path)
{
	return is_netns_at(AT_FDCWD, path) ? refuse_namespace() : real()->umount(path);
}

SHIM_EXPORT int umount2(const char *path, int flags)
{
	return is_netns_at(AT_FDCWD, path) ? refuse_namespace() : real()->umount2(path, flags);
}

SHIM_EXPORT int mount(const char *what, const char *path, const char *type, unsigned long flags,
	const void *data)
{
	return path != NULL && is_netns_at(AT_FDCWD, path) ? refuse_namespace()
		: real()->mount(what, path, type, flags, data);
}

SHIM_EXPORT int setns(int fd, int type)
{
	int what = type != 0 ? type : real()->ioctl(fd, NS_GET_NSTYPE);

	if (what > 0 && (what & CLONE_NEWNET))
		return refuse_namespace();
	return real()->setns(fd, type);
}

SHIM_EXPORT int unshare(int flags)
{
	if (flags & CLONE_NEWNET)
		return refuse_namespace();
	return real()->unshare(flags);
}
