/* SPDX-License-Identifier: BSD-3-Clause */
/* sock_diag sockets: each request to the stack that has the sockets it asks about. */
#pragma once

#include <sys/socket.h>

#include "nlsock.h"

/*
 * Before sending on an emulated sock_diag socket. 1: the request is the kernel's and `fd` its
 * socket from now on; 0: it is skiff's, go on; -1 with errno.
 */
int diag_to_kernel(int fd, struct nlsock *s, const struct msghdr *m);
/*
 * Before sending on any other descriptor. 1: the request is skiff's and `fd` its socket from now
 * on, *s a reference to be put; 0: go on to the kernel; -1 with errno.
 */
int diag_to_skiff(int fd, const struct msghdr *m, struct nlsock **s);
/* Can diag_to_skiff be anything but 0? Not in programs that never list the kernel's sockets. */
extern atomic_bool diag_any_kernel;
