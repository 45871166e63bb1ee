/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stat, access and readlink of what skiff answers for under /proc/net and /sys/class/net: a name
 * exists if it can be opened. All but those names goes on to libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libc.h"
#include "proc_path.h"
#include "proc_sys.h"
#include "proc_tree.h"

#define SKIFF_DEV 0x5ff /* a number that no file system has */

static mode_t mode_of(enum proc_kind kind, const char *path)
{
	if (kind == PROC_FILE && proc_sys_is(path))
		return S_IFREG | 0644;
	return kind == PROC_FOLDER ? S_IFDIR | 0555 : kind == PROC_LINK ? S_IFLNK | 0777
		: S_IFREG | 0444;
}

/* Any number that differs with the path. */
static ino_t inode_of(const char *path)
{
	ino_t h = 5381;

	while (*path != '\0')
		h = h * 33 + (unsigned char)*path++;
	return h & 0x7fffffff;
}

/* 1: *st is filled; 0: libc's to answer; -1. */
static int look(int dir, const char *path, bool follow, struct stat *st)
{
	char buf[PROC_PATH_MAX];
	int kind = proc_find(dir, path, follow, buf);

	if (kind <= 0)
		return kind;
	memset(st, 0, sizeof(*st));
	st->st_dev = SKIFF_DEV;
	st->st_ino = inode_of(buf);
	st->st_mode = mode_of(kind, buf);
	st->st_nlink = kind == PROC_FOLDER ? 2 : 1;
	st->st_blksize = 4096;
	st->st_size = kind == PROC_FILE && buf[1] == 's' ? 4096 : 0;
	return 1;
}

SHIM_EXPORT int stat(const char *restrict path, struct stat *restrict st)
{
	int got = look(AT_FDCWD, path, true, st);

	return got == 0 ? real()->stat(path, st) : got < 0 ? -1 : 0;
}

SHIM_EXPORT int lstat(const char *restrict path, struct stat *restrict st)
{
	int got = look(AT_FDCWD, path, false, st);

	return got == 0 ? real()->lstat(path, st) : got < 0 ? -1 : 0;
}

SHIM_EXPORT int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
	int got = look(dir, path, !(flags & AT_SYMLINK_NOFOLLOW), st);

	return got == 0 ? real()->fstatat(dir, path, st, flags) : got < 0 ? -1 : 0;
}

SHIM_EXPORT int fstat(int fd, struct stat *st)
{
	char buf[PROC_PATH_MAX];
	int got = proc_folder_of(fd, buf) ? look(AT_FDCWD, buf, true, st) : 0;

	return got == 0 ? real()->fstat(fd, st) : got < 0 ? -1 : 0;
}

/* The same layout on 64-bit machines. */
#define ALIAS(of) __attribute__((alias(of), visibility("default")))
int stat64(const char *restrict path, struct stat64 *restrict st) ALIAS("stat");
int lstat64(const char *restrict path, struct stat64 *restrict st) ALIAS("lstat");
int fstat64(int fd, struct stat64 *st) ALIAS("fstat");
int fstatat64(int dir, const char *restrict path, struct stat64 *restrict st, int flags)
	ALIAS("fstatat");

SHIM_EXPORT int statx(int dir, const char *restrict path, int flags, unsigned int mask,
	struct statx *restrict x)
{
	struct stat st;
	int got = look(dir, path, !(flags & AT_SYMLINK_NOFOLLOW), &st);

	if (got == 0)
		return real()->statx(dir, path, flags, mask, x);
	if (got < 0)
		return -1;
	*x = (struct statx){.stx_mask = STATX_BASIC_STATS, .stx_blksize = st.st_blksize,
		.stx_nlink = st.st_nlink, .stx_mode = st.st_mode, .stx_ino = st.st_ino,
		.stx_size = st.st_size, .stx_dev_minor = minor(st.st_dev),
		.stx_dev_major = major(st.st_dev)};
	return 0;
}

/* 1: it may be accessed so; 0: libc's to answer; -1. */
static int may(int dir, const char *path, int how)
{
	char buf[PROC_PATH_MAX];
	int kind = proc_find(dir, path, true, buf);

	if (kind <= 0)
		return kind;
	if ((how & W_OK) && !(kind == PROC_FILE && proc_sys_is(buf))) {
		errno = EROFS;
		return -1;
	}
	if ((how & X_OK) && kind == PROC_FILE) {
		errno = EACCES;
		return -1;
	}
	return 1;
}

SHIM_EXPORT int access(const char *path, int how)
{
	int got = may(AT_FDCWD, path, how);

	return got == 0 ? real()->access(path, how) : got < 0 ? -1 : 0;
}

SHIM_EXPORT int euidaccess(const char *path, int how)
{
	int got = may(AT_FDCWD, path, how);

	return got == 0 ? real()->euidaccess(path, how) : got < 0 ? -1 : 0;
}

int eaccess(const char *path, int how) ALIAS("euidaccess");

SHIM_EXPORT int faccessat(int dir, const char *path, int how, int flags)
{
	int got = may(dir, path, how);

	return got == 0 ? real()->faccessat(dir, path, how, flags) : got < 0 ? -1 : 0;
}

/* 1: a link of ours, its plain name in buf; 0: libc's; -1. */
static int is_link(int dir, const char *path, char buf[PROC_PATH_MAX])
{
	int kind = proc_find(dir, path, false, buf);

	if (kind > 0 && kind != PROC_LINK) {
		/* the root of /proc/net is one, of the kernel's */
		if (strcmp(buf, "/proc/net") == 0)
			return 0;
		errno = EINVAL;
		return -1;
	}
	return kind < 0 ? -1 : kind == PROC_LINK;
}

SHIM_EXPORT ssize_t readlinkat(int dir, const char *restrict path, char *restrict buf, size_t size)
{
	char plain[PROC_PATH_MAX];
	int got = is_link(dir, path, plain);

	return got < 0 ? -1 : got > 0 ? proc_readlink(plain, buf, size)
		: real()->readlinkat(dir, path, buf, size);
}

SHIM_EXPORT ssize_t readlink(const char *restrict path, char *restrict buf, size_t size)
{
	char plain[PROC_PATH_MAX];
	int got = is_link(AT_FDCWD, path, plain);

	return got < 0 ? -1 : got > 0 ? proc_readlink(plain, buf, size)
		: real()->readlink(path, buf, size);
}
