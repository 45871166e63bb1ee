/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /proc/sys/net as skiff's settings: the keys that its verb `sysctl` has, and no others. Paths are
 * plain (proc_path.h). Settings outside of net are the kernel's.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "proc_tree.h"

bool proc_sys_is(const char *path);
/* PROC_FILE, PROC_FOLDER, or -1. */
int proc_sys_look(const char *path);
int proc_sys_text(const char *path, FILE *f);
int proc_sys_list(const char *path, struct proc_name **names);

/* To be written: a descriptor, or a stream. What is written is set at once. -1, NULL: errno. */
int proc_sys_writer(const char *path);
FILE *proc_sys_stream(const char *path);

/* Sets what has been written behind our back. 0, or -1 with errno: a value was refused. */
int proc_sys_flush_all(void);
extern _Atomic int proc_sys_writers;

static inline int proc_sys_flush(void)
{
	return __builtin_expect(proc_sys_writers != 0, 0) ? proc_sys_flush_all() : 0;
}
