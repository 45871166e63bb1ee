/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of ours that libc would look up by itself: realpath, which procps' sysctl asks, and extended
 * attributes, which `ls -l` asks; there are none.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libc.h"
#include "proc_path.h"
#include "proc_tree.h"

#define CLASS "/sys/class/net/"

/* An interface is a link in the class's folder. */
static void resolve(char *to, const char *plain)
{
	size_t n = strlen(CLASS);

	if (strncmp(plain, CLASS, n) == 0 && plain[n] != '\0')
		snprintf(to, PATH_MAX, "/sys/devices/virtual/net/%s", plain + n);
	else
		snprintf(to, PATH_MAX, "%s", plain);
	if (to[strlen(to) - 1] == '/')
		to[strlen(to) - 1] = '\0';
}

SHIM_EXPORT char *realpath(const char *restrict path, char *restrict to)
{
	char buf[PROC_PATH_MAX];
	int kind = proc_find(AT_FDCWD, path, true, buf);

	if (kind == PROC_KERNEL)
		return real()->realpath(path, to);
	if (kind > 0 && to == NULL)
		to = malloc(PATH_MAX);
	if (kind < 0 || to == NULL)
		return NULL;
	resolve(to, buf);
	return to;
}

char *__realpath_chk(const char *path, char *to, size_t room);

SHIM_EXPORT char *__realpath_chk(const char *path, char *to, size_t room)
{
	if (room < PATH_MAX)
		abort();
	return realpath(path, to);
}

SHIM_EXPORT char *canonicalize_file_name(const char *path)
{
	return realpath(path, NULL);
}

/* True: the answer is -1. */
static bool no_attributes(const char *path)
{
	char buf[PROC_PATH_MAX];
	int kind = proc_find(AT_FDCWD, path, true, buf);

	if (kind > 0)
		errno = ENOTSUP;
	return kind != PROC_KERNEL;
}

ssize_t getxattr(const char *path, const char *name, void *value, size_t size);
ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size);
ssize_t listxattr(const char *path, char *list, size_t size);
ssize_t llistxattr(const char *path, char *list, size_t size);

SHIM_EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	return no_attributes(path) ? -1 : real()->getxattr(path, name, value, size);
}

SHIM_EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	return no_attributes(path) ? -1 : real()->lgetxattr(path, name, value, size);
}

SHIM_EXPORT ssize_t listxattr(const char *path, char *list, size_t size)
{
	return no_attributes(path) ? -1 : real()->listxattr(path, list, size);
}

SHIM_EXPORT ssize_t llistxattr(const char *path, char *list, size_t size)
{
	return no_attributes(path) ? -1 : real()->llistxattr(path, list, size);
}
