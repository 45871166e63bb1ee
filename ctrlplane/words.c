/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines into words, with the column of each for error messages. Called by the loader and the
 * interactive shell (skiff/) and by skiffd for the `system` lines it needs before it starts.
 */
#include "words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *line;
	size_t len, pos;
	char *out;
	struct words_error *e;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int bad(struct reader *r, size_t pos, const char *text)
{
	r->e->column = (uint32_t)pos + 1;
	r->e->text = text;
	return -EINVAL;
}

/* At an opening quote: copies up to the closing one. */
static int quoted(struct reader *r)
{
	size_t start = r->pos;
	char quote = r->line[r->pos++];

	while (r->pos < r->len && r->line[r->pos] != quote) {
		char c = r->line[r->pos++];

		if (quote == '"' && c == '\\' && r->pos < r->len &&
			(r->line[r->pos] == '"' || r->line[r->pos] == '\\'))
			c = r->line[r->pos++];
		*r->out++ = c;
	}
	if (r->pos == r->len)
		return bad(r, start, "the quote is not closed; end it on the same line");
	r->pos++;
	return 0;
}

static int one_word(struct reader *r)
{
	int err = 0;

	while (err == 0 && r->pos < r->len && !blank(r->line[r->pos])) {
		char c = r->line[r->pos];

		if (c == '\0')
			return bad(r, r->pos, "a NUL byte; this is not a text file");
		if (c == '\'' || c == '"') {
			err = quoted(r);
			continue;
		}
		if (c == '\\') {
			if (++r->pos == r->len)
				return bad(r, r->pos - 1, "a backslash at the end of the line; "
							  "write one command on one line");
			c = r->line[r->pos];
		}
		*r->out++ = c;
		r->pos++;
	}
	*r->out++ = '\0';
	return err;
}

int words_split(struct words *out, const char *line, size_t len, struct words_error *e)
{
	struct reader r = {.line = line, .len = len, .e = e};

	out->n = 0;
	out->buf = malloc(2 * len + 2); /* each word is shorter than its source, and a NUL */
	if (out->buf == NULL)
		return -ENOMEM;
	r.out = out->buf;
	for (;;) {
		while (r.pos < len && blank(line[r.pos]))
			r.pos++;
		if (r.pos == len || line[r.pos] == '#')
			return 0;
		if (out->n == SKIFF_ARGV_MAX) {
			bad(&r, r.pos, "more words than a command takes");
			words_free(out);
			return -E2BIG;
		}
		out->w[out->n++] = (struct word){.text = r.out, .column = (uint32_t)r.pos + 1};
		int err = one_word(&r);
		if (err < 0) {
			words_free(out);
			return err;
		}
	}
}

void words_free(struct words *w)
{
	free(w->buf);
	w->buf = NULL;
	w->n = 0;
}

void words_argv(const struct words *w, char **argv)
{
	for (unsigned int i = 0; i < w->n; i++)
		argv[i] = w->w[i].text;
	argv[w->n] = NULL;
}

int words_quote(char *buf, size_t size, const char *word)
{
	size_t n = 0;

	if (word[0] != '\0' && word[0] != '#' && strpbrk(word, " \t\r\n'\"\\") == NULL)
		return snprintf(buf, size, "%s", word);
#define PUT(c)                                                                                     \
	do {                                                                                       \
		if (n + 1 < size)                                                                  \
			buf[n] = (c);                                                              \
		n++;                                                                               \
	} while (0)
	PUT('"');
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			PUT('\\');
		PUT(*word);
	}
	PUT('"');
#undef PUT
	if (size > 0)
		buf[n < size ? n : size - 1] = '\0';
	return (int)n;
}
