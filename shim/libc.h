/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The C library's own functions, which ours stand before: real()->read is libc's read. Every
 * interposed name is in this one list, so that nothing of ours can call itself by accident.
 */
#pragma once

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

struct ifaddrs;
struct if_nameindex;
struct stat;
struct statx;

#define SHIM_EXPORT __attribute__((visibility("default")))

#define SHIM_LIBC(X)                                                                               \
	X(int, socket, (int, int, int))                                                            \
	X(int, bind, (int, const struct sockaddr *, socklen_t))                                    \
	X(int, connect, (int, const struct sockaddr *, socklen_t))                                 \
	X(int, getsockname, (int, struct sockaddr *, socklen_t *))                                 \
	X(int, getpeername, (int, struct sockaddr *, socklen_t *))                                 \
	X(int, getsockopt, (int, int, int, void *, socklen_t *))                                   \
	X(int, setsockopt, (int, int, int, const void *, socklen_t))                               \
	X(int, listen, (int, int))                                                                 \
	X(int, accept4, (int, struct sockaddr *, socklen_t *, int))                                \
	X(int, accept, (int, struct sockaddr *, socklen_t *))                                      \
	X(int, shutdown, (int, int))                                                               \
	X(ssize_t, send, (int, const void *, size_t, int))                                         \
	X(ssize_t, sendto, (int, const void *, size_t, int, const struct sockaddr *, socklen_t))   \
	X(ssize_t, sendmsg, (int, const struct msghdr *, int))                                     \
	X(int, sendmmsg, (int, struct mmsghdr *, unsigned int, int))                               \
	X(ssize_t, write, (int, const void *, size_t))                                             \
	X(ssize_t, writev, (int, const struct iovec *, int))                                       \
	X(ssize_t, recv, (int, void *, size_t, int))                                               \
	X(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *))           \
	X(ssize_t, recvmsg, (int, struct msghdr *, int))                                           \
	X(int, recvmmsg, (int, struct mmsghdr *, unsigned int, int, struct timespec *))            \
	X(ssize_t, read, (int, void *, size_t))                                                    \
	X(ssize_t, readv, (int, const struct iovec *, int))                                        \
	X(int, close, (int))                                                                       \
	X(void, closefrom, (int))                                                                  \
	X(int, dup, (int))                                                                         \
	X(int, dup2, (int, int))                                                                   \
	X(int, dup3, (int, int, int))                                                              \
	X(int, fcntl, (int, int, ...))                                                             \
	X(int, ioctl, (int, unsigned long, ...))                                                   \
	X(int, poll, (struct pollfd *, nfds_t, int))                                               \
	X(int, ppoll, (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *))        \
	X(int, select, (int, fd_set *, fd_set *, fd_set *, struct timeval *))                      \
	X(int, pselect,                                                                            \
		(int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *))    \
	X(int, epoll_ctl, (int, int, int, struct epoll_event *))                                   \
	X(unsigned int, if_nametoindex, (const char *))                                            \
	X(char *, if_indextoname, (unsigned int, char *))                                          \
	X(int, open, (const char *, int, ...))                                                     \
	X(int, openat, (int, const char *, int, ...))                                              \
	X(FILE *, fopen, (const char *, const char *))                                             \
	X(int, fclose, (FILE *))                                                                   \
	X(DIR *, opendir, (const char *))                                                          \
	X(struct dirent *, readdir, (DIR *))                                                       \
	X(int, closedir, (DIR *))                                                                  \
	X(void, rewinddir, (DIR *))                                                                \
	X(long, telldir, (DIR *))                                                                  \
	X(void, seekdir, (DIR *, long))                                                            \
	X(int, dirfd, (DIR *))                                                                     \
	X(DIR *, fdopendir, (int))                                                                 \
	X(int, chdir, (const char *))                                                              \
	X(int, fchdir, (int))                                                                      \
	X(int, fstat, (int, struct stat *))                                                        \
	X(int, unlinkat, (int, const char *, int))                                                 \
	X(int, rmdir, (const char *))                                                              \
	X(int, scandir,                                                                            \
		(const char *, struct dirent ***, int (*)(const struct dirent *),                  \
			int (*)(const struct dirent **, const struct dirent **)))                  \
	X(int, stat, (const char *, struct stat *))                                                \
	X(int, lstat, (const char *, struct stat *))                                               \
	X(int, fstatat, (int, const char *, struct stat *, int))                                   \
	X(int, statx, (int, const char *, int, unsigned int, struct statx *))                      \
	X(int, access, (const char *, int))                                                        \
	X(int, euidaccess, (const char *, int))                                                    \
	X(int, faccessat, (int, const char *, int, int))                                           \
	X(ssize_t, readlink, (const char *, char *, size_t))                                       \
	X(ssize_t, readlinkat, (int, const char *, char *, size_t))                                                          \
	X(char *, realpath, (const char *, char *))                                                \
	X(ssize_t, getxattr, (const char *, const char *, void *, size_t))                         \
	X(ssize_t, lgetxattr, (const char *, const char *, void *, size_t))                        \
	X(ssize_t, listxattr, (const char *, char *, size_t))                                      \
	X(ssize_t, llistxattr, (const char *, char *, size_t))                                     \
	X(int, unlink, (const char *))                                                             \
	X(int, mount,                                                                              \
		(const char *, const char *, const char *, unsigned long, const void *))           \
	X(int, umount, (const char *))                                                             \
	X(int, umount2, (const char *, int))                                                       \
	X(int, setns, (int, int))                                                                  \
	X(int, unshare, (int))

struct shim_libc {
#define X(ret, name, args) ret(*name) args;
	SHIM_LIBC(X)
#undef X
	_Bool ready;
};

extern struct shim_libc shim_libc;
void shim_libc_init(void);

/* Also right before our constructor ran: other libraries' constructors may come first. */
static inline struct shim_libc *real(void)
{
	if (!shim_libc.ready)
		shim_libc_init();
	return &shim_libc;
}

#define SHIM_NO_NAMESPACE                                                                          \
	"a program on skiff has no network namespace to change to; run ip netns and ip -n "        \
	"without skiff-run, or a skiffd of its own in the other namespace"

/* Is it the folder of the kernel's network namespaces? Then it does not exist (errno). */
_Bool hooks_file_hides(const char *path);

/* One sentence on stderr, "libskiff: ...", each kind once per process. */
void shim_say_once(_Bool *said, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
