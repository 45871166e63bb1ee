/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the program skiff share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Exit statuses of own verbs; a tool's are its own. */
enum skiff_status {
	SKIFF_OK = 0,
	SKIFF_REFUSED = 1,   /* skiffd, or a line of the file, said no */
	SKIFF_USAGE = 2,     /* the words are wrong */
	SKIFF_NO_DAEMON = 3, /* no skiffd to talk to */
};

struct options {
	const char *socket; /* -s, or NULL */
	bool json;
};

/* One command line, own verb or tool. In the shell (`shell`) tools run as children. */
int skiff_command(const struct options *o, unsigned int argc, char *const *argv, bool shell);
/* `load [--check] FILE`. */
int skiff_load(const struct options *o, const char *file, bool check);
/* The interactive shell. */
int skiff_shell(const struct options *o);
