/* SPDX-License-Identifier: BSD-3-Clause */
/* A child with text to read on its stdin, what it says on stderr kept. */
#pragma once

#include <stddef.h>

struct feed {
	char **argv;      /* NULL-ended */
	char **env;       /* NULL: ours */
	/* The next piece of stdin into buf, its length; 0: the end. */
	size_t (*more)(void *arg, char *buf, size_t size);
	void *arg;
	char *said;       /* stderr, NUL-ended, to be freed; the first 64 KB of it */
	size_t said_len;
};

#define FEED_SIGNAL 256

/* Runs it to its end: its exit status, FEED_SIGNAL + signal, or -errno when it could not be run. */
int feed_run(struct feed *f);
