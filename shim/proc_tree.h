/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the file system that tells about the network, as skiff's: /proc/net and
 * /sys/class/net, and /proc/sys/net, by plain absolute paths (proc_path.h makes them).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum proc_kind { PROC_KERNEL, PROC_FILE, PROC_FOLDER, PROC_LINK };

struct proc_name {
	char name[32];
	enum proc_kind kind;
};

/* What `path` is; PROC_KERNEL: not ours. follow: links as what they lead to. -1: errno. */
int proc_look(const char *path, bool follow);
/* Is `path` a file of ours? 1: *out is a memfd with its text, at its start, or stands for the
 * folder; 0: no; -1: errno. */
int proc_open(const char *path, bool writing, int *out);
/* Is it the upmost folder of ours, which the kernel has as well? */
bool proc_is_root(const char *path);
/* What a folder of ours holds, the caller frees. The count, or -1 with errno. */
int proc_list(const char *path, struct proc_name **names);
/* Where a link of ours leads, as readlink. */
ssize_t proc_readlink(const char *path, char *buf, size_t size);
