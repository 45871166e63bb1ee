/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looks up words in the table of own verbs. Used by skiffd to dispatch, by the loader to tell own
 * lines from those of Linux's tools, by skiff for help and completion.
 */
#include "verbs.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <skiff/abi.h>

static const struct verb table[VERB_COUNT] = {
#define VERB(id, words, args, flags, text) [VERB_##id] = {VERB_##id, words, args, flags, text},
#include "verbs.def"
#undef VERB
};

const struct verb *verb_by_id(enum verb_id id)
{
	return &table[id];
}

int verb_wrong(struct verb_error *e, uint32_t word, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	e->word = word;
	return -EINVAL;
}

/* Does `words` have `word` as its i-th? 1 yes, 0 no, -1 it has no i-th. */
static int nth_is(const char *words, unsigned int i, const char *word)
{
	size_t len;

	for (; i > 0; i--) {
		words = strchr(words, ' ');
		if (words == NULL)
			return -1;
		words++;
	}
	len = strcspn(words, " ");
	return strlen(word) == len && memcmp(words, word, len) == 0;
}

/* Copies the i-th of `words`, or returns false. */
static bool nth(const char *words, unsigned int i, char *buf, size_t size)
{
	for (; i > 0; i--) {
		words = strchr(words, ' ');
		if (words == NULL)
			return false;
		words++;
	}
	snprintf(buf, size, "%.*s", (int)strcspn(words, " "), words);
	return true;
}

static bool has_prefix(const struct verb *v, unsigned int n, char *const *argv)
{
	for (unsigned int i = 0; i < n; i++)
		if (nth_is(v->words, i, argv[i]) != 1)
			return false;
	return true;
}

bool verb_is_own(const char *word)
{
	for (unsigned int i = 0; i < VERB_COUNT; i++)
		if (nth_is(table[i].words, 0, word) == 1)
			return true;
	return false;
}

struct list {
	char *buf;
	size_t size, len;
};

static void list_add(void *arg, const char *word)
{
	struct list *l = arg;
	int n = snprintf(l->buf + l->len, l->size - l->len, "%s%s", l->len ? ", " : "", word);

	if (n > 0 && (size_t)n < l->size - l->len)
		l->len += (size_t)n;
}

/* Every distinct i-th word of the shown verbs that begin with argv[0..i) and have `start`. */
static void each_nth(unsigned int i, char *const *argv, const char *start, verb_word_fn *fn,
	void *arg)
{
	char word[32], seen[32] = "";

	for (unsigned int v = 0; v < VERB_COUNT; v++) {
		if ((table[v].flags & (VERB_HIDDEN | VERB_NOT_YET)) || !has_prefix(&table[v], i, argv) ||
			!nth(table[v].words, i, word, sizeof(word)))
			continue;
		if (strcmp(word, seen) == 0 || strncmp(word, start, strlen(start)) != 0)
			continue;
		snprintf(seen, sizeof(seen), "%s", word);
		fn(arg, word);
	}
}

const struct verb *verb_find(unsigned int argc, char *const *argv, unsigned int *used,
	struct verb_error *e)
{
	char names[256] = "";
	struct list l = {.buf = names, .size = sizeof(names)};
	unsigned int good = 0;

	for (unsigned int v = 0; v < VERB_COUNT; v++) {
		unsigned int i = 0;

		while (i < argc && nth_is(table[v].words, i, argv[i]) == 1)
			i++;
		if (i > 0 && nth_is(table[v].words, i, "") < 0) {
			*used = i;
			return &table[v];
		}
		if (i > good)
			good = i;
	}
	each_nth(good, argv, "", list_add, &l);
	if (good == argc)
		verb_wrong(e, SKIFF_NO_WORD, "the command is not complete; next comes one of: %s",
			names);
	else
		verb_wrong(e, good, "'%s' is not known here; one of: %s", argv[good], names);
	return NULL;
}

void verb_complete(unsigned int argc, char *const *argv, verb_word_fn *fn, void *arg)
{
	if (argc > 0)
		each_nth(argc - 1, argv, argv[argc - 1], fn, arg);
}

unsigned int verb_help(FILE *out, const char *words)
{
	size_t len = words == NULL ? 0 : strlen(words);
	unsigned int n = 0;

	for (unsigned int v = 0; v < VERB_COUNT; v++) {
		const struct verb *t = &table[v];

		if (t->flags & (VERB_HIDDEN | VERB_NOT_YET) || strncmp(t->words, words ? words : "", len))
			continue;
		fprintf(out, "  %s%s%s\n        %s\n", t->words, t->args[0] ? " " : "", t->args, t->text);
		n++;
	}
	return n;
}
