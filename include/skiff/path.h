/* SPDX-License-Identifier: BSD-3-Clause */
/* Where skiffd's Unix socket is: -s, else $SKIFF_SOCKET, else /run/skiff, else $XDG_RUNTIME_DIR. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <skiff/abi.h>

static inline int skiff_path_fits(int n, size_t size)
{
	return n > 0 && (size_t)n < size ? 0 : -1;
}

/* 0, or -1 when the path does not fit in `size` bytes. use_run: /run/skiff is the one to take. */
static inline int skiff_socket_path(const char *option, int use_run, char *buf, size_t size)
{
	const char *env = getenv(SKIFF_SOCKET_ENV), *dir = getenv("XDG_RUNTIME_DIR");

	if (option == NULL && env != NULL && env[0] != '\0')
		option = env;
	if (option != NULL)
		return skiff_path_fits(snprintf(buf, size, "%s", option), size);
	if (use_run || dir == NULL || dir[0] == '\0')
		return skiff_path_fits(snprintf(buf, size, "%s", SKIFF_SOCKET_DEFAULT), size);
	return skiff_path_fits(snprintf(buf, size, "%s/%s", dir, SKIFF_SOCKET_NAME), size);
}

/* The same for programs: the system's skiffd where there is one, else the user's. */
static inline int skiff_socket_path_client(const char *option, char *buf, size_t size)
{
	return skiff_socket_path(option, access(SKIFF_SOCKET_DEFAULT, F_OK) == 0, buf, size);
}
