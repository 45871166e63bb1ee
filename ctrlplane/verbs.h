/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of skiff's own verbs, from verbs.def: finding, help, completion. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum verb_flags {
	VERB_FILE = 1 << 0,
	VERB_FIRST = 1 << 1,
	VERB_ADMIN = 1 << 2,
	VERB_CLIENT = 1 << 3,
	VERB_NOT_YET = 1 << 4,
	VERB_HIDDEN = 1 << 5, /* of the protocol between skiff and skiffd, not for people */
};

enum verb_id {
#define VERB(id, words, args, flags, text) VERB_##id,
#include "verbs.def"
#undef VERB
	VERB_COUNT,
};

struct verb {
	enum verb_id id;
	const char *words; /* "port add" */
	const char *args;  /* "NAME DRIVER [OPTION VALUE]..." */
	unsigned int flags;
	const char *text;
};

/* A sentence and the word (index) that it is about. */
struct verb_error {
	uint32_t word; /* SKIFF_NO_WORD: the end, something is missing */
	char text[512];
};

const struct verb *verb_by_id(enum verb_id id);
/* Does a family of own verbs begin with this word ("port", "show", ...)? Else it is a tool's. */
bool verb_is_own(const char *word);
/* The verb that the words begin with, *used of them; NULL with *e. */
const struct verb *verb_find(unsigned int argc, char *const *argv, unsigned int *used,
	struct verb_error *e);
/* Sets the sentence, returns -EINVAL. */
int verb_wrong(struct verb_error *e, uint32_t word, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What may follow argc - 1 whole words and the beginning argv[argc - 1], each once to `fn`. */
typedef void verb_word_fn(void *arg, const char *word);
void verb_complete(unsigned int argc, char *const *argv, verb_word_fn *fn, void *arg);
/* The list of verbs; of those that begin with `words` (NULL: all). Returns how many. */
unsigned int verb_help(FILE *out, const char *words);
