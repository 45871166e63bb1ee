/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which place of the file system a program means: absolute names with all their dots, names below a
 * descriptor or the working folder, and descriptors that stand for folders of ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PROC_PATH_MAX 256

/*
 * The plain absolute name of what (dir, path) means, where it may be ours: buf. NULL: not ours. dir: a
 * descriptor or AT_FDCWD; an empty path means dir itself.
 */
const char *proc_path(int dir, const char *path, char buf[PROC_PATH_MAX]);
/* The same of any place, whether it may be ours or not. */
const char *proc_plain(int dir, const char *path, char buf[PROC_PATH_MAX]);
/* What (dir, path) is, as proc_look() says; but for PROC_KERNEL its plain name is in buf. */
int proc_find(int dir, const char *path, bool follow, char buf[PROC_PATH_MAX]);
/* A descriptor that stands for the folder `path`: an empty folder without a name. -1 with errno. */
int proc_folder_open(const char *path, bool cloexec);
/* Is fd one of those? Then its folder's name is in buf. */
bool proc_folder_of(int fd, char buf[PROC_PATH_MAX]);
