/* SPDX-License-Identifier: BSD-3-Clause */
/* Linux's tools on skiff: the distribution's binaries, started by skiff-run. */
#pragma once

#include <sys/types.h>

/* Where skiff-run is: beside this program, in the build folder, or by $PATH. In a static buffer. */
const char *tools_runner(void);

/*
 * The command line `skiff-run -s SOCKET words...`, NULL-ended, to be freed; json: the tool's own
 * switch for JSON is put in where it has one. NULL: no memory.
 */
char **tools_argv(const char *socket, int json, unsigned int argc, char *const *argv);

/* Becomes the tool. Returns only on failure, the exit status, having said why. */
int tools_exec(const char *socket, int json, unsigned int argc, char *const *argv);

/* Runs it and waits; its exit status, 128 + the signal that ended it. */
int tools_run(const char *socket, int json, unsigned int argc, char *const *argv);
