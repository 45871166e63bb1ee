/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One line of a configuration file, or of the interactive shell, into words. As in a shell: words
 * are separated by blanks, `#` at the start of a word begins a comment, '...' keeps all, "..." all
 * but \" and \\, a backslash the next character. Pure; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <skiff/abi.h>

struct word {
	char *text;      /* NUL-ended, in words.buf */
	uint32_t column; /* of its first character in the line, from 1 */
};

struct words {
	unsigned int n;
	struct word w[SKIFF_ARGV_MAX];
	char *buf;
};

struct words_error {
	uint32_t column;
	const char *text; /* what is wrong; what would be right */
};

/* 0 (also for an empty line: n is 0), -EINVAL with *e, -E2BIG with *e, -ENOMEM. */
int words_split(struct words *out, const char *line, size_t len, struct words_error *e);
void words_free(struct words *w);
/* The texts alone, NULL-ended: argv has room for SKIFF_ARGV_MAX + 1. */
void words_argv(const struct words *w, char **argv);
/* Writes `word` so that words_split reads it back as one word; returns the length, as snprintf. */
int words_quote(char *buf, size_t size, const char *word);
