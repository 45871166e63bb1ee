/* SPDX-License-Identifier: BSD-3-Clause */
/* The listening Unix socket and its lock; and what a peer's credentials allow. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <skiff/abi.h>

struct api_listener {
	int fd, lock_fd;
	char path[108], lock_path[116];
};

/* 0, or negative errno with a sentence in err; nothing is left behind. */
int api_listen(struct api_listener *l, const char *path, char *err, size_t err_size);
void api_unlisten(struct api_listener *l);

struct api_peer {
	uint32_t uid;
	int32_t pid;
	enum skiff_role role;
};

/* SO_PEERCRED and SO_PEERGROUPS; skiff_gid: of group skiff, (gid_t)-1 where there is none. */
int api_peer_of(int fd, gid_t skiff_gid, struct api_peer *p);
