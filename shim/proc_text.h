/* SPDX-License-Identifier: BSD-3-Clause */
/* The texts of /proc/net and /sys/class/net as they would be if the kernel's stack were skiff. */
#pragma once

#include <stdio.h>

/*
 * Is `path` one that skiff answers for? 1: *out is a memfd with its text, at the start; 0: no, ask
 * the kernel; -1: yes, but it does not exist (errno). `writing`: opened to be changed: refused.
 */
int proc_open(const char *path, _Bool writing, int *out);
